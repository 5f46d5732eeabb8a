"""What a turn reads before it answers: the conversation as stored, in a few bounded queries."""

from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog import cards
from agentpay.catalog import repository as catalog
from agentpay.catalog.repository import CatalogProduct
from agentpay.conversations import shown
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.errors import NotFound
from agentpay.kit.money import format_amount
from agentpay.llm.types import CheckoutFact, Language, OfferFact, OrderFact, ProductFact, ToolCall, ToolResult
from agentpay.turns.hold import RunningTurn

MESSAGES_MAX = 80
EARLIER_CALLS_MAX = 40
SHOWN_MAX = 8
OFFERS_MAX = 4
CHECKOUTS_MAX = 4
ORDERS_MAX = 4


# Most conversations have no deals yet: whether there are any is asked with the rest.
_CONVERSATION = """
select c.*, o.name as organization_name, o.default_currency, o.budgets, o.allowed_origins,
  h.created_at as asked_at, h.taken_at, h.staff_name, h.reason,
  (exists (select 1 from offers where conversation_id = c.id)
    or exists (select 1 from checkouts where conversation_id = c.id)
    or exists (select 1 from orders where conversation_id = c.id)) as has_deals
from conversations c join organizations o on o.id = c.organization_id
left join handoffs h on h.conversation_id = c.id and h.released_at is null
where c.id = %(conversation_id)s and c.organization_id = %(organization_id)s
"""


class StepDone(msgspec.Struct, frozen=True):
    """One answered question of a turn: what was said and called, and what the calls came to so far, in order."""

    said: str
    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...] = ()
    malformed: frozenset[str] = frozenset()
    """Ids of calls that cannot run: their arguments were none."""

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        """Tools run in order, so the calls without a result are the last ones."""
        return self.calls[len(self.results) :]


class Facts(msgspec.Struct, frozen=True):
    """One consistent-enough view; the stored log is what counts, live state is checked again by each tool."""

    conversation: Row
    organization_name: str
    default_currency: str
    messages: tuple[Row, ...]
    """Oldest first, up to the turn's last message."""
    shown: tuple[CatalogProduct, ...]
    page_product: CatalogProduct | None
    offers: tuple[Row, ...]
    checkouts: tuple[Row, ...]
    orders: tuple[Row, ...]
    products: dict[UUID, CatalogProduct]
    steps: tuple[StepDone, ...]
    """Of this turn, as stored: after a takeover the turn goes on behind them."""
    agent_id: UUID | None
    script: dict[str, Any]
    """Who answers this turn, and from what, as an earlier attempt noted."""

    asked: tuple[Row, ...]
    """The visitor's messages that this turn answers."""
    previous: Row | None
    """The reply before them."""


async def read(db: Database, *, turn: RunningTurn) -> Facts:
    """Everything the turn answers from. Raises NotFound when the conversation was erased meanwhile."""
    conversation = await db.one(_CONVERSATION, _ids(turn))
    if conversation is None:
        raise NotFound
    messages = await messages_up_to(db, conversation_id=turn.conversation_id, sequence=turn.up_to_sequence)
    offers, checkouts, orders = await _records(db, turn) if conversation.pop("has_deals") else ([], [], [])
    is_shown = conversation["product_shown_at"] is not None
    shown_ids = await shown.shown_ids(db, conversation_id=turn.conversation_id) if is_shown else []
    shown_ids = shown_ids[:SHOWN_MAX]
    page_id = page_product_id(conversation["context"])
    wanted = [*shown_ids, *([page_id] if page_id else [])]
    wanted += [row["product_id"] for row in (*offers, *checkouts, *orders) if row["product_id"]]
    products = await _products(db, turn, list(dict.fromkeys(wanted)))
    steps = await _steps(db, turn)
    noted = await db.one("select agent_id, brief from turns where id = %(id)s", {"id": turn.id}) if steps else None
    asked = [row for row in messages if row["role"] == "user" and row["sequence"] > turn.after_sequence]
    first = asked[0]["sequence"] if asked else turn.up_to_sequence
    return Facts(
        conversation=conversation,
        organization_name=conversation["organization_name"],
        default_currency=conversation["default_currency"],
        messages=tuple(messages),
        shown=tuple(products[shown_id] for shown_id in shown_ids if shown_id in products),
        page_product=products.get(page_id) if page_id else None,
        offers=tuple(offers),
        checkouts=tuple(checkouts),
        orders=tuple(orders),
        products=products,
        steps=steps,
        agent_id=noted["agent_id"] if noted else None,
        script=noted["brief"] if noted else {},
        asked=tuple(asked),
        previous=next((row for row in reversed(messages) if row["role"] == "agent" and row["sequence"] < first), None),
    )


async def messages_up_to(db: Database, *, conversation_id: UUID, sequence: int) -> list[Row]:
    """The last `MESSAGES_MAX` up to this one, oldest first."""
    rows = await db.all(
        f"""select id, sequence, role, content, action, attachments, author_name,
          tool_calls <> '[]'::jsonb as has_calls from messages
        where conversation_id = %(conversation_id)s and deleted_at is null and sequence <= %(up_to)s
        order by sequence desc limit {MESSAGES_MAX}""",
        {"conversation_id": conversation_id, "up_to": sequence},
    )
    return rows[::-1]


async def _records(db: Database, turn: RunningTurn) -> tuple[list[Row], list[Row], list[Row]]:
    offers = await db.all(
        f"""select id, product_id, status, amount, list_amount, currency, expires_at from offers
        where conversation_id = %(conversation_id)s and organization_id = %(organization_id)s
        order by id desc limit {OFFERS_MAX}""",
        _ids(turn),
    )
    checkouts = await db.all(
        f"""select id, product_id, offer_id, status, reason, amount, currency from checkouts
        where conversation_id = %(conversation_id)s and organization_id = %(organization_id)s
        order by id desc limit {CHECKOUTS_MAX}""",
        _ids(turn),
    )
    orders = await db.all(
        f"""select polar_order_id, product_id, status, subtotal_amount - discount_amount as amount, currency,
          polar_created_at from orders
        where conversation_id = %(conversation_id)s and organization_id = %(organization_id)s and is_paid
        order by id desc limit {ORDERS_MAX}""",
        _ids(turn),
    )
    return offers, checkouts, orders


async def _products(db: Database, turn: RunningTurn, ids: list[UUID]) -> dict[UUID, CatalogProduct]:
    if not ids:
        return {}
    found = await catalog.products_by_ids(db, organization_id=turn.organization_id, product_ids=ids)
    return {product.product_id: product for product in found}


async def _steps(db: Database, turn: RunningTurn) -> tuple[StepDone, ...]:
    """A first attempt has no steps yet; a later one goes on behind the stored ones."""
    if turn.attempt == 1:
        return ()
    rows = await db.all("select reply, results from turn_steps where turn_id = %(id)s order by step", {"id": turn.id})
    return tuple(step_of(row["reply"], row["results"]) for row in rows)


def step_of(reply: dict[str, Any], results: dict[str, Any]) -> StepDone:
    """A stored step."""
    calls = msgspec.convert(reply.get("tool_calls", ()), tuple[ToolCall, ...])
    done = tuple(msgspec.convert(results[call.id], ToolResult) for call in calls if call.id in results)
    malformed = frozenset(call["id"] for call in reply.get("malformed_calls", ()))
    return StepDone(reply.get("text", ""), calls, done, malformed)


async def earlier_results(db: Database, *, turn: RunningTurn, known: Facts) -> list[ToolResult]:
    """What tools told in the conversation's earlier turns: their facts may be named again."""
    if len(known.messages) < MESSAGES_MAX and not any(row["has_calls"] for row in known.messages):
        return []
    rows = await db.all(
        f"""select call from messages m cross join jsonb_array_elements(m.tool_calls) call
        where m.conversation_id = %(conversation_id)s and m.role = 'agent' and m.deleted_at is null
          and m.sequence <= %(up_to)s and jsonb_typeof(m.tool_calls) = 'array'
        order by m.sequence desc limit {EARLIER_CALLS_MAX}""",
        _ids(turn) | {"up_to": turn.up_to_sequence},
    )
    return [
        ToolResult(row["call"]["id"], row["call"]["name"], row["call"]["status"], row["call"].get("facts") or {})
        for row in rows
    ]


def page_product_id(context: dict[str, Any]) -> UUID | None:
    """`context.current_product_id`, when it is an id at all. The page says it, so it counts as shown by the page."""
    try:
        return UUID(str(context.get("current_product_id")))
    except ValueError:
        return None


def product_facts(
    products: tuple[CatalogProduct, ...], *, currency: str, language: Language
) -> tuple[ProductFact, ...]:
    sellable = (product for product in products if product.is_sellable)
    return tuple(cards.product_fact(product, currency=currency, language=language) for product in sellable)


def offer_facts(facts: Facts, *, language: Language) -> tuple[OfferFact, ...]:
    return tuple(
        OfferFact(
            offer_id=str(row["id"]),
            product_id=str(row["product_id"]),
            product_name=_name(facts, row),
            status=row["status"],
            amount=row["amount"],
            amount_text=format_amount(row["amount"], row["currency"], language=language),
            list_text=format_amount(row["list_amount"], row["currency"], language=language),
            currency=row["currency"],
            expires_at=row["expires_at"],
        )
        for row in facts.offers
    )


def checkout_facts(facts: Facts, *, language: Language) -> tuple[CheckoutFact, ...]:
    return tuple(
        CheckoutFact(
            checkout_id=str(row["id"]),
            product_id=str(row["product_id"]),
            product_name=_name(facts, row),
            status=row["status"],
            amount_text=format_amount(row["amount"], row["currency"], language=language),
            offer_id=str(row["offer_id"]) if row["offer_id"] else None,
            reason=row["reason"],
        )
        for row in facts.checkouts
    )


def order_facts(facts: Facts, *, language: Language) -> tuple[OrderFact, ...]:
    return tuple(
        OrderFact(
            order_id=str(row["polar_order_id"]),
            product_name=_name(facts, row),
            status=row["status"],
            amount_text=format_amount(row["amount"], row["currency"], language=language),
            created_at=row["polar_created_at"],
        )
        for row in facts.orders
    )


def _name(facts: Facts, row: Row) -> str:
    product = facts.products.get(row["product_id"])
    return product.name if product else ""


def _ids(turn: RunningTurn) -> dict[str, Any]:
    return {"conversation_id": turn.conversation_id, "organization_id": turn.organization_id}
