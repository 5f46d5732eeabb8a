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
    """Everything that the decision reads, true until the transaction ends."""
    visitor_keys = sorted({ctx.visitor_key, f"session:{conversation['session_id']}"})
    places = [f"address:{ctx.address}"] if ctx.address else []
    await repository.lock_visitor(tx, organization_id=ctx.organization_id, keys=[*visitor_keys, *places])
    held = await _lock_held(tx, appender, conversation=conversation, product=product, sold=sold)
    organization = await tx.one(
        "select default_currency, budgets from organizations where id = %(id)s", {"id": ctx.organization_id}
    )
    assert organization is not None
    circumstances = await repository.get_circumstances(
        tx,
        organization_id=ctx.organization_id,
        conversation_id=ctx.conversation_id,
        product_id=product.product_id,
        visitor_keys=visitor_keys,
        address=ctx.address,
        customer_id=ctx.customer_id,
        external_customer_id=ctx.external_customer_id,
    )
    rows = await repository.list_history(
        tx,
        organization_id=ctx.organization_id,
        conversation_id=ctx.conversation_id,
        product_id=product.product_id,
        visitor_keys=visitor_keys,
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
        history=history_of(
            rows,
            conversation_id=ctx.conversation_id,
            price_id=sold.price_id,
            currency=sold.currency,
            circumstances=circumstances,
        ),
        scopes=budget.scopes_of(
            organization_id=ctx.organization_id,
            conversation_id=ctx.conversation_id,
            agent_id=ctx.agent_id,
            visitor_key=ctx.visitor_key,
        ),
        budgets=budget.budgets_of(organization["budgets"]),
    )


async def _lock_held(
    tx: Tx, appender: Appender, *, conversation: Row, product: CatalogProduct, sold: Negotiable
) -> Row | None:
    """The open offer for the price of now. What ran out, or was for another price, is ended on the way."""
    held = None
    for row in await repository.lock_of_product(
        tx,
        conversation_id=conversation["id"],
        product_id=product.product_id,
        statuses=("pending_approval", "open"),
    ):
        if row["is_overdue"]:
            await lifecycle.expire(tx, appender, conversation=conversation, offer=row)
        elif (row["price_id"], row["currency"], row["list_amount"]) != (
            sold.price_id, sold.currency, sold.list_amount,
        ):  # fmt: skip
            await lifecycle.void(tx, appender, conversation=conversation, offer=row, reason="price_changed")
        elif row["status"] == "open":
            held = row
    return held


async def budget_left(tx: Tx, scene: Scene) -> int | None:
    """What may be conceded once the held offer has made room."""
    return await budget.lock_room(
        tx,
        organization_id=scene.ctx.organization_id,
        kind="discount",
        currency=scene.sold.currency,
        scopes=scene.scopes,
        budgets=scene.budgets,
        beside=[cause_of(scene.held["id"])] if scene.held else [],
    )
