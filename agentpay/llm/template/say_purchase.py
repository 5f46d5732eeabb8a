"""Words about checkouts: ready, being prepared, not possible. The link is the server's card, never text; pure."""

from typing import Final

from agentpay.kit.text import shorten
from agentpay.llm.template import facts, plan, say_goods, say_price
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


def say_checkout(scene: Scene) -> Draft:
    """What came of `create_checkout`."""
    voice, result = scene.voice, facts.find_result(scene.results, "create_checkout")
    if result is None:
        return say_no_checkout(scene)
    if result.status == "done" or facts.text_of(result.facts, "status") == "creating":
        return _opened(scene, result)
    reason = facts.reason_of(result)
    if result.status == "failed" or reason == "polar_down":
        return voice.draft(voice.say("checkout_delayed_failed"), replies=())
    if reason == "amount":
        return _ask_amount(scene)
    told = "" if reason in {"unavailable", "payments_not_ready"} else say_price.list_told(scene)
    key = _REFUSALS.get(reason, "checkout_refused")
    closing = {
        "product_gone": "ask_show_others", "offer_over": "ask_new_price", "code_invalid": "ask_without_code",
        "refused_price_changed": "ask_open_checkout",
    }.get(key, "")  # fmt: skip
    person = voice.say("offer_person") if not closing and scene.can_ask_person else ""
    return voice.draft(
        voice.say(key), told, voice.say(closing) if closing else person, replies=("reply_person",) if person else ()
    )


def say_no_checkout(scene: Scene) -> Draft:
    """A purchase was meant and no checkout was asked for."""
    voice, product = scene.voice, plan.find_purchase(scene)
    if product is None:
        return say_goods.ask_which(scene, scene.found or scene.brief.shown)
    if plan.wants_amount(scene, product):
        return _ask_amount(scene)
    return voice.draft(say_goods.price_told(voice, product), voice.say("buy_on_card"))


def _opened(scene: Scene, result: ToolResult) -> Draft:
    voice, told = scene.voice, result.facts
    product, amount = _name(scene, result), facts.text_of(told, "amount_text")
    status = facts.text_of(told, "status") or "open"
    if status == "creating":
        return voice.draft(voice.say("checkout_delayed" if product else "checkout_delayed_unnamed", product=product))
    if status in {"confirmed", "succeeded"}:
        return voice.draft(voice.say("payment_processing"))
    if product and amount:
        parts = [voice.say("checkout_ready", product=product, amount=amount)]
    else:
        parts = [voice.say("checkout_ready_plain")]
    parts.append(voice.say("press_button"))
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
    return shorten(name, characters_max=say_goods.NAME_CHARACTERS_MAX)
