"""Which tools an action may ask for. Pure; it binds every provider alike."""

from collections.abc import Mapping
from typing import Final

from agentpay.understanding.intents import Action, Intent

_READING: Final = frozenset(
    {"search_products", "show_product", "check_inventory", "quote_shipping", "search_knowledge"}
)
"""They change nothing and tell only what anybody may know: open in nearly every turn, since a message may ask twice."""

_PERSON: Final = frozenset({"request_human"})
_TOOLS: Final[Mapping[Action, frozenset[str]]] = {
    Action.GREET: _READING,
    Action.SEARCH_PRODUCTS: _READING,
    Action.SHOW_PRODUCT: _READING | _PERSON,
    Action.CLARIFY: _READING | _PERSON,
    Action.CALCULATE_OFFER: _READING | {"propose_price", "validate_discount_code"},
    Action.EXPLAIN_NO_DISCOUNT: _READING,
    Action.REQUEST_APPROVAL: _READING,
    Action.GENERATE_CHECKOUT: _READING | _PERSON | {"create_checkout", "validate_discount_code"},
    Action.ANSWER_FROM_KNOWLEDGE: _READING | _PERSON,
    Action.CHECK_ORDER: _PERSON | {"check_order", "search_knowledge"},
    Action.QUOTE_SHIPPING: _READING | _PERSON,
    Action.CHECK_INVENTORY: _READING,
    Action.ESCALATE: _PERSON,
    Action.REPLY: _READING | _PERSON,
}


_BUYING: Final = _READING | _PERSON | {"propose_price", "create_checkout", "validate_discount_code"}
_PRICING: Final = _READING | _PERSON | {"propose_price", "validate_discount_code"}
_ORDERS: Final = _READING | _PERSON | {"check_order"}
_BY_INTENT: Final[Mapping[Intent, frozenset[str]]] = {
    Intent.PURCHASE_INTENT: _BUYING,
    Intent.CHECKOUT_READY: _BUYING,
    Intent.PRICE_NEGOTIATION: _PRICING,
    Intent.HESITATION: _PRICING,
    Intent.ORDER_STATUS: _ORDERS,
    Intent.REFUND_REQUEST: _ORDERS,
    Intent.PAYMENT_ISSUE: _ORDERS,
    Intent.PAYMENT_CONFIRMATION: _ORDERS,
}


def tools_for(intent: Intent) -> frozenset[str]:
    """The names that a model may need for what the visitor wants, beside those of the action."""
    return _BY_INTENT.get(intent, _READING | _PERSON)


def tools_of(action: Action) -> frozenset[str]:
    """The names that an action opens, where the agent's configuration opens them too."""
    return _TOOLS[action]
