"""What the agent does in a turn, and which tools may be asked for it. Pure; it binds every provider alike.

The action follows from the intent, the words and what already stands in the conversation. Its tools are the only ones
that are open in the turn: whatever a model or a visitor says, a checkout can be asked for only where the visitor
accepted or asked to pay, a price only where it is about the price.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from agentpay.llm.template import naming, reading
from agentpay.llm.types import CheckoutFact, OfferFact, OrderFact, ProductFact, ToolCall, ToolResult
from agentpay.understanding.classify import CONFIDENCE_THRESHOLD
from agentpay.understanding.entities import Entities
from agentpay.understanding.intents import Action, AgentType, Intent

MISSES_MAX: Final = 2
"""Replies in a row that did not help, after which a person is offered."""

_LOOK: Final = frozenset({"search_products", "show_product"})
_ASK: Final = frozenset({"search_knowledge", "request_human"})
_TOOLS: Final[Mapping[Action, frozenset[str]]] = {
    Action.GREET: _LOOK,
    Action.SEARCH_PRODUCTS: _LOOK | {"check_inventory", "search_knowledge"},
    Action.SHOW_PRODUCT: _LOOK | {"check_inventory", "quote_shipping", "search_knowledge"},
    Action.CLARIFY: _LOOK | _ASK,
    Action.CALCULATE_OFFER: _LOOK | {"propose_price", "validate_discount_code"},
    Action.EXPLAIN_NO_DISCOUNT: _LOOK,
    Action.REQUEST_APPROVAL: _LOOK,
    Action.GENERATE_CHECKOUT: _LOOK | {"create_checkout", "validate_discount_code", "request_human"},
    Action.ANSWER_FROM_KNOWLEDGE: _LOOK | _ASK | {"quote_shipping", "check_inventory"},
    Action.CHECK_ORDER: _ASK | {"check_order"},
    Action.QUOTE_SHIPPING: _LOOK | _ASK | {"quote_shipping"},
    Action.CHECK_INVENTORY: _LOOK | {"check_inventory", "search_knowledge"},
    Action.ESCALATE: frozenset({"request_human"}),
    Action.REPLY: _LOOK | _ASK,
}

_ABOUT_ORDERS: Final = frozenset(
    {Intent.ORDER_STATUS, Intent.REFUND_REQUEST, Intent.PAYMENT_ISSUE, Intent.PAYMENT_CONFIRMATION}
)
_ABOUT_BUYING: Final = frozenset({Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY})
_FROM_KNOWLEDGE: Final = frozenset(
    {Intent.PAYMENT_QUERY, Intent.RETURN_REQUEST, Intent.SUPPORT_REQUEST, Intent.GENERAL_QUESTION}
)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn knows before it asks a provider. Offers and products as the visitor saw them, newest first.

    `offers` holds only those that still stand (`pending_approval`, `open`, `accepted`) and have time left.
    """

    intent: Intent
    confidence: float
    text: str
    entities: Entities = Entities()
    agent_type: AgentType = AgentType.SALES
    open_tools: frozenset[str] = frozenset()
    """What the agent's configuration opens (`agents.tools.open_tools`)."""
    previous_action: str | None = None
    previous_text: str | None = None
    focus: ProductFact | None = None
    shown: tuple[ProductFact, ...] = ()
    offers: tuple[OfferFact, ...] = ()
    checkouts: tuple[CheckoutFact, ...] = ()
    orders: tuple[OrderFact, ...] = ()
    handoff: str = "none"
    is_proven_customer: bool = False
    customer_message_count: int = 1
    misses: int = 0
    """Replies in a row, up to now, of which `missed` was true."""


class Decision(msgspec.Struct, frozen=True):
    """`tools`: the names open in this turn, sorted."""

    action: Action
    tools: tuple[str, ...]


def decide(situation: Situation) -> Decision:
    """The action of this turn and the tools that are open for it."""
    action = _action(situation)
    tools = _TOOLS[action] & situation.open_tools
    if situation.handoff != "none":
        tools -= {"request_human"}
    if situation.entities.coupon_code is None:
        tools -= {"validate_discount_code"}
    return Decision(action, tuple(sorted(tools)))


def is_stuck(situation: Situation) -> bool:
    """The last replies did not help and this message is not clear either: offer a person."""
    return situation.misses >= MISSES_MAX


def conclude(action: Action, results: Sequence[tuple[ToolCall, ToolResult]]) -> Action:
    """What the turn turned out to be, once its tools have spoken: this is stored and seen by the next message."""
    for call, result in reversed(results):
        if call.name == "propose_price":
            decision = result.facts.get("decision")
            if decision == "needs_approval":
                return Action.REQUEST_APPROVAL
            return Action.CALCULATE_OFFER if decision in {"granted", "countered"} else Action.EXPLAIN_NO_DISCOUNT
        if call.name == "create_checkout" and result.status == "done":
            return Action.GENERATE_CHECKOUT
        if call.name == "request_human" and result.status == "done":
            return Action.ESCALATE
    return action


def missed(action: Action, results: Sequence[tuple[ToolCall, ToolResult]]) -> bool:
    """Whether the reply left the visitor without an answer: a question back, or look-ups that found nothing."""
    if action is Action.CLARIFY:
        return True
    looked = [result for call, result in results if call.name in {"search_products", "search_knowledge"}]
    return bool(looked) and not any(result.facts.get("products") or result.facts.get("articles") for result in looked)


def _action(situation: Situation) -> Action:
    if situation.intent is Intent.HUMAN_REQUEST:
        return Action.ESCALATE
    answer = _short_answer(situation)
    if answer is not None:
        return answer
    unclear = situation.confidence < CONFIDENCE_THRESHOLD and situation.intent is Intent.GENERAL_QUESTION
    if is_stuck(situation) and unclear:
        return Action.CLARIFY
    if _says_nothing_to_do(situation):
        return Action.REPLY
    if situation.intent is Intent.GREETING:
        return Action.GREET
    if situation.intent in _ABOUT_ORDERS:
        return Action.CHECK_ORDER
    if situation.intent is Intent.SHIPPING_QUESTION:
        return _about_shipping(situation)
    if situation.intent in _FROM_KNOWLEDGE:
        return Action.ANSWER_FROM_KNOWLEDGE
    if situation.intent is Intent.HESITATION:
        return Action.REPLY
    if situation.intent is Intent.PRICE_NEGOTIATION:
        return _about_price(situation)
    if situation.intent in _ABOUT_BUYING:
        return _about_buying(situation)
    return _about_products(situation)


def _short_answer(situation: Situation) -> Action | None:
    """A bare yes or no, seen with the question before it."""
    asked = reading.find_asked(situation.previous_text)
    if reading.says_no(situation.text):
        return Action.REPLY
    if not reading.says_yes(situation.text):
        return None
    if asked == "person":
        return Action.ESCALATE
    if asked == "price" and situation.focus is not None:
        return _about_price(situation)
    offered = situation.previous_action in {Action.CALCULATE_OFFER, Action.GENERATE_CHECKOUT}
    if asked == "purchase" or (offered and asked is None):
        return _about_buying(situation)
    if asked == "details" and situation.focus is not None:
        return Action.SHOW_PRODUCT
    return None


def _says_nothing_to_do(situation: Situation) -> bool:
    return situation.intent is Intent.GENERAL_QUESTION and (
        reading.insults(situation.text)
        or reading.steers(situation.text)
        or reading.asks_identity(situation.text)
        or reading.asks_how_we_are(situation.text)
    )


def _about_products(situation: Situation) -> Action:
    focus, named = situation.focus, _named(situation)
    if named is None and (focus is None or reading.asks_catalogue(situation.text) or _names_something_new(situation)):
        compared = len(situation.shown) > 1 and reading.compares(situation.text)
        return Action.SHOW_PRODUCT if compared and not situation.entities.product else Action.SEARCH_PRODUCTS
    if reading.asks_stock(situation.text) and "check_inventory" in situation.open_tools:
        return Action.CHECK_INVENTORY
    return Action.SHOW_PRODUCT


def _about_price(situation: Situation) -> Action:
    focus, offer = situation.focus, _standing(situation)
    if situation.entities.coupon_code is not None and "validate_discount_code" in situation.open_tools:
        return Action.CALCULATE_OFFER
    if focus is None:
        return Action.SEARCH_PRODUCTS if situation.entities.product else Action.CLARIFY
    if focus.amount_type == "custom" and situation.entities.proposed_price is not None:
        return Action.GENERATE_CHECKOUT
    if offer is not None and offer.status == "pending_approval":
        return Action.REQUEST_APPROVAL
    if offer is not None and offer.status == "open" and _meets(situation, offer):
        return Action.GENERATE_CHECKOUT
    if not focus.negotiable or "propose_price" not in situation.open_tools:
        return Action.EXPLAIN_NO_DISCOUNT
    return Action.CALCULATE_OFFER


def _about_buying(situation: Situation) -> Action:
    focus, offer = situation.focus, _standing(situation)
    lower = situation.entities.proposed_price is not None and focus is not None and focus.amount_type != "custom"
    if lower and not (offer is not None and offer.status == "open" and _meets(situation, offer)):
        return _about_price(situation)
    if offer is not None and offer.status == "open":
        return Action.GENERATE_CHECKOUT
    if focus is None:
        return Action.SEARCH_PRODUCTS if situation.entities.product else Action.CLARIFY
    if situation.intent is Intent.PURCHASE_INTENT and not _price_was_told(situation, focus):
        return Action.SHOW_PRODUCT
    return Action.GENERATE_CHECKOUT


def _about_shipping(situation: Situation) -> Action:
    if situation.entities.country is not None and "quote_shipping" in situation.open_tools:
        return Action.QUOTE_SHIPPING
    return Action.ANSWER_FROM_KNOWLEDGE


def _standing(situation: Situation) -> OfferFact | None:
    """The offer of the product in focus; without a focus the newest."""
    focus = situation.focus
    return next((each for each in situation.offers if focus is None or each.product_id == focus.product_id), None)


def _meets(situation: Situation, offer: OfferFact) -> bool:
    """The visitor names the offered price or more: that is an acceptance, not a new wish."""
    price, currency = situation.entities.proposed_price, situation.entities.currency
    return price is not None and price >= offer.amount and currency in {None, offer.currency}


def _price_was_told(situation: Situation, product: ProductFact) -> bool:
    told = situation.previous_text or ""
    return product.name in told and bool(product.price_text) and product.price_text in told


def _named(situation: Situation) -> ProductFact | None:
    return naming.find_named(
        situation.text,
        situation.shown,
        product=situation.entities.product,
        previous_text=situation.previous_text,
    )


def _names_something_new(situation: Situation) -> bool:
    return situation.entities.product is not None and _named(situation) is None
