"""What an ask is decided from: read and locked in one transaction, true until it ends."""

from uuid import UUID

import msgspec

from agentpay.agents.tools import ToolContext
from agentpay.catalog import repository as catalog
from agentpay.catalog.repository import CatalogProduct
from agentpay.conversations.append import Appender
from agentpay.conversations.shown import shown_ids
from agentpay.db.transaction import Row, Tx
from agentpay.offers import budget, lifecycle, repository
from agentpay.offers.history import history_of
from agentpay.offers.lifecycle import cause_of
from agentpay.offers.negotiable import Negotiable
from agentpay.offers.negotiation import Facts, History


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to decide and to write an offer. `held`: the row of the price that the visitor holds here."""

    ctx: ToolContext
    conversation: Row
    product: CatalogProduct
    sold: Negotiable
    facts: Facts
    history: History
    held: Row | None
    scopes: dict[str, str]
    budgets: tuple[budget.Budget, ...]
    budget_left: int | None
    """What may be conceded once `held` has made room; None = no budgets."""


async def find_shown(tx: Tx, *, ctx: ToolContext, product_id: UUID) -> CatalogProduct | None:
    """Only what this conversation was shown, and what is on sale now."""
    if product_id not in await shown_ids(tx, conversation_id=ctx.conversation_id):
        return None
    product = await catalog.find_product(tx, organization_id=ctx.organization_id, product_id=product_id)
    if product is None or not product.is_sellable or product.stock_level == "out_of_stock":
        return None
    return product


async def look(
    tx: Tx, appender: Appender, *, ctx: ToolContext, conversation: Row, product: CatalogProduct, sold: Negotiable
) -> Scene:
    """Everything that the decision reads, true until the transaction ends.

    Locks, in order: the visitor and his address, the offers of the product here, the counters of the budgets. What ran
    out, or was for another price, is ended on the way.
    """
    visitor_keys = sorted({ctx.visitor_key, f"session:{conversation['session_id']}"})
    places = [f"address:{ctx.address}"] if ctx.address else []
    await repository.lock_visitor(tx, organization_id=ctx.organization_id, keys=[*visitor_keys, *places])
    organization = await tx.one(
        "select default_currency, budgets from organizations where id = %(id)s", {"id": ctx.organization_id}
    )
    assert organization is not None
    over, held = await _lock_offers(tx, ctx=ctx, product_id=product.product_id, sold=sold)
    scopes = budget.scopes_of(
        organization_id=ctx.organization_id,
        conversation_id=ctx.conversation_id,
        agent_id=ctx.agent_id,
        visitor_key=ctx.visitor_key,
    )
    budgets = budget.budgets_of(organization["budgets"])
    left = await budget.lock_room(
        tx,
        organization_id=ctx.organization_id,
        kind="discount",
        currency=sold.currency,
        scopes=scopes,
        budgets=budgets,
        beside=[cause_of(row["id"]) for row in (*over, *([held] if held else []))],
    )
    for row in over:
        await _end(tx, appender, conversation=conversation, offer=row)
    circumstances, history = await _look_back(
        tx, ctx=ctx, product_id=product.product_id, sold=sold, visitor_keys=visitor_keys
    )
    return Scene(
        ctx=ctx,
        conversation=conversation,
        product=product,
        sold=sold,
        held=held,
        facts=Facts(
            product_id=product.product_id,
            list_amount=sold.list_amount,
            currency=sold.currency,
            default_currency=organization["default_currency"],
            kind=sold.kind,
            is_first_purchase=ctx.is_proven_customer and not circumstances["has_bought"],
            hesitation_signals=ctx.hesitation_signals,
        ),
        history=history,
        scopes=scopes,
        budgets=budgets,
        budget_left=left,
    )


async def _lock_offers(tx: Tx, *, ctx: ToolContext, product_id: UUID, sold: Negotiable) -> tuple[list[Row], Row | None]:
    """Those that are over, and the open one that the visitor holds."""
    rows = await repository.lock_of_product(
        tx, conversation_id=ctx.conversation_id, product_id=product_id, statuses=("pending_approval", "open")
    )
    over = [row for row in rows if row["is_overdue"] or not _is_for(row, sold)]
    held = next((row for row in rows if row["status"] == "open" and row not in over), None)
    return over, held


async def _look_back(
    tx: Tx, *, ctx: ToolContext, product_id: UUID, sold: Negotiable, visitor_keys: list[str]
) -> tuple[Row, History]:
    circumstances = await repository.get_circumstances(
        tx,
        organization_id=ctx.organization_id,
        conversation_id=ctx.conversation_id,
        product_id=product_id,
        visitor_keys=visitor_keys,
        address=ctx.address,
        customer_id=ctx.customer_id,
        external_customer_id=ctx.external_customer_id,
    )
    rows = await repository.list_history(
        tx,
        organization_id=ctx.organization_id,
        conversation_id=ctx.conversation_id,
        product_id=product_id,
        visitor_keys=visitor_keys,
    )
    history = history_of(
        rows,
        conversation_id=ctx.conversation_id,
        price_id=sold.price_id,
        currency=sold.currency,
        circumstances=circumstances,
    )
    return circumstances, history


def _is_for(offer: Row, sold: Negotiable) -> bool:
    """Whether it was made for the price of now."""
    was = (offer["price_id"], offer["currency"], offer["list_amount"])
    return was == (sold.price_id, sold.currency, sold.list_amount)


async def _end(tx: Tx, appender: Appender, *, conversation: Row, offer: Row) -> None:
    if offer["is_overdue"]:
        await lifecycle.expire(tx, appender, conversation=conversation, offer=offer)
    else:
        await lifecycle.void(tx, appender, conversation=conversation, offer=offer, reason="price_changed")
