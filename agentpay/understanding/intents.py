"""The wire vocabulary of the understanding layer. Values never change meaning: they are stored and logged."""

from enum import StrEnum


class Intent(StrEnum):
    """What the visitor wants the agent to do next; a message has exactly one."""

    GREETING = "greeting"
    PRODUCT_QUERY = "product_query"
    PURCHASE_INTENT = "purchase_intent"
    PRICE_NEGOTIATION = "price_negotiation"
    HESITATION = "hesitation"
    CHECKOUT_READY = "checkout_ready"
    PAYMENT_QUERY = "payment_query"
    PAYMENT_CONFIRMATION = "payment_confirmation"
    PAYMENT_ISSUE = "payment_issue"
    ORDER_STATUS = "order_status"
    REFUND_REQUEST = "refund_request"
    RETURN_REQUEST = "return_request"
    SHIPPING_QUESTION = "shipping_question"
    SUPPORT_REQUEST = "support_request"
    HUMAN_REQUEST = "human_request"
    GENERAL_QUESTION = "general_question"


class Action(StrEnum):
    """What the agent chose to do in a turn."""

    GREET = "greet"
    SEARCH_PRODUCTS = "search_products"
    SHOW_PRODUCT = "show_product"
    CLARIFY = "clarify"
    CALCULATE_OFFER = "calculate_offer"
    EXPLAIN_NO_DISCOUNT = "explain_no_discount"
    REQUEST_APPROVAL = "request_approval"
    GENERATE_CHECKOUT = "generate_checkout"
    ANSWER_FROM_KNOWLEDGE = "answer_from_knowledge"
    CHECK_ORDER = "check_order"
    QUOTE_SHIPPING = "quote_shipping"
    CHECK_INVENTORY = "check_inventory"
    ESCALATE = "escalate"
    REPLY = "reply"


class AgentType(StrEnum):
    """Which kind of configured agent answers."""

    SALES = "sales"
    SUPPORT = "support"
    PAYMENT = "payment"


_TYPE_BY_INTENT = {
    Intent.ORDER_STATUS: AgentType.PAYMENT,
    Intent.REFUND_REQUEST: AgentType.PAYMENT,
    Intent.PAYMENT_ISSUE: AgentType.PAYMENT,
    Intent.PAYMENT_CONFIRMATION: AgentType.PAYMENT,
    Intent.SUPPORT_REQUEST: AgentType.SUPPORT,
    Intent.SHIPPING_QUESTION: AgentType.SUPPORT,
    Intent.RETURN_REQUEST: AgentType.SUPPORT,
    Intent.GENERAL_QUESTION: AgentType.SUPPORT,
}


def agent_type_for(intent: Intent) -> AgentType:
    """The type that should answer; an organization with only one agent uses that one for everything."""
    return _TYPE_BY_INTENT.get(intent, AgentType.SALES)
