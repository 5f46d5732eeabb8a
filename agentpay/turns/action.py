"""What the agent does in a turn, and which tools may be asked for it. Pure; it binds every provider alike.

Its tools are the only ones open in the turn: whatever a model or a visitor says, a checkout can be asked for only where
the visitor accepted or asked to pay, a price only where it is about the price.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from agentpay.llm.template import amounts, naming, reading
from agentpay.llm.types import CheckoutFact, OfferFact, ProductFact
from agentpay.turns import allowed
from agentpay.understanding.classify import CONFIDENCE_THRESHOLD
from agentpay.understanding.entities import Entities
from agentpay.understanding.intents import Action, Intent

MISSES_MAX: Final = 2
"""Replies in a row that did not help, after which a person is offered."""

_ABOUT_ORDERS: Final = frozenset(
    {Intent.ORDER_STATUS, Intent.REFUND_REQUEST, Intent.PAYMENT_ISSUE, Intent.PAYMENT_CONFIRMATION}
)
_ABOUT_BUYING: Final = frozenset({Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY})
_CASUAL: Final = frozenset({Intent.GREETING, Intent.GENERAL_QUESTION, Intent.HESITATION})
_PLAIN: Final[Mapping[Intent, Action]] = {
    Intent.GREETING: Action.GREET,
    Intent.HESITATION: Action.REPLY,
    Intent.PAYMENT_QUERY: Action.ANSWER_FROM_KNOWLEDGE,
    Intent.RETURN_REQUEST: Action.ANSWER_FROM_KNOWLEDGE,
    Intent.SUPPORT_REQUEST: Action.ANSWER_FROM_KNOWLEDGE,
} | dict.fromkeys(_ABOUT_ORDERS, Action.CHECK_ORDER)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn knows before it asks a provider. Offers and products as the visitor saw them, newest first.

    `offers` holds only those that still stand (`pending_approval`, `open`, `accepted`) and have time left.
    """

    intent: Intent
    confidence: float
    text: str
    entities: Entities = Entities()
    open_tools: frozenset[str] = frozenset()
    """What the agent's configuration opens (`agents.tools.open_tools`)."""
    previous_action: str | None = None
    previous_text: str | None = None
    previous_intent: Intent | None = None
    """Of the visitor's message before: what a question of ours was for."""
    focus: ProductFact | None = None
    shown: tuple[ProductFact, ...] = ()
    offers: tuple[OfferFact, ...] = ()
    checkouts: tuple[CheckoutFact, ...] = ()
    handoff: str = "none"
    misses: int = 0
    """Replies in a row, up to now, of which `missed` is true."""


class Decision(msgspec.Struct, frozen=True):
    """`tools`: the names open in this turn, sorted."""

    action: Action
    tools: tuple[str, ...]


def decide(situation: Situation) -> Decision:
    """The action of this turn and the tools that are open for it."""
    action = _action(situation)
    tools = allowed.tools_of(action) & situation.open_tools
    if situation.handoff != "none":
        tools -= {"request_human"}
    if situation.entities.coupon_code is None:
        tools -= {"validate_discount_code"}
    return Decision(action, tuple(sorted(tools)))


def is_stuck(situation: Situation) -> bool:
    """The last replies did not help and this message is not clear either: offer a person."""
    return situation.misses >= MISSES_MAX


def _action(situation: Situation) -> Action:
    if situation.intent is Intent.HUMAN_REQUEST and not _is_unclear(situation):
        return Action.ESCALATE
    for read in (_small_talk, _answer_to_question):
        action = read(situation)
        if action is not None:
            return action
    if _names_a_product(situation):
        return _about_products(situation)
    if situation.intent in {Intent.GENERAL_QUESTION, Intent.HUMAN_REQUEST}:
        return _about_anything(situation)
    if situation.intent is Intent.ORDER_STATUS and _waits_for_approval(situation):
        return Action.REQUEST_APPROVAL
    if situation.intent is Intent.HESITATION and naming.names_instead(situation.text):
        return Action.SEARCH_PRODUCTS
    if situation.intent in _PLAIN:
        return _PLAIN[situation.intent]
    if situation.intent is Intent.SHIPPING_QUESTION:
        return _about_shipping(situation)
    if situation.intent is Intent.PRICE_NEGOTIATION and not _may_be_about_else(situation):
        return _about_price(situation)
    if situation.intent in _ABOUT_BUYING:
        return _about_buying(situation)
    return _about_products(situation)


def _may_be_about_else(situation: Situation) -> bool:
    """Nobody gets a lower price for `can you engrave it?`: a wish that is unclear must name a price or a code."""
    said = situation.entities
    is_named = any((said.proposed_price is not None, said.discount_percent, said.coupon_code))
    return _is_unclear(situation) and not is_named and not reading.talks_of_price(situation.text)


def _waits_for_approval(situation: Situation) -> bool:
    """`any news?` while a person looks at the price, and nothing is bought yet."""
    is_about_order = situation.checkouts or situation.entities.order_reference
    return not is_about_order and any(offer.status == "pending_approval" for offer in situation.offers)


def _names_a_product(situation: Situation) -> bool:
    """`velas`, and nothing more, is often taken for a hello, and an unknown name for anything."""
    named, text = situation.entities.product or "", situation.text
    if situation.intent is not Intent.GREETING:
        return _is_unclear(situation) and naming.is_only(text, named)
    return bool(naming.keywords(named)) and not (reading.says_thanks(text) or reading.says_goodbye(text))


def _about_anything(situation: Situation) -> Action:
    """A question of no kind of its own: about the product just talked of, else to the articles, else to a person."""
    text = situation.text
    follows_up = _was_just_told(situation) and (reading.asks_whether(text) or reading.asks_price(text))
    if follows_up or _named(situation) is not None or reading.asks_others(text):
        return _about_products(situation)
    return Action.CLARIFY if _is_unclear(situation) and is_stuck(situation) else Action.ANSWER_FROM_KNOWLEDGE


def _is_unclear(situation: Situation) -> bool:
    return situation.confidence < CONFIDENCE_THRESHOLD


def _small_talk(situation: Situation) -> Action | None:
    """Words that want no tool: attempts to steer, insults, who are you."""
    text = situation.text
    if reading.announces_question(text) or (reading.steers(text) and situation.intent not in _ABOUT_ORDERS):
        return Action.REPLY
    if situation.intent in _CASUAL and reading.insults(text):
        return Action.REPLY
    if situation.intent is not Intent.GENERAL_QUESTION:
        return None
    chats = reading.asks_identity(text) or reading.asks_how_we_are(text) or reading.asks_presence(text)
    return Action.REPLY if chats or reading.gives_address(text) or reading.asks_trust(text) else None


def _answer_to_question(situation: Situation) -> Action | None:
    """A short answer, seen with the question before it; None where it is none."""
    asked = reading.find_asked(situation.previous_text)
    if situation.intent is Intent.GREETING:  # `ok, thanks` closes, it does not agree
        return None
    if reading.says_no(situation.text):
        return Action.REPLY
    if reading.says_yes(situation.text):
        return _agreed(situation, asked)
    entities, focus = situation.entities, situation.focus
    if asked == "country" and entities.country is not None and "quote_shipping" in situation.open_tools:
        return Action.QUOTE_SHIPPING
    told = {"amount": entities.proposed_price, "seats": entities.quantity}.get(asked or "")
    if told is not None and focus is not None:
        return Action.GENERATE_CHECKOUT
    if situation.previous_action == Action.CLARIFY and _named(situation) is not None:
        return _clarified(situation, asked)
    return None


def _agreed(situation: Situation, asked: str | None) -> Action | None:
    if asked == "person":
        return Action.ESCALATE
    if asked == "price" and _meant(situation) is not None and not _has_open_offer(situation):
        return _about_price(situation)
    offered = situation.previous_action in {Action.CALCULATE_OFFER, Action.GENERATE_CHECKOUT} or (
        situation.previous_action == Action.REQUEST_APPROVAL and _has_open_offer(situation)
    )
    if offered and asked is None and _waits_to_be_paid(situation):
        return Action.REPLY
    if asked in {"purchase", "price"} or (offered and asked is None):
        return _about_buying(situation)
    if asked == "others":
        return Action.SEARCH_PRODUCTS
    if asked in {"which", "details"}:
        return Action.CLARIFY if _meant(situation) is None else Action.SHOW_PRODUCT
    leads_somewhere = situation.intent in _ABOUT_BUYING or situation.intent is Intent.PRICE_NEGOTIATION
    return None if leads_somewhere else Action.REPLY


def _clarified(situation: Situation, asked: str | None) -> Action | None:
    """The visitor named the product that we asked for: on with what it was for."""
    if situation.intent not in {Intent.PRODUCT_QUERY, Intent.GENERAL_QUESTION, Intent.PURCHASE_INTENT}:
        return None
    if asked == "price" or reading.talks_of_price(situation.previous_text or ""):
        return _about_price(situation)
    if situation.previous_intent in _ABOUT_BUYING:
        return Action.GENERATE_CHECKOUT if situation.previous_intent is Intent.CHECKOUT_READY else Action.SHOW_PRODUCT
    return None


def _about_products(situation: Situation) -> Action:
    product, text = _meant(situation), situation.text
    if len(naming.find_all_named(text, situation.shown)) > 1:
        return Action.SHOW_PRODUCT
    if _named(situation) is None and (product is None or _looks_further(situation, product)):
        return Action.CLARIFY if _is_about_one_of_several(situation) else Action.SEARCH_PRODUCTS
    if reading.asks_stock(text) and "check_inventory" in situation.open_tools:
        return Action.CHECK_INVENTORY
    return Action.SHOW_PRODUCT


def _looks_further(situation: Situation, product: ProductFact) -> bool:
    """The message asks for something else than the product that the talk was about."""
    text = situation.text
    if reading.asks_catalogue(text) or reading.asks_others(text) or _asks_by_price(situation):
        return True
    words = naming.keywords(text)
    if not words or naming.mentions(f"{product.name} {product.description}", words):
        return False
    return reading.asks_for_something(text) or not _was_just_told(situation)


def _asks_by_price(situation: Situation) -> bool:
    """`under $50`, `the cheapest`: whatever it is, not whether the product just told of costs so much."""
    text, said = situation.text, situation.entities
    limited = said.price_max is not None or said.price_min is not None
    wanted = limited or reading.wants_cheapest(text) or reading.wants_dearest(text)
    return wanted and not reading.points(text)


def _was_just_told(situation: Situation) -> bool:
    """The last message was about one product."""
    return len(naming.find_listed(situation.shown, situation.previous_text)) == 1


def _is_about_one_of_several(situation: Situation) -> bool:
    """`is it in stock?` behind a list of products: which one?"""
    text = situation.text
    widens = reading.asks_catalogue(text) or reading.asks_others(text) or reading.compares(text)
    widens = widens or _asks_by_price(situation)
    listed = naming.find_listed(situation.shown, situation.previous_text)
    return len(listed) > 1 and not widens and not naming.keywords(text)


def _about_price(situation: Situation) -> Action:
    product, offer = _meant(situation), _standing(situation)
    entities, tools = situation.entities, situation.open_tools
    if entities.coupon_code is not None:
        return Action.CALCULATE_OFFER if "validate_discount_code" in tools else Action.EXPLAIN_NO_DISCOUNT
    if product is None and not naming.keywords(entities.product or ""):
        return Action.CLARIFY
    if product is None:
        return Action.CALCULATE_OFFER if "propose_price" in tools else Action.SEARCH_PRODUCTS
    if product.amount_type == "custom" and entities.proposed_price is not None:
        return Action.GENERATE_CHECKOUT
    if offer is not None and offer.status == "open" and _meets(situation, offer):
        return Action.GENERATE_CHECKOUT
    if any(each.status == "pending_approval" and each.product_id == product.product_id for each in situation.offers):
        return Action.REQUEST_APPROVAL
    if not product.negotiable or "propose_price" not in tools:
        return Action.EXPLAIN_NO_DISCOUNT
    return Action.CALCULATE_OFFER


def _about_buying(situation: Situation) -> Action:
    product, is_open = _meant(situation), _has_open_offer(situation)
    if situation.entities.coupon_code is not None and not is_open:
        return _about_price(situation)
    if _names_another_price(situation, product):
        return _about_price(situation)
    if product is None and not is_open:
        if reading.asks_how_to_pay(situation.text):
            return Action.ANSWER_FROM_KNOWLEDGE
        said = situation.entities.product or (situation.text if _is_unclear(situation) else "")
        return Action.SEARCH_PRODUCTS if naming.keywords(said) else Action.CLARIFY
    return Action.GENERATE_CHECKOUT if _is_decided(situation, product) else Action.SHOW_PRODUCT


def _is_decided(situation: Situation, product: ProductFact | None) -> bool:
    """The visitor surely wants to buy, and knows what for how much; else both are said once more first."""
    unsure = _is_unclear(situation) and not reading.says_yes(situation.text)
    is_bare = naming.is_bare_name(situation.text, product) or naming.is_bare_place(situation.text)
    if unsure or is_bare or _is_guessed(situation, product):
        return False
    known = situation.intent is not Intent.PURCHASE_INTENT or _has_open_offer(situation)
    return known or (product is not None and _price_was_told(situation, product))


def _is_guessed(situation: Situation, product: ProductFact | None) -> bool:
    """Of several that were shown nothing points to this one but that it came last: `I'd pay by card` chose none."""
    if product is None or len(situation.shown) < 2 or _named(situation) is not None or _was_just_told(situation):
        return False
    told = situation.previous_action in {Action.CALCULATE_OFFER, Action.SHOW_PRODUCT}
    began = told or naming.find_ordered(situation.shown, situation.checkouts) is not None
    return not began and all(offer.product_id != product.product_id for offer in situation.offers)


def _about_shipping(situation: Situation) -> Action:
    names_country = situation.entities.country is not None and "quote_shipping" in situation.open_tools
    return Action.QUOTE_SHIPPING if names_country else Action.ANSWER_FROM_KNOWLEDGE


def _standing(situation: Situation) -> OfferFact | None:
    """The offer of the product that is meant; where none is, the newest. An open one before one that waits."""
    product = _meant(situation)
    mine = [each for each in situation.offers if product is None or each.product_id == product.product_id]
    return next((each for each in mine if each.status == "open"), next(iter(mine), None))


def _has_open_offer(situation: Situation) -> bool:
    offer = _standing(situation)
    return offer is not None and offer.status == "open"


def _waits_to_be_paid(situation: Situation) -> bool:
    """The checkout that we just opened is there: an `ok` to it asks for nothing."""
    newest = next(iter(situation.checkouts), None)
    return situation.previous_action == Action.GENERATE_CHECKOUT and newest is not None and newest.status == "open"


def _meets(situation: Situation, offer: OfferFact) -> bool:
    """The visitor names the offered price or more: that is an acceptance, not a new wish."""
    entities = situation.entities
    price = amounts.stated(entities.proposed_price, said_in=entities.currency, currency=offer.currency)
    return price is not None and price >= offer.amount


def _names_another_price(situation: Situation, product: ProductFact | None) -> bool:
    """`I'll take it for 80`: a wish about the price, unless 80 is what we offered or the buyer chooses the price."""
    if situation.entities.proposed_price is None or product is None or product.amount_type == "custom":
        return False
    offer = _standing(situation)
    return offer is None or offer.status != "open" or not _meets(situation, offer)


def _price_was_told(situation: Situation, product: ProductFact) -> bool:
    told = situation.previous_text or ""
    return product.name in told and bool(product.price_text) and product.price_text in told


def _meant(situation: Situation) -> ProductFact | None:
    return naming.find_meant(
        situation.text, situation.shown, product=situation.entities.product, previous_text=situation.previous_text,
        fallback=naming.find_ordered(situation.shown, situation.checkouts) or situation.focus,
        is_about_price=situation.intent is Intent.PRICE_NEGOTIATION,
    )  # fmt: skip


def _named(situation: Situation) -> ProductFact | None:
    return naming.find_named(
        situation.text, situation.shown, product=situation.entities.product, previous_text=situation.previous_text
    )
