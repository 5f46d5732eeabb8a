"""Words about conceded prices and coupon codes. Every figure is a fact of the engine's; pure."""

from collections.abc import Mapping
from typing import Final

from agentpay.kit.text import shorten
from agentpay.llm.template import facts, naming, say_goods
from agentpay.llm.template.facts import Facts
from agentpay.llm.template.scene import Scene, entity
from agentpay.llm.template.voice import Draft, ended

REASONS_TOLD_MAX: Final = 4

_REFUSALS: Final = {
    "pay_what_you_want": "refused_you_choose",
    "free": "refused_free",
    "final": "refused_final",
    "nothing_asked": "refused_not_lower",
    "currency": "refused_not_negotiable",
    "not_negotiable": "refused_not_negotiable",
    "price_changed": "refused_price_changed",
    "unavailable": "product_gone",
}


def say_offer(scene: Scene) -> Draft:
    """What the engine decided."""
    result = facts.find_result(scene.results, "propose_price")
    if result is None:
        return say_no_offer(scene)
    decision = facts.text_of(result.facts, "decision")
    if result.status == "failed":
        return scene.voice.draft(scene.voice.say("price_engine_down"), list_told(scene))
    if decision == "needs_approval":
        return _asked_for_approval(scene, result.facts)
    if result.status == "done" and decision in {"granted", "countered"}:
        return _offered(scene, result.facts, decision)
    held = result.facts.get("standing_offer")
    return _refused(scene, facts.reason_of(result), held=held if isinstance(held, Mapping) else facts.NONE)


def say_no_offer(scene: Scene) -> Draft:
    """A price was asked for and the engine was not: no product is known, or it cannot be talked about."""
    if scene.focus is None:
        if scene.found:
            return say_goods.ask_which(scene, scene.found)
        return ask_which_price(scene)
    return say_no_discount(scene)


def ask_which_price(scene: Scene) -> Draft:
    voice, shown = scene.voice, scene.brief.shown
    if not shown:
        return voice.draft(voice.say("ask_which_for_price"), replies=("reply_show_all",))
    choice = shown[: say_goods.CHOICE_MAX]
    names = voice.join(map(say_goods.name_of, choice), word="or")
    return say_goods.with_names(voice, voice.draft(voice.say("ask_which_for_price_of", names=names)), choice)


def say_no_discount(scene: Scene) -> Draft:
    """Why the price stays, kindly, by the kind of product and never by a rule."""
    product = scene.focus
    if entity(scene.brief, "coupon_code"):
        return scene.voice.draft(
            scene.voice.say("code_invalid"), list_told(scene), replies=("reply_buy", "reply_other")
        )
    if product is None:
        return ask_which_price(scene)
    if say_goods.is_free(product):
        return _refused(scene, "free")
    if product.amount_type == "custom":
        return _refused(scene, "pay_what_you_want")
    if scene.standing is not None:
        return _standing(scene)
    return _refused(scene, "not_negotiable")


def say_pending(scene: Scene) -> Draft:
    """A price that waits for a person's word."""
    voice = scene.voice
    return voice.draft(voice.say("approval_waiting"), _meanwhile(scene), replies=("reply_wait", "reply_buy_now"))


def say_coupon(scene: Scene) -> Draft:
    voice, result = scene.voice, facts.find_result(scene.results, "validate_discount_code")
    if result is None or result.status == "failed":
        return voice.draft(voice.say("code_not_checked"), voice.say("try_again_soon"))
    code = shorten(facts.text_of(result.facts, "code"), characters_max=40)
    if result.status == "done" and result.facts.get("valid") is True and code:
        return _coupon_valid(scene, result.facts, code)
    told = voice.say("code_invalid") if not code else voice.say("code_invalid_named", code=code)
    if facts.reason_of(result) == "final":
        told = voice.say("code_tries_over")
    return voice.draft(told, list_told(scene), replies=("reply_buy", "reply_other"))


def list_told(scene: Scene) -> str:
    """The list price of the product in focus, as a sentence; "" without one."""
    return say_goods.price_told(scene.voice, scene.focus) if scene.focus is not None else ""


def _offered(scene: Scene, told: Facts, decision: str) -> Draft:
    voice = scene.voice
    amount, listed = facts.text_of(told, "amount_text"), facts.text_of(told, "list_text")
    product = _product_name(scene, told)
    if not amount:
        return voice.draft(voice.say("offer_on_card"), voice.say("how_to_accept"), replies=("reply_accept",))
    key = decision if product else f"{decision}_unnamed"
    price = voice.say("instead_of", amount=amount, list=listed) if listed else amount
    parts = [voice.say(key, product=product, price=price)]
    percent = facts.whole_of(told, "discount_percent")
    if percent and voice.at_least("medium"):
        parts.append(voice.say("percent_off", percent=str(percent)))
    reasons = _reasons(told) if voice.at_least("medium") else []
    parts.extend(reasons or _charge_terms(scene, told))
    if facts.whole_of(told, "applies_to_quantity") == 1:
        parts.append(voice.say("per_piece"))
    if told.get("is_final") is True:
        parts.append(voice.say("final_price"))
    validity = voice.validity(facts.time_of(told, "expires_at"))
    if validity:
        parts.append(voice.say("valid", validity=validity))
    parts.append(voice.say("how_to_accept"))
    return voice.draft(*parts, replies=("reply_accept", "reply_think"))


def _charge_terms(scene: Scene, told: Facts) -> list[str]:
    """What the price does not reach: later charges of a subscription, a free trial. The engine's reasons say it too."""
    voice = scene.voice
    is_recurring = scene.focus is not None and scene.focus.recurring_interval is not None
    terms = {
        "first_charge_only": is_recurring or facts.text_of(told, "applies_to") == "first_charge",
        "without_trial": facts.text_of(told, "trial") == "none",
    }
    return [voice.say(key) for key, applies in terms.items() if applies]


def _asked_for_approval(scene: Scene, told: Facts) -> Draft:
    voice, product = scene.voice, _product_name(scene, told)
    key = "approval_asked" if product else "approval_asked_unnamed"
    return voice.draft(voice.say(key, product=product), _meanwhile(scene), replies=("reply_wait", "reply_buy_now"))


def _meanwhile(scene: Scene) -> str:
    """What the visitor can do while a person is asked: take the price that stands, else the list price."""
    if scene.standing is not None:
        return scene.voice.say("your_price_stands", amount=scene.standing.amount_text)
    return scene.voice.if_proactive("ask_list_or_wait")


def _refused(scene: Scene, reason: str, *, held: Facts = facts.NONE) -> Draft:
    voice = scene.voice
    if reason == "approval_pending":
        return say_pending(scene)
    if reason in {"standing_offer", "final"} and (scene.standing is not None or facts.text_of(held, "amount_text")):
        return _standing(scene, held)
    key = _REFUSALS.get(reason, "refused_not_negotiable")
    told = "" if key in {"refused_free", "product_gone"} else list_told(scene)
    closing = {"product_gone": "ask_show_others", "refused_free": "ask_take_free"}.get(key, "ask_take_it")
    take = "reply_buy" if key == "refused_free" else "reply_buy_list"
    return voice.draft(voice.say(key), told, voice.if_proactive(closing), replies=(take, "reply_other"))


def _standing(scene: Scene, held: Facts = facts.NONE) -> Draft:
    """No better price than the one that the visitor holds; `held` is what the engine says of it."""
    voice, offer = scene.voice, scene.standing
    amount = facts.text_of(held, "amount_text") or (offer.amount_text if offer else "")
    name = _product_name(scene, held)
    key = "best_price_stands" if name else "your_price_stands"
    parts = [voice.say(key, product=name, amount=amount)]
    if facts.text_of(held, "status") == "accepted" or (offer is not None and offer.status == "accepted"):
        return voice.draft(*parts, voice.say("press_button"))
    validity = voice.validity(facts.time_of(held, "expires_at") or (offer.expires_at if offer else None))
    if validity:
        parts.append(voice.say("valid", validity=validity))
    return voice.draft(*parts, voice.say("how_to_accept"), replies=("reply_accept", "reply_think"))


def _coupon_valid(scene: Scene, told: Facts, code: str) -> Draft:
    voice, text, amount = scene.voice, facts.text_of(told, "text"), facts.text_of(told, "amount_text")
    parts = [voice.say("code_valid", code=code)]
    if text:
        parts.append(ended(text))
    if amount:
        parts.append(voice.say("with_code_costs", price=amount))
    if scene.focus is None:
        return voice.draft(*parts, voice.say("ask_which_product"))
    return voice.draft(*parts, voice.say("ask_open_checkout"), replies=("reply_open", "reply_not_yet"))


def _reasons(told: Facts) -> list[str]:
    return [ended(line) for line in facts.texts_of(told, "reasons")[:REASONS_TOLD_MAX]]


def _product_name(scene: Scene, told: Facts) -> str:
    known = scene.focus.name if scene.focus else scene.standing.product_name if scene.standing else ""
    name = facts.text_of(told, "product_name") or known
    return naming.short_name(name)
