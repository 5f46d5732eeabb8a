"""Words about products: what there is, what one costs, how two differ, whether it is in stock. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from agentpay.kit.text import shorten
from agentpay.llm.template import facts, knowledge, naming, plan, reading
from agentpay.llm.template.scene import Scene, entity, entity_number, find_checkout
from agentpay.llm.template.voice import Draft, Voice, ended
from agentpay.llm.types import CheckoutFact, ProductFact

LISTED: Final = {"concise": 4, "medium": 4, "detailed": 6}
REPLY_CHARACTERS_MAX: Final = 40
REPLIES_MAX: Final = 4
CHOICE_MAX: Final = 3
_BRACKETS: Final = re.compile(r"(?<!\s)\s*\([^()]*\)\s*$")
_PRICE_KIND: Final = re.compile(r"(from |a partir de )?(?!\d+ [^\W\d])(?:[A-Z]{0,3}[^\w\s]\s?)?\d")
"""A price that fits behind "costs": `$19.00`, `from R$ 5,00 por assento`; not `7 days free, then …`."""


def say_products(scene: Scene) -> Draft:
    """What a search found."""
    voice = scene.voice
    if plan.is_comparison(scene):
        return _compared(scene, plan.compared(scene))
    looked = facts.find_result(scene.results, "search_products")
    if looked is not None and looked.status != "done" and not scene.found:
        return voice.draft(voice.say("catalogue_down"))
    if closest := facts.closest_of(scene.results):
        return _beyond_budget(scene, closest)
    if told := knowledge.told(scene, about=naming.keywords(scene.brief.text)):
        return voice.draft(told, voice.if_proactive("anything_else"))
    if not scene.found:
        return voice.draft(voice.say("nothing_at_all"), voice.say("ask_what_else"))
    if facts.searched_in_vain(scene.results):
        return _alternatives(scene)
    fitting = _others(scene) or scene.found
    if len(named := naming.find_all_named(scene.brief.text, fitting)) > 1 and reading.compares(scene.brief.text):
        return _compared(scene, named)
    meant = naming.find_named(scene.brief.text, fitting, product=entity(scene.brief, "product"))
    if len(fitting) > 1 and meant is None:
        return _several(scene, fitting)
    product = meant or fitting[0]
    if scene.brief.intent in plan.BUYING:
        return confirm_purchase(scene, product)
    return product_told(scene, product)


def say_product(scene: Scene) -> Draft:
    """The product in focus, or what stands in for it."""
    if plan.is_comparison(scene):
        return _compared(scene, plan.compared(scene))
    product = plan.find_subject(scene)
    if product is None:
        return say_products(scene) if scene.results else ask_which(scene, scene.brief.shown)
    if scene.brief.intent in plan.BUYING:
        return confirm_purchase(scene, product)
    if facts.was_asked(scene.results, "search_knowledge"):
        return _beyond_description(scene, product)
    return product_told(scene, product)


def ask_which(scene: Scene, products: Sequence[ProductFact]) -> Draft:
    """Which product is meant; a proactive agent offers the names as answers."""
    voice = scene.voice
    if not products:
        return voice.draft(voice.say("ask_which_product"))
    choice = products[:CHOICE_MAX]
    draft = voice.draft(voice.say("ask_which_of", names=voice.join(map(name_of, choice), word="or")))
    return with_names(voice, draft, choice)


def product_told(scene: Scene, product: ProductFact) -> Draft:
    """Name, price, what it is, and the next step."""
    voice, only_price = scene.voice, reading.asks_price(scene.brief.text) and plan.was_just_told(scene, product)
    parts = [price_told(voice, product)]
    if not only_price:
        parts.append(voice.gist(product.description, about=plan.question_words(scene, product)))
    if voice.at_least("detailed") and product.recurring_interval:
        parts.append(voice.say("renews"))
    if facts.is_sold_out(scene.results, product):
        parts.append(voice.say("out_of_stock", product=name_of(product)))
        return voice.draft(*parts, voice.if_proactive("ask_show_others"), replies=("reply_other",))
    if scene.standing is not None and facts.same_product(scene.focus, product):
        parts.append(voice.say("your_price_stands", amount=scene.standing.amount_text))
        if scene.standing.status == "accepted":
            return voice.draft(*parts, voice.say("press_button"))
        return voice.draft(*parts, voice.if_proactive("how_to_accept"), replies=("reply_accept", "reply_other"))
    if waiting := _open_checkout(scene, product):
        return voice.draft(*parts, voice.say("checkout_open", amount=waiting.amount_text), voice.say("press_button"))
    closing = "ask_take_free" if is_free(product) else "ask_take_it"
    return voice.draft(*parts, voice.if_proactive(closing), replies=("reply_buy", "reply_other"))


def _open_checkout(scene: Scene, product: ProductFact) -> CheckoutFact | None:
    """The product's checkout that waits to be paid."""
    checkout = find_checkout(scene.brief, "open")
    return checkout if checkout is not None and checkout.product_id == product.product_id else None


def is_free(product: ProductFact) -> bool:
    return product.amount_type == "free" or (product.amount == 0 and product.amount_type == "fixed")


def price_told(voice: Voice, product: ProductFact) -> str:
    """A product's price with its terms, as a sentence that fits the kind of price."""
    name, price = name_of(product), product.price_text
    if is_free(product):
        return voice.say("is_free", product=name)
    if not price:
        return voice.say("price_on_card", product=name)
    if product.amount_type == "custom":
        return voice.say("pay_what_you_want", product=name, price=price)
    kind = _PRICE_KIND.match(price)
    key = "price_is" if kind is None else "costs_from" if kind[1] else "costs"
    return voice.say(key, product=name, price=price)


def confirm_purchase(scene: Scene, product: ProductFact) -> Draft:
    """Product and price once more before a checkout is opened."""
    voice = scene.voice
    if facts.is_sold_out(scene.results, product):
        return product_told(scene, product)
    if product.amount_type == "custom":
        return voice.draft(price_told(voice, product), voice.say("ask_amount", product=name_of(product)))
    if scene.standing is not None:
        told = voice.say("costs_you", product=name_of(product), price=scene.standing.amount_text)
    else:
        told = price_told(voice, product)
    many = "" if product.amount_type == "seat_based" else told_of_quantity(scene, product)
    return voice.draft(
        voice.say("good_choice"), told, many, voice.say("ask_open_checkout"), replies=("reply_open", "reply_not_yet")
    )


def told_of_quantity(scene: Scene, product: ProductFact | None) -> str:
    """To who asked for several: that the price covers all seats, or that a checkout is for one only; else ""."""
    wanted = entity_number(scene.brief, "quantity") or 1
    if product is None or (wanted < 2 and not reading.asks_how_many(scene.brief.text)):
        return ""
    return scene.voice.say("all_seats" if product.amount_type == "seat_based" else "one_only")


def say_stock(scene: Scene) -> Draft:
    voice, result = scene.voice, facts.find_result(scene.results, "check_inventory")
    if result is None:
        return say_product(scene)
    about = scene.focus.name if scene.focus else ""
    name = naming.short_name(facts.text_of(result.facts, "product_name", "name") or about)
    state = facts.text_of(result.facts, "state") if result.status == "done" else ""
    key = {"in_stock": "in_stock", "low": "stock_low", "out_of_stock": "out_of_stock"}.get(state, "stock_unknown")
    if result.facts.get("is_enough") is False and key in {"in_stock", "stock_low"}:
        return voice.draft(voice.say("not_enough", product=name), voice.if_proactive("ask_show_others"))
    told = voice.say(key if name else "stock_unknown_unnamed", product=name)
    if key in {"in_stock", "stock_low"}:
        return voice.draft(told, voice.if_proactive("ask_take_it"), replies=("reply_buy", "reply_other"))
    return voice.draft(told, voice.if_proactive("ask_show_others"), replies=("reply_other",))


def name_of(product: ProductFact) -> str:
    return naming.short_name(product.name)


def with_names(voice: Voice, draft: Draft, products: Sequence[ProductFact]) -> Draft:
    """The draft with product names as quick replies."""
    if not voice.is_proactive:
        return draft
    return Draft(draft.text, tuple(dict.fromkeys(_as_reply(each.name) for each in products[:REPLIES_MAX])))


def _as_reply(name: str) -> str:
    """A product's name short enough for a button: without what stands in brackets, cut at a word."""
    plain = name if len(name) <= REPLY_CHARACTERS_MAX else _BRACKETS.sub("", name) or name
    return shorten(plain, characters_max=REPLY_CHARACTERS_MAX).rstrip("… ")


def lines_of(scene: Scene, products: Sequence[ProductFact]) -> str:
    """One line a product: name, price, what distinguishes it."""
    voice = scene.voice
    lines = []
    for each in products[: LISTED[voice.verbosity]]:
        price = voice.say("free") if is_free(each) else each.price_text
        gist = voice.line(each.description)
        lines.append("• " + name_of(each) + (f": {price}" if price else "") + (f". {gist}" if gist else ""))
    return "\n" + "\n".join(lines) + "\n"


def _named_in_short(scene: Scene, products: Sequence[ProductFact]) -> str:
    """The products in one sentence, for where each has its card: names, and prices that are a plain amount."""
    voice, named = scene.voice, []
    for each in products[: LISTED[voice.verbosity]]:
        kind = _PRICE_KIND.match(each.price_text)
        is_plain = kind is not None and not kind[1] and not is_free(each) and each.amount_type != "custom"
        named.append(voice.say("at_price", product=name_of(each), price=each.price_text) if is_plain else name_of(each))
    return ended(voice.join(named))


def _several(scene: Scene, products: Sequence[ProductFact]) -> Draft:
    voice = scene.voice
    in_short = facts.has_cards(scene.results) and not voice.at_least("detailed")
    parts = [voice.say("found_several"), (_named_in_short if in_short else lines_of)(scene, products)]
    cheapest, asks_cheapest = find_cheapest(products), reading.wants_cheapest(scene.brief.text)
    if cheapest is not None and (asks_cheapest or (voice.at_least("medium") and not in_short)):
        parts.append(voice.say("cheapest", product=name_of(cheapest)))
    if _has_more(scene, products, told=len(products) if in_short else LISTED[voice.verbosity]):
        parts.append(voice.say("there_are_more"))
    if scene.brief.intent in plan.BUYING and (entity_number(scene.brief, "quantity") or 1) > 1:
        parts.append("" if any(each.amount_type == "seat_based" for each in products) else voice.say("one_each"))
    draft = voice.draft(*parts, voice.if_proactive("ask_which_one"))
    return with_names(voice, draft, products)


def _compared(scene: Scene, products: Sequence[ProductFact]) -> Draft:
    voice = scene.voice
    parts = [voice.say("compare"), lines_of(scene, products)]
    cheapest = find_cheapest(products)
    if cheapest is not None:
        parts.append(voice.say("cheapest", product=name_of(cheapest)))
    return with_names(voice, voice.draft(*parts, voice.if_proactive("ask_which_one")), products)


def _beyond_description(scene: Scene, product: ProductFact) -> Draft:
    """A question that only the articles could answer."""
    voice, told = scene.voice, knowledge.told(scene, about=plan.question_words(scene, product))
    if told:
        return voice.draft(told, voice.if_proactive("ask_take_it"), replies=("reply_buy", "reply_other"))
    known = voice.gist(product.description)
    parts = [
        voice.say("detail_unknown", product=name_of(product)),
        voice.say("what_i_know", gist=known) if known else "",
    ]
    if scene.can_ask_person:
        return voice.draft(*parts, voice.say("offer_person"), replies=("reply_person", "reply_buy"))
    return voice.draft(*parts, voice.if_proactive("ask_take_it"), replies=("reply_buy", "reply_other"))


def _alternatives(scene: Scene) -> Draft:
    voice, query = scene.voice, _speakable(entity(scene.brief, "product"))
    missed = voice.say("nothing_for", query=query) if query else voice.say("nothing_found")
    names = voice.join(name_of(each) for each in scene.found[: LISTED[voice.verbosity]])
    draft = voice.draft(missed, voice.say("we_have", names=names), voice.say("ask_one_of_these"))
    return with_names(voice, draft, scene.found)


def _beyond_budget(scene: Scene, closest: Sequence[ProductFact]) -> Draft:
    voice = scene.voice
    draft = voice.draft(voice.say("nothing_in_budget"), voice.say("closest"), lines_of(scene, closest))
    return with_names(voice, draft, closest)


def find_cheapest(products: Sequence[ProductFact]) -> ProductFact | None:
    """The one that costs least, where prices can be compared: fixed, same currency and interval, no two alike."""
    priced = [each for each in products if each.amount is not None and each.amount_type in {"fixed", "free"}]
    if len(priced) < 2 or len({(each.currency, each.recurring_interval) for each in priced}) != 1:
        return None
    first, second = sorted(priced, key=lambda each: each.amount or 0)[:2]
    return first if first.amount != second.amount else None


def _others(scene: Scene) -> list[ProductFact]:
    """Where the visitor wants to see others: what was found but was not just talked of."""
    brief = scene.brief
    if not (reading.asks_others(brief.text) or reading.find_asked(brief.previous_text) == "others"):
        return []
    known = naming.find_listed(brief.shown, brief.previous_text) or ([brief.focus] if brief.focus else [])
    return [each for each in scene.found if not any(facts.same_product(each, other) for other in known)]


def _has_more(scene: Scene, products: Sequence[ProductFact], *, told: int) -> bool:
    looked = facts.find_result(scene.results, "search_products")
    total = facts.whole_of(looked.facts, "total") if looked and len(products) == len(scene.found) else None
    return max(total or 0, len(products)) > told


def _speakable(words: str | None) -> str:
    """The visitor's own word for a product, fit to be said back: letters only, so never a number or a link."""
    if words is None or len(words) > REPLY_CHARACTERS_MAX:
        return ""
    return words if all(letter.isalpha() or letter in " '-" for letter in words) else ""
