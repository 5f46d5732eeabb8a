"""Words about orders, payments, delivery, the shop's own articles, and a person who takes over. Pure."""

from collections.abc import Sequence
from typing import Final

from agentpay.llm.template import facts, knowledge, naming, plan, reading, say_goods
from agentpay.llm.template.facts import Facts
from agentpay.llm.template.scene import Scene, entity, find_checkout
from agentpay.llm.template.voice import Draft, ended

ORDERS_TOLD_MAX: Final = 3
COUNTRIES_TOLD_MAX: Final = 8
_ORDER_STATES: Final = {"paid": "order_paid", "partially_refunded": "order_part_refunded", "refunded": "order_refunded"}
_UNKNOWN: Final = {
    "payment_query": "payment_general",
    "checkout_ready": "payment_general",
    "purchase_intent": "payment_general",
    "shipping_question": "unknown_shipping",
    "return_request": "unknown_returns",
    "support_request": "unknown_support",
}


def say_knowledge(scene: Scene) -> Draft:
    """What the shop's articles say; where they say nothing, that, and a person."""
    voice = scene.voice
    told = knowledge.told(scene)
    if told:
        return voice.draft(told, voice.if_proactive("anything_else"))
    if (
        scene.brief.intent == "shipping_question"
        and "quote_shipping" in scene.open_tools
        and not entity(scene.brief, "country")
    ):
        return voice.draft(voice.say("ask_country"))
    if scene.found:
        return say_goods.say_products(scene)
    looked = facts.find_result(scene.results, "search_knowledge")
    if looked is not None and looked.status == "failed":
        return voice.draft(voice.say("lookup_down"), *_person_offered(scene), replies=_person_replies(scene))
    key = _UNKNOWN.get(scene.brief.intent, "unknown_answer")
    if scene.brief.intent in plan.BUYING:
        return voice.draft(voice.say(key), voice.if_proactive("ask_which_product"))
    return voice.draft(voice.say(key), *_person_offered(scene), replies=_person_replies(scene))


def say_orders(scene: Scene) -> Draft:
    """What the records say of the visitor's orders; a claim of theirs is never taken for it."""
    voice, result = scene.voice, facts.find_result(scene.results, "check_order")
    rows = facts.rows_of(result.facts, "orders") if result and result.status == "done" else []
    rows = rows or facts.structs_of(scene.brief.orders)
    intent = scene.brief.intent
    if result is not None and result.status == "failed" and not rows:
        return voice.draft(voice.say("orders_down"), *_person_offered(scene), replies=_person_replies(scene))
    if not rows:
        return _no_order(scene)
    told = _orders_told(scene, rows)
    if intent == "payment_confirmation" and _waits_for_payment(scene, rows):
        return _no_order(scene)
    if intent == "payment_confirmation":
        return voice.draft(voice.say("payment_arrived"), told, voice.if_proactive("anything_else"))
    if intent in {"refund_request", "payment_issue"}:
        key = "refund_by_person" if intent == "refund_request" else "issue_by_person"
        return voice.draft(
            voice.say("sorry_about_that"), told, _payment_help(scene), voice.say(key), *_person_offered(scene),
            replies=_person_replies(scene),
        )  # fmt: skip
    return voice.draft(
        told, voice.say("access_by_mail"), voice.if_proactive("anything_else"), replies=_person_replies(scene)
    )


def say_shipping(scene: Scene) -> Draft:
    voice, result = scene.voice, facts.find_result(scene.results, "quote_shipping")
    if result is None:
        return say_knowledge(scene)
    if result.status == "done":
        return voice.draft(_delivery_told(scene, result.facts), voice.if_proactive("anything_else"))
    if facts.text_of(result.facts, "reason") == "unknown_country":
        return voice.draft(voice.say("ask_country"))
    served = facts.texts_of(result.facts, "countries")[:COUNTRIES_TOLD_MAX]
    told = voice.say("no_shipping_rate" if result.status == "refused" else "lookup_down")
    where = voice.say("delivers_to", names=voice.join(served)) if served else ""
    return voice.draft(told, where, *_person_offered(scene), replies=_person_replies(scene))


def _delivery_told(scene: Scene, told: Facts) -> str:
    """Cost and days; for what is not posted at all the tool's own sentence."""
    voice, country, amount = scene.voice, facts.text_of(told, "country"), facts.text_of(told, "amount_text")
    days, sentence = facts.whole_of(told, "days"), facts.text_of(told, "text")
    if sentence or not amount:
        return ended(sentence) or voice.say("unknown_shipping")
    cost = voice.say("shipping_costs" if country else "shipping_costs_plain", country=country, amount=amount)
    if not days or days < 1:
        return cost
    return f"{cost} {voice.say('shipping_days' if days > 1 else 'shipping_day', days=str(days))}"


def say_handoff(scene: Scene) -> Draft:
    """A person was asked for: on the way, already asked, or not to be had here."""
    voice, result = scene.voice, facts.find_result(scene.results, "request_human")
    if scene.brief.handoff == "taken":
        return voice.draft(voice.say("person_here"))
    state = facts.text_of(result.facts, "state") if result else ""
    if scene.brief.handoff == "asked" or (result and result.status == "refused" and state == "asked"):
        return voice.draft(voice.say("person_asked_before"), voice.if_proactive("meanwhile"))
    if result is not None and result.status == "done":
        return voice.draft(voice.say("person_asked"), voice.if_proactive("meanwhile"))
    return voice.draft(voice.say("person_unavailable", shop=scene.brief.organization_name))


def _no_order(scene: Scene) -> Draft:
    voice, intent = scene.voice, scene.brief.intent
    running = find_checkout(scene.brief, "confirmed")
    waiting = find_checkout(scene.brief, "open", "creating")
    if running is not None:
        return voice.draft(voice.say("payment_processing"))
    if intent == "payment_confirmation":
        key = "payment_not_seen_yet" if waiting is not None else "payment_not_seen"
        return voice.draft(voice.say(key), *_person_offered(scene), replies=_person_replies(scene))
    if intent == "payment_issue":
        key = "issue_try_again" if waiting is not None else "issue_by_person"
        return voice.draft(
            voice.say("sorry_about_that"), _payment_help(scene), voice.say(key), *_person_offered(scene),
            replies=_person_replies(scene),
        )  # fmt: skip
    told = knowledge.told(scene)
    key = "no_orders_of_yours" if scene.brief.is_proven_customer else "who_are_you"
    unseen = "" if told and intent == "refund_request" else voice.say(key)
    return voice.draft(told, unseen, *_person_offered(scene), replies=_person_replies(scene))


def _payment_help(scene: Scene) -> str:
    """What the shop's articles say of the trouble; of a declined card at least what usually helps."""
    is_declined = scene.brief.intent == "payment_issue" and reading.reports_declined(scene.brief.text)
    told = knowledge.told(scene, about=naming.keywords(scene.brief.text) if is_declined else ())
    return told or (scene.voice.say("declined_help") if is_declined else "")


def _waits_for_payment(scene: Scene, rows: Sequence[Facts]) -> bool:
    """The newest checkout is unpaid and the look-up brought no order that was not known before: an older order is no
    proof of this payment."""
    known = {order.order_id for order in scene.brief.orders}
    is_new = any(facts.text_of(row, "order_id") not in known for row in rows)
    newest = scene.brief.checkouts[0].status if scene.brief.checkouts else ""
    return newest in {"open", "creating", "confirmed"} and not is_new


def _orders_told(scene: Scene, rows: Sequence[Facts]) -> str:
    voice, lines = scene.voice, []
    for row in rows[:ORDERS_TOLD_MAX]:
        name = naming.short_name(facts.text_of(row, "product_name")) or voice.say("your_order")
        key = _ORDER_STATES.get(facts.text_of(row, "status"), "order_known")
        amount = facts.text_of(row, "amount_text")
        lines.append(voice.say(key, product=name + (f" ({amount})" if amount else "")))
    return " ".join(lines)


def _person_offered(scene: Scene) -> tuple[str, ...]:
    if scene.can_ask_person:
        return (scene.voice.say("offer_person"),)
    return (scene.voice.say("person_coming"),) if scene.brief.handoff == "asked" else ()


def _person_replies(scene: Scene) -> tuple[str, ...]:
    return ("reply_person",) if scene.can_ask_person else ()
