"""What a purchase costs at list price, and whether it can be asked for. Pure; money in minor units.

Polar fixes the charge of a checkout from the product's prices in one currency: fixed + pay what you want + seats or
units; metered prices add nothing up front (polar/API.md § 2.3).
"""

from collections.abc import Sequence

import msgspec

from agentpay.catalog import prices, sellable
from agentpay.checkout.errors import ProductUnavailable
from agentpay.kit.errors import Invalid
from agentpay.kit.money import AMOUNT_MAX, format_amount, minimum_charge
from agentpay.polar.types import Price, Product, SeatTiers

SEATS_MAX = 10_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One product in one currency, before any discount."""

    currency: str
    seats: int | None
    list_amount: int
    custom_amount: int | None
    """What the buyer chose to pay, for pay-what-you-want prices only; part of `list_amount`."""


def terms_of(product: Product, *, currency: str, seats: int | None, amount: int | None) -> Terms:
    """The terms of buying `product` now.

    `currency` must be one that it has. Raises `ProductUnavailable`, or `Invalid` at ["body","seats"] and
    ["body","amount"] for what the price does not allow.
    """
    offered = sellable.prices_in(product, currency=currency)
    if not offered or product.is_archived or product.visibility == "draft":
        raise ProductUnavailable
    seats = _seats(_of_type(offered, "seat_based"), seats)
    custom_amount = _custom_amount(_of_type(offered, "custom"), amount)
    list_amount = charge(offered, seats=seats, custom_amount=custom_amount)
    if list_amount > AMOUNT_MAX:
        raise Invalid.at(("body", "seats"), "This many cannot be paid at once.")
    return Terms(currency=currency, seats=seats, list_amount=list_amount, custom_amount=custom_amount)


def charge(offered: Sequence[Price], *, seats: int | None, custom_amount: int | None) -> int:
    """The up-front charge for prices of one currency. Several fixed prices are alternatives: the lowest counts."""
    fixed = [price.price_amount or 0 for price in offered if price.amount_type == "fixed"]
    total = min(fixed, default=0)
    for price in offered:
        if price.amount_type == "custom":
            total += default_amount(price) if custom_amount is None else custom_amount
        elif price.amount_type == "seat_based" and price.seat_tiers is not None:
            total += _seat_charge(price.seat_tiers, seats or _seats_min(price.seat_tiers))
        elif price.amount_type == "unit_based":
            ladder = prices.ladder_of(price)
            total += ladder.total_at_minimum if ladder else 0
    return total


def default_amount(price: Price) -> int:
    """What Polar takes for a pay-what-you-want price when nothing was chosen."""
    return price.preset_amount or price.minimum_amount or 0


def _of_type(offered: Sequence[Price], amount_type: str) -> Price | None:
    return next((price for price in offered if price.amount_type == amount_type), None)


def _seats(price: Price | None, seats: int | None) -> int | None:
    if price is None or price.seat_tiers is None:
        if seats is not None:
            raise Invalid.at(("body", "seats"), "This product is not sold by seats.")
        return None
    least = _seats_min(price.seat_tiers)
    most = min(price.seat_tiers.maximum_seats or SEATS_MAX, SEATS_MAX)
    if seats is not None and not least <= seats <= most:
        raise Invalid.at(("body", "seats"), f"From {least} to {most}.")
    return least if seats is None else seats


def _custom_amount(price: Price | None, amount: int | None) -> int | None:
    if price is None:
        if amount is not None:
            raise Invalid.at(("body", "amount"), "The price of this product is fixed.")
        return None
    chosen = default_amount(price) if amount is None else amount
    least, currency = price.minimum_amount or 0, price.price_currency
    most = AMOUNT_MAX if price.maximum_amount is None else price.maximum_amount
    if not least <= chosen <= most:
        said = f"From {format_amount(least, currency)} to {format_amount(most, currency)}."
        raise Invalid.at(("body", "amount"), said)
    if 0 < chosen < minimum_charge(currency):
        said = f"0 or at least {format_amount(minimum_charge(currency), currency)}."
        raise Invalid.at(("body", "amount"), said)
    return chosen


def _seats_min(tiers: SeatTiers) -> int:
    return max(1, tiers.minimum_seats or min((tier.min_seats for tier in tiers.tiers), default=1))


def _seat_charge(tiers: SeatTiers, seats: int) -> int:
    """Volume: every seat at the price of the tier that holds the last one. Graduated: each at its own tier's."""
    steps = sorted(tiers.tiers, key=lambda tier: tier.min_seats)
    if tiers.seat_tier_type == "graduated":
        return sum(
            max(0, min(seats, tier.max_seats or seats) - tier.min_seats + 1) * tier.price_per_seat for tier in steps
        )
    reached = [tier for tier in steps if tier.min_seats <= seats] or steps[:1]
    return seats * reached[-1].price_per_seat if reached else 0
