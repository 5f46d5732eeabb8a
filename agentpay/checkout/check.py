"""Was the order what we sold? Pure. Every order of ours is checked, those without a discount too (OFFERS D5).

Expected values come from our own rows, never from the order's checkout. What was paid for is `subtotal - discount`;
`net_amount` means something else where tax is included.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpay.checkout import terms
from agentpay.offers.bound import polar_percentage_discount
from agentpay.polar.types import Order, Price

# These alone do not make an order cheaper than the merchant allowed: his own list moved, or the buyer chose among it.
HARMLESS = frozenset({"list_changed", "currency", "seats", "metadata"})


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """What we asked Polar to sell. Amounts in minor units of `currency`, before tax."""

    metadata: Mapping[str, str]
    """The `agentpay_…` keys as we wrote them."""
    polar_checkout_id: UUID | None
    product_id: UUID
    currency: str
    seats: int | None
    list_amount: int
    amount: int
    """After discount: what the buyer agreed to."""
    discount_id: UUID | None
    """Our discount, or the coupon's."""
    basis_points: int | None
    """Of a percentage; None = a fixed discount, or none."""
    floor_amount: int | None
    """The bound of the offer; None without an offer."""
    floors_currency_only: bool = False
    """A floor of the product stands in `currency`: elsewhere nothing may be conceded (API § 4)."""
    allow_trial: bool
    prices: Sequence[Price]
    """The product's list in all its currencies, at the time."""

    @property
    def granted(self) -> int:
        return self.list_amount - self.amount


class Verdict(msgspec.Struct, frozen=True):
    """`flags` in a fixed order; `below_bound`: the buyer paid less than we ever asked for."""

    flags: tuple[str, ...]
    below_bound: bool


def check(order: Order, sold: Sold) -> Verdict:
    """Judge a sale (billing_reason purchase or subscription_create). A flagged order is still a sale."""
    flags = tuple(dict.fromkeys(_flags(order, sold)))
    return Verdict(flags, bool(set(flags) - HARMLESS))


def is_trial_start(order: Order) -> bool:
    """The order of 0 that begins a trial; its discount, if any, comes with the first real charge (OFFERS 18)."""
    subscription = order.subscription
    return (
        order.billing_reason == "subscription_create"
        and order.subtotal_amount == 0
        and subscription is not None
        and (subscription.status == "trialing" or subscription.trial_end is not None)
    )


def _flags(order: Order, sold: Sold) -> Iterator[str]:
    yield from _identity_flags(order, sold)
    if order.items and sum(item.amount for item in order.items) != order.subtotal_amount:
        yield "component_dropped"
    if is_trial_start(order):
        if not sold.allow_trial:
            yield "trial"
        return
    if sold.floors_currency_only and order.currency != sold.currency and order.discount_amount > 0:
        yield "floor"
    is_within = order.discount_amount <= _granted_on(order, sold)
    if not is_within:
        yield "discount_amount"
    custom = _custom_price(order, sold)
    if custom is not None:
        if order.subtotal_amount < (custom.minimum_amount or 0):
            yield "agreed"
        return
    listed = _list_amount(order, sold)
    if order.subtotal_amount != listed:
        yield "list_changed"
    if order.currency == sold.currency and order.seats == sold.seats:
        yield from _amount_flags(order, sold, has_moved=order.subtotal_amount != listed, is_within=is_within)


def _identity_flags(order: Order, sold: Sold) -> Iterator[str]:
    if order.checkout_id != sold.polar_checkout_id:
        yield "checkout"
    if any(order.metadata.get(key) != value for key, value in sold.metadata.items()):
        yield "metadata"
    if order.product_id != sold.product_id:
        yield "product"
    if order.currency != sold.currency:
        yield "currency"
    if order.seats != sold.seats:
        yield "seats"
    if order.discount_id not in (None, sold.discount_id):
        yield "discount"


def _amount_flags(order: Order, sold: Sold, *, has_moved: bool, is_within: bool) -> Iterator[str]:
    """Where the merchant's own list moved, a share of it is judged as a share (OFFERS 13)."""
    is_share = sold.basis_points is not None or order.discount_amount == 0
    if has_moved and is_within and is_share:
        return
    paid_for = order.subtotal_amount - order.discount_amount
    if paid_for < sold.amount:
        yield "agreed"
    if sold.floor_amount is not None and paid_for < sold.floor_amount:
        yield "floor"


def _granted_on(order: Order, sold: Sold) -> int:
    """The most that may have been taken off this subtotal."""
    if order.currency == sold.currency and order.subtotal_amount == sold.list_amount:
        return sold.granted
    if sold.basis_points is not None:
        return polar_percentage_discount(order.subtotal_amount, sold.basis_points)
    return sold.granted if order.currency == sold.currency else 0


def _custom_price(order: Order, sold: Sold) -> Price | None:
    """Pay what you want: any amount from its minimum is the list price."""
    offered = (price for price in sold.prices if price.price_currency == order.currency)
    return next((price for price in offered if price.amount_type == "custom"), None)


def _list_amount(order: Order, sold: Sold) -> int:
    """What our snapshot of the list asks for what was bought, in its currency and for its seats."""
    if order.currency == sold.currency and order.seats == sold.seats:
        return sold.list_amount
    offered = [price for price in sold.prices if price.price_currency == order.currency]
    return terms.charge(offered, seats=order.seats, custom_amount=None) if offered else order.subtotal_amount


def metadata_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The `agentpay_…` metadata of a checkout row; Polar refuses empty values, so an absent offer has no key."""
    ids = {
        "agentpay_organization_id": row["organization_id"],
        "agentpay_conversation_id": row["conversation_id"],
        "agentpay_checkout_id": row["id"],
        "agentpay_offer_id": row["offer_id"],
    }
    return {key: str(value) for key, value in ids.items() if value is not None}
