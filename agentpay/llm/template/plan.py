"""Which tools to ask next for an action. Pure; asks each tool at most as often as listed here, so a turn always ends.

At most three steps to the words: look up, ask, word; fewer where nothing is to be looked up.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from agentpay.kit.text import shorten
from agentpay.llm.template import amounts, facts, knowledge, naming, reading
from agentpay.llm.template.scene import Scene, entity, entity_number
from agentpay.llm.types import ProductFact, Request, ToolCall, ToolSpec

QUERY_CHARACTERS_MAX: Final = 400
CALLS_MAX: Final = 8
"""Calls of one turn after which this provider only speaks, whoever made them."""

OTHERS_MAX: Final = 6
"""Products asked for when the visitor wants to see others than the first few."""

BUYING: Final = frozenset({"purchase_intent", "checkout_ready"})
ASKED_FOR_PERSON: Final = "The visitor asked for a person."
ACCEPTED_PERSON: Final = "The agent could not help; the visitor accepted the offer of a person."
"""What the merchant's people read as the reason."""

_SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "shipping_question": {"en": "shipping", "pt": "entrega"},
    "payment_query": {"en": "how to pay", "pt": "formas de pagamento"},
    "return_request": {"en": "returns", "pt": "devolução"},
}
"""What a question is about that no article answers by its own words: `bitcoin?` is answered by how one can pay."""

_CODE_BEFORE: Final = re.compile(r"\b(?:code|cupom)\W{1,3}([A-Z0-9][A-Z0-9_-]{2,39})\b")


class Wanted(msgspec.Struct, frozen=True):
    """A tool to ask; arguments that its schema does not know are left out."""

    name: str
    arguments: Mapping[str, Any] = {}


def next_calls(scene: Scene, request: Request) -> tuple[ToolCall, ...]:
    """The calls of this step; none when it is time to speak."""
    if len(scene.results) >= CALLS_MAX:
        return ()
    wanted = _PLANS.get(scene.brief.action, _nothing)(scene)
    specs = {spec.name: spec for spec in request.tools}
    calls: list[ToolCall] = []
    for each in wanted:
        if each.name not in specs:
            continue
        arguments = _fit(each.arguments, specs[each.name])
        if not any(call.name == each.name and call.arguments == arguments for call, _ in scene.results):
            calls.append(ToolCall(f"template_{len(scene.results) + len(calls) + 1}", each.name, arguments))
    return tuple(calls)


def find_purchase(scene: Scene) -> ProductFact | None:
    """The product to open a checkout for: the focus, else the standing offer's."""
    offer = scene.standing
    if scene.focus is not None or offer is None:
        return scene.focus
    return ProductFact(offer.product_id, offer.product_name, offer.list_text, currency=offer.currency)


def find_subject(scene: Scene) -> ProductFact | None:
    """The product to tell of: the focus; to who wants to buy also what a price stands for."""
    return find_purchase(scene) if scene.brief.intent in BUYING else scene.focus


def amount_in(scene: Scene, product: ProductFact) -> int | None:
    """The price the visitor named, in the product's currency; None when none or in another one."""
    amount = entity_number(scene.brief, "proposed_price")
    return amounts.stated(amount, said_in=entity(scene.brief, "currency"), currency=product.currency)


def wants_amount(scene: Scene, product: ProductFact) -> bool:
    """Pay-what-you-want, and the visitor has not said how much."""
    return product.amount_type == "custom" and amount_in(scene, product) is None


def wants_seats(scene: Scene, product: ProductFact) -> bool:
    """Sold by seats, and the visitor has not said how many: one seat for a team would be the wrong bill."""
    return product.amount_type == "seat_based" and entity_number(scene.brief, "quantity") is None


def _nothing(scene: Scene) -> tuple[Wanted, ...]:
    return ()


def _search(scene: Scene) -> tuple[Wanted, ...]:
    """Search; when nothing was found, look at what there is at all."""
    if is_comparison(scene):
        return ()
    made = [result for call, result in scene.results if call.name == "search_products"]
    query = product_query(scene)
    if not made:
        more = {"limit": OTHERS_MAX} if reading.asks_others(scene.brief.text) else {}
        return (Wanted("search_products", {"query": query, **more, **_limits(scene)}),)
    is_in_vain = made[-1].status == "done" and not scene.found and not facts.closest_of(scene.results)
    if not query or len(made) > 1 or not is_in_vain:
        return ()
    if _may_be_in_the_articles(scene):
        return _knowledge(scene)
    return () if knowledge.told(scene, about=naming.keywords(query)) else (Wanted("search_products", {"query": ""}),)


def _limits(scene: Scene) -> dict[str, Any]:
    """The price limits that the visitor stated, in a currency that is stated too or is that of the products in view.

    In none that is known: the tool reads the query's own words, and knows what the visitor is quoted in.
    """
    brief, said_in = scene.brief, entity(scene.brief, "currency")
    currency = said_in or next((each.currency for each in brief.shown if each.currency), None)
    if currency is None:
        return {}
    stated = {
        name: amounts.stated(entity_number(brief, name), said_in=said_in, currency=currency)
        for name in ("price_max", "price_min")
    }
    limits = {name: amount for name, amount in stated.items() if amount is not None}
    return {**limits, "currency": currency} if limits else {}


def _may_be_in_the_articles(scene: Scene) -> bool:
    """`do you offer gift wrapping?` is no product, but may be answered; not yet looked up."""
    asks = scene.brief.intent == "product_query" and reading.asks_whether(scene.brief.text)
    return asks and "search_knowledge" in scene.open_tools and not facts.was_asked(scene.results, "search_knowledge")


def product_query(scene: Scene) -> str:
    """What to search the catalogue for; "" means everything. The search reads whole messages, price limits included."""
    brief, named = scene.brief, entity(scene.brief, "product")
    if named is not None and brief.intent != "product_query" and naming.keywords(named):
        return named
    sorts = reading.wants_cheapest(brief.text) or reading.wants_dearest(brief.text)
    tells = sorts or naming.keywords(brief.text) or {"price_max", "price_min"} & brief.entities.keys()
    return shorten(brief.text.strip(), characters_max=QUERY_CHARACTERS_MAX) if tells else ""


def is_comparison(scene: Scene) -> bool:
    """Several products in view are to be compared, and nothing has to be looked up for it."""
    return not scene.results and len(compared(scene)) > 1


def compared(scene: Scene) -> tuple[ProductFact, ...]:
    """The products to compare: the two or more that are named, else those just listed, else all in view."""
    brief = scene.brief
    if brief.intent in BUYING:
        return ()
    named = naming.find_all_named(brief.text, brief.shown)
    if len(named) > 1:
        return tuple(named)
    if named or not reading.compares(brief.text) or naming.keywords(entity(brief, "product") or ""):
        return ()
    if naming.find_named(brief.text, brief.shown, previous_text=brief.previous_text) is not None:
        return ()  # "the cheapest" is one product
    listed = naming.find_listed(brief.shown, brief.previous_text)
    if len(listed) > 1:
        return tuple(listed)
    return () if reading.wants_cheapest(brief.text) else brief.shown


def _show(scene: Scene) -> tuple[Wanted, ...]:
    product = find_subject(scene)
    if product is None:
        return _search(scene)
    if is_comparison(scene):
        return ()
    if not scene.results and not was_just_told(scene, product):
        return (Wanted("show_product", {"product_id": product.product_id}),)
    return _knowledge(scene) if asks_beyond(scene, product) else ()


def was_just_told(scene: Scene, product: ProductFact) -> bool:
    """The last message was about this product alone."""
    listed = naming.find_listed(scene.brief.shown, scene.brief.previous_text)
    return len(listed) == 1 and facts.same_product(listed[0], product)


def asks_beyond(scene: Scene, product: ProductFact) -> bool:
    """A question about the product that neither its price nor its description answers.

    What is no plain question (`the guide?`) counts only once the product was told of.
    """
    text = scene.brief.text
    if scene.brief.intent in BUYING or reading.asks_price(text):
        return False
    if not reading.asks_whether(text) and not ("?" in text and was_just_told(scene, product)):
        return False
    asked = question_words(scene, product)
    return bool(asked) and not naming.mentions(product.description, asked)


def question_words(scene: Scene, product: ProductFact) -> tuple[str, ...]:
    """The words of the message that are neither common nor the product's name."""
    return tuple(word for word in naming.keywords(scene.brief.text) if not naming.mentions(product.name, [word]))


def _introduce(scene: Scene, product: ProductFact) -> tuple[Wanted, ...]:
    """A look at a product that this conversation was not shown yet (the page's own): tools name shown ids only."""
    in_view = {each.product_id for each in (*scene.found, *scene.brief.shown)}
    if product.product_id in in_view | {offer.product_id for offer in scene.brief.offers}:
        return ()
    if "show_product" not in scene.open_tools or facts.was_asked(scene.results, "show_product"):
        return ()
    return (Wanted("show_product", {"product_id": product.product_id}),)


def _offer(scene: Scene) -> tuple[Wanted, ...]:
    if code := entity(scene.brief, "coupon_code"):
        return _coupon(scene, code)
    product = scene.focus
    if product is None:
        return _search(scene) if entity(scene.brief, "product") and not scene.found else ()
    if not product.negotiable or facts.was_asked(scene.results, "propose_price"):
        return ()
    if new := _introduce(scene, product):
        return new
    asked: dict[str, Any] = {"product_id": product.product_id}
    amount, percent = amount_in(scene, product), scene.brief.entities.get("discount_percent")
    if amount is not None:
        asked["proposed_amount"] = amount
    elif isinstance(percent, int | float) and not isinstance(percent, bool) and 0 < percent <= 100:
        asked["discount_percent"] = percent
    quantity = entity_number(scene.brief, "quantity")
    if quantity is not None and quantity > 1:
        asked["quantity"] = quantity
    return (Wanted("propose_price", asked),)


def _coupon(scene: Scene, code: str) -> tuple[Wanted, ...]:
    if facts.was_asked(scene.results, "validate_discount_code"):
        return ()
    if scene.focus is None:
        return (Wanted("validate_discount_code", {"code": code}),)
    return _introduce(scene, scene.focus) or (
        Wanted("validate_discount_code", {"code": code, "product_id": scene.focus.product_id}),
    )


def _checkout(scene: Scene) -> tuple[Wanted, ...]:
    product = find_purchase(scene)
    if product is None or wants_amount(scene, product) or wants_seats(scene, product):
        return ()
    if facts.was_asked(scene.results, "create_checkout"):
        return ()
    if new := _introduce(scene, product):
        return new
    asked: dict[str, Any] = {"product_id": product.product_id}
    if scene.standing is not None:
        asked["offer_id"] = scene.standing.offer_id
    elif code := entity(scene.brief, "coupon_code") or code_before(scene.brief.previous_text):
        asked["discount_code"] = code
    if product.amount_type == "custom":
        asked["amount"] = amount_in(scene, product)
    quantity = entity_number(scene.brief, "quantity")
    if product.amount_type == "seat_based" and quantity is not None:
        asked["seats"] = quantity
    return (Wanted("create_checkout", asked),)


def code_before(previous_text: str | None) -> str | None:
    """The coupon that this provider's last message called valid."""
    found = _CODE_BEFORE.search(previous_text or "")
    return found[1] if found else None


def _knowledge(scene: Scene) -> tuple[Wanted, ...]:
    """Search the articles; a general question that they do not answer may still name a product."""
    looked = facts.find_result(scene.results, "search_knowledge")
    subject = _SUBJECTS.get(scene.brief.intent, {}).get(scene.brief.language, "")
    question = shorten(scene.brief.text.strip(), characters_max=QUERY_CHARACTERS_MAX)
    means = scene.brief.intent == "payment_query" and reading.names_means_of_payment(question)
    if means or scene.brief.intent == "shipping_question":
        # `by friday?` must not find the opening hours, nor `do you take cards?` what becomes of card data.
        question = f"{question} {subject}"
    if looked is None:
        return (Wanted("search_knowledge", {"query": question}),) if question else ()
    answered = facts.rows_of(looked.facts, "articles", "items")
    looks = sum(call.name == "search_knowledge" for call, _ in scene.results)
    if subject and subject not in question and not answered and looked.status == "done" and looks == 1:
        return (Wanted("search_knowledge", {"query": subject}),)
    query = product_query(scene)
    if answered or scene.brief.intent != "general_question" or not query or scene.found:
        return ()
    return () if facts.was_asked(scene.results, "search_products") else (Wanted("search_products", {"query": query}),)


def _order(scene: Scene) -> tuple[Wanted, ...]:
    """Look at the orders; the articles too where the visitor wants something done, or no order is found."""
    looked = facts.find_result(scene.results, "check_order")
    if looked is None:
        reference = entity(scene.brief, "order_reference")
        look = Wanted("check_order", {"order_reference": reference} if reference else {})
        return (look, *(_knowledge(scene) if scene.brief.intent in {"refund_request", "payment_issue"} else ()))
    has_order = bool(facts.rows_of(looked.facts, "orders") or scene.brief.orders)
    return () if has_order or scene.brief.intent != "order_status" else _knowledge(scene)


def _shipping(scene: Scene) -> tuple[Wanted, ...]:
    country = entity(scene.brief, "country")
    if country is None or "quote_shipping" not in scene.open_tools:
        return _knowledge(scene)
    if facts.was_asked(scene.results, "quote_shipping"):
        return ()
    about = {"product_id": scene.focus.product_id} if scene.focus else {}
    return (Wanted("quote_shipping", {"country": country, **about}),)


def _inventory(scene: Scene) -> tuple[Wanted, ...]:
    if scene.focus is None:
        return _search(scene)
    if facts.was_asked(scene.results, "check_inventory"):
        return ()
    quantity = entity_number(scene.brief, "quantity")
    wanted = {} if quantity is None or quantity < 1 else {"quantity": quantity}
    return (Wanted("check_inventory", {"product_id": scene.focus.product_id, **wanted}),)


def _person(scene: Scene) -> tuple[Wanted, ...]:
    if scene.brief.handoff != "none" or facts.was_asked(scene.results, "request_human"):
        return ()
    asked = scene.brief.intent == "human_request"
    return (Wanted("request_human", {"reason": ASKED_FOR_PERSON if asked else ACCEPTED_PERSON}),)


_PLANS: Final[Mapping[str, Callable[[Scene], tuple[Wanted, ...]]]] = {
    "search_products": _search,
    "show_product": _show,
    "calculate_offer": _offer,
    "generate_checkout": _checkout,
    "answer_from_knowledge": _knowledge,
    "check_order": _order,
    "quote_shipping": _shipping,
    "check_inventory": _inventory,
    "escalate": _person,
}


def _fit(arguments: Mapping[str, Any], spec: ToolSpec) -> dict[str, Any]:
    known = spec.parameters.get("properties")
    if not isinstance(known, Mapping):
        return dict(arguments)
    return {name: value for name, value in arguments.items() if name in known}
