"""What one request tells this provider, read once: products in view, the price that stands, what was asked. Pure."""

import msgspec

from agentpay.llm.template import facts, naming
from agentpay.llm.template.facts import Results
from agentpay.llm.template.voice import Voice
from agentpay.llm.types import Brief, CheckoutFact, OfferFact, ProductFact, Request


class Scene(msgspec.Struct, frozen=True):
    """`focus`: the product the visitor means now. `standing`: the offer that a yes accepts, or has accepted."""

    brief: Brief
    results: Results
    voice: Voice
    open_tools: frozenset[str]
    found: tuple[ProductFact, ...]
    focus: ProductFact | None
    standing: OfferFact | None
    pending: OfferFact | None

    @property
    def can_ask_person(self) -> bool:
        return "request_human" in self.open_tools and self.brief.handoff == "none"


def read(request: Request) -> Scene:
    brief = request.brief
    found = facts.products_of(request.results)
    focus = _focus(brief, found, request.results)
    return Scene(
        brief=brief,
        results=request.results,
        voice=Voice(brief),
        open_tools=frozenset(tool.name for tool in request.tools),
        found=found,
        focus=focus,
        standing=find_offer(brief, focus, "open", "accepted"),
        pending=find_offer(brief, focus, "pending_approval"),
    )


def find_offer(brief: Brief, focus: ProductFact | None, *statuses: str) -> OfferFact | None:
    """The newest offer of these statuses that has time left: of the product in focus; of any where none is in focus."""
    living = (offer for offer in brief.offers if offer.status in statuses and has_time_left(offer, brief))
    return next((offer for offer in living if focus is None or offer.product_id == focus.product_id), None)


def has_time_left(offer: OfferFact, brief: Brief) -> bool:
    """Offers whose time cannot be compared are left to the tool's judgement."""
    if (offer.expires_at.tzinfo is None) != (brief.now.tzinfo is None):
        return True
    return offer.expires_at > brief.now


def find_checkout(brief: Brief, *statuses: str) -> CheckoutFact | None:
    return next((checkout for checkout in brief.checkouts if checkout.status in statuses), None)


def entity(brief: Brief, name: str) -> str | None:
    """An understood entity that is text."""
    value = brief.entities.get(name)
    return value.strip() or None if isinstance(value, str) else None


def entity_number(brief: Brief, name: str) -> int | None:
    return facts.whole_of(brief.entities, name)


def _focus(brief: Brief, found: tuple[ProductFact, ...], results: Results) -> ProductFact | None:
    """Named among what was just found, else the only thing found, else what the message means in the talk so far."""
    product = entity(brief, "product")
    named = naming.find_named(brief.text, found, product=product)
    if named is not None:
        return named
    if len(found) == 1 and not facts.searched_in_vain(results):
        return found[0]
    meant = naming.find_meant(
        brief.text,
        brief.shown,
        product=product,
        previous_text=brief.previous_text,
        fallback=naming.find_ordered(brief.shown, brief.checkouts) or brief.focus,
        is_about_price=brief.intent == "price_negotiation",
    )
    return facts.with_fresh(meant, found)
