"""What may be asked of Polar at this moment, for a row that was inserted some time ago. Pure.

Prices, rules and the offer's time are those of now: what became tighter ends the offer, a cheaper list is passed on.
"""

import msgspec

from agentpay.agents.rules import Rules
from agentpay.catalog.prices import price_facts
from agentpay.catalog.sellable import is_sellable
from agentpay.checkout.coupons import Coupon
from agentpay.checkout.errors import ProductUnavailable
from agentpay.checkout.terms import Terms, terms_of
from agentpay.kit.errors import Invalid
from agentpay.offers.bound import bound
from agentpay.polar.types import Product


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """The row's own terms. `list_amount` is what a pay-what-you-want buyer chose."""

    currency: str
    seats: int | None
    list_amount: int
    coupon: Coupon | None


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted offer and the rules it must still be within."""

    amount: int
    list_amount: int
    is_expired: bool
    rules: Rules
    default_currency: str


class Sell(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for this. `conceded`: through our own discount; `is_lower`: the list fell to the offer or below it."""

    list_amount: int
    amount: int
    custom_amount: int | None
    conceded: bool = False
    is_lower: bool = False

    @property
    def allow_trial(self) -> bool:
        """A trial would turn a deal into an order of 0 whose discount cannot be ended any more (OFFERS D1)."""
        return not self.conceded


class Stop(msgspec.Struct, frozen=True):
    """Ask for nothing. Reasons: product_unavailable, price_changed, rules_changed, offer_expired, coupon_invalid …"""

    reason: str


def plan(product: Product | None, *, want: Want, deal: Deal | None) -> Sell | Stop:
    """Steps: is it still sold · at what price · may the concession still be made."""
    if product is None or not is_sellable(product):
        return Stop("product_unavailable")
    terms = _terms(product, want)
    if isinstance(terms, Stop):
        return terms
    if deal is not None:
        return _deal(product, terms, deal)
    taken_off = want.coupon.discount_on(terms.list_amount, currency=terms.currency) if want.coupon else 0
    return Sell(
        list_amount=terms.list_amount,
        amount=terms.list_amount - taken_off,
        custom_amount=terms.custom_amount,
    )


def _terms(product: Product, want: Want) -> Terms | Stop:
    facts = price_facts(product, currency=want.currency)
    chosen = want.list_amount if facts is not None and facts.amount_type == "custom" else None
    try:
        return terms_of(product, currency=want.currency, seats=want.seats, amount=chosen)
    except ProductUnavailable:
        return Stop("product_unavailable")
    except Invalid:
        return Stop("price_changed")


def _deal(product: Product, terms: Terms, deal: Deal) -> Sell | Stop:
    if deal.is_expired:
        return Stop("offer_expired")
    if terms.list_amount <= deal.amount:
        return Sell(list_amount=terms.list_amount, amount=terms.list_amount, custom_amount=None, is_lower=True)
    facts = price_facts(product, currency=terms.currency)
    if facts is None or not facts.carries_discount or terms.list_amount != deal.list_amount:
        return Stop("price_changed")
    floor = bound(
        deal.rules,
        product_id=product.id,
        list_amount=terms.list_amount,
        currency=terms.currency,
        default_currency=deal.default_currency,
    )
    if deal.amount < floor:
        return Stop("rules_changed")
    return Sell(list_amount=terms.list_amount, amount=deal.amount, custom_amount=None, conceded=True)
