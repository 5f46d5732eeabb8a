"""What to answer once no tool is left to ask: what tools did comes first, else the action decides. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from agentpay.llm.template import facts, say_care, say_goods, say_price, say_purchase, say_talk
from agentpay.llm.template.scene import Scene
from agentpay.llm.template.voice import Draft

# A tool that acted must be told of, whatever the action was called; the weightiest first.
_TOLD: Final[tuple[tuple[str, Callable[[Scene], Draft]], ...]] = (
    ("create_checkout", say_purchase.say_checkout),
    ("request_human", say_care.say_handoff),
    ("propose_price", say_price.say_offer),
    ("validate_discount_code", say_price.say_coupon),
    ("check_order", say_care.say_orders),
    ("quote_shipping", say_care.say_shipping),
    ("check_inventory", say_goods.say_stock),
)
_BY_ACTION: Final[Mapping[str, Callable[[Scene], Draft]]] = {
    "greet": say_talk.say_greeting,
    "search_products": say_goods.say_products,
    "show_product": say_goods.say_product,
    "clarify": say_talk.say_clarification,
    "calculate_offer": say_price.say_no_offer,
    "explain_no_discount": say_price.say_no_discount,
    "request_approval": say_price.say_pending,
    "generate_checkout": say_purchase.say_no_checkout,
    "answer_from_knowledge": say_care.say_knowledge,
    "check_order": say_care.say_orders,
    "quote_shipping": say_care.say_shipping,
    "check_inventory": say_goods.say_stock,
    "escalate": say_care.say_handoff,
    "reply": say_talk.say_reply,
}

_TALK: Final = frozenset({"greet", "clarify", "reply"})
"""Actions that look nothing up: where a model did before it fell silent, what it found is told."""


def answer(scene: Scene) -> Draft:
    """The worded answer; there is one for every request."""
    for tool, saying in _TOLD:
        if facts.was_asked(scene.results, tool):
            return saying(scene)
    if scene.found and scene.brief.action in _TALK:
        return say_goods.say_products(scene)
    return _BY_ACTION.get(scene.brief.action, say_talk.say_reply)(scene)
