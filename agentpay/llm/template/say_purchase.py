"""Words about checkouts: ready, being prepared, not possible. The link is the server's card, never text; pure."""

from collections.abc import Mapping
from typing import Final

from agentpay.llm.template import facts, naming, plan, say_goods, say_price
from agentpay.llm.template.scene import Scene
from agentpay.llm.template.voice import Draft
from agentpay.llm.types import ToolResult

_REFUSALS: Final = {
    "unavailable": "product_gone",
    "payments_not_ready": "payments_not_ready",
    "offer_expired": "offer_over",
    "price_changed": "refused_price_changed",
    "approval_pending": "approval_waiting",
    "already_subscribed": "already_subscribed",
    "code_invalid": "code_invalid",
    "seats": "checkout_needs_seats",
    "details_needed": "checkout_needs_details",
}

_OPENING: Final = ("reply_open", "reply_not_yet")
_CLOSINGS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "product_gone": ("ask_show_others", ("reply_other",)),
    "offer_over": ("ask_open_checkout", _OPENING),
    "refused_price_changed": ("ask_open_checkout", _OPENING),
    "code_invalid": ("ask_without_code", _OPENING),
}
"""After these the talk goes on with a question of its own; after others a person may help."""


def say_checkout(scene: Scene) -> Draft:
    """What came of `create_checkout`."""
    voice, result = scene.voice, facts.find_result(scene.results, "create_checkout")
    if result is None:
        return say_no_checkout(scene)
    if result.status == "done" or facts.text_of(result.facts, "status") == "creating":
        return _opened(scene, result)
    reason = facts.reason_of(result)
    if result.status == "failed" or reason == "polar_down":
        return voice.draft(voice.say("checkout_failed"))
    if reason == "amount":
        return _ask_amount(scene)
    key = _REFUSALS.get(reason, "checkout_refused")
    told = "" if key in {"product_gone", "payments_not_ready"} else say_price.list_told(scene)
    if key in _CLOSINGS:
        closing, replies = _CLOSINGS[key]
        if key == "offer_over" and scene.focus is not None and scene.focus.negotiable:
            closing, replies = "ask_new_price", ("reply_better_price", "reply_open")
        return voice.draft(voice.say(key), told, voice.say(closing), replies=replies)
    if scene.can_ask_person:
        return voice.draft(voice.say(key), told, voice.say("offer_person"), replies=("reply_person",))
    return voice.draft(voice.say(key), told)


def say_no_checkout(scene: Scene) -> Draft:
    """A purchase was meant and no checkout was asked for."""
    voice, product = scene.voice, plan.find_purchase(scene)
    if product is None:
        return say_goods.ask_which(scene, scene.found or scene.brief.shown)
    if plan.wants_amount(scene, product):
        return _ask_amount(scene)
    if plan.wants_seats(scene, product):
        return voice.draft(say_goods.price_told(voice, product), voice.say("checkout_needs_seats"))
    return voice.draft(say_goods.price_told(voice, product), voice.say("buy_on_card"))


def _opened(scene: Scene, result: ToolResult) -> Draft:
    voice, told = scene.voice, result.facts
    product, amount = _name(scene, result), facts.text_of(told, "amount_text")
    status = facts.text_of(told, "status") or "open"
    if status == "creating":
        return voice.draft(voice.say("checkout_delayed" if product else "checkout_delayed_unnamed", product=product))
    if status in {"confirmed", "succeeded"}:
        return voice.draft(voice.say("payment_processing"))
    if facts.whole_of(told, "amount") == 0:
        ready = voice.say("checkout_ready_free", product=product) if product else voice.say("checkout_ready_plain")
        return voice.draft(ready, voice.say("press_button_free"))
    if product and amount:
        parts = [voice.say("checkout_ready", product=product, amount=amount)]
    else:
        parts = [voice.say("checkout_ready_plain")]
    parts += [say_goods.told_of_quantity(scene, plan.find_purchase(scene)), voice.say("press_button")]
    if voice.at_least("medium"):
        parts.append(voice.say("payment_is_secure"))
    if voice.at_least("detailed"):
        parts.append(voice.say("confirmation_here"))
    return voice.draft(*parts)


def _ask_amount(scene: Scene) -> Draft:
    voice, product = scene.voice, plan.find_purchase(scene)
    if product is None:
        return voice.draft(voice.say("ask_which_product"))
    return voice.draft(
        say_goods.price_told(voice, product), voice.say("ask_amount", product=say_goods.name_of(product))
    )


def _name(scene: Scene, result: ToolResult) -> str:
    product = plan.find_purchase(scene)
    name = facts.text_of(result.facts, "product_name") or (product.name if product else "")
    return naming.short_name(name)
