"""Sums of a checkout: prices, discounts and tax. Pure, in minor units (contract §§ 2.3–3.6; OFFERS 20, D1)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import constants
from agentpay.sandbox.polar.entities import Address, Discount, Price
from agentpay.sandbox.polar.errors import Broken

SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "brl": "R$", "inr": "₹", "cad": "CA$", "aud": "A$"}
BASIS_POINTS: Final = 10_000


def shown_amount(amount: int, currency: str) -> str:
    """As Polar's messages write it: `$0.50`, `¥80`, `PLN 2.00`."""
    symbol = SYMBOLS.get(currency, f"{currency.upper()} ")
    if currency in constants.ZERO_DECIMAL:
        return f"{symbol}{amount:,}"
    return f"{symbol}{amount // 100:,}.{amount % 100:02d}"


def half_away(value: Fraction | float) -> int:
    """Rounded half away from zero; a float is taken at its exact binary value, as Polar's own formula does."""
    exact = Fraction(value)
    return (-1 if exact < 0 else 1) * int(abs(exact) + Fraction(1, 2))


def discount_of(discount: Discount, amount: int, currency: str) -> int:
    """What the discount takes off. Raises `Broken` when a fixed discount has lost the currency (OFFERS 30)."""
    if discount.type == "percentage":
        return half_away(amount * ((discount.basis_points or 0) / BASIS_POINTS))
    amounts = discount.amounts or {}
    if currency not in amounts:
        raise Broken(f"discount {discount.id} has no amount in {currency}")
    return min(amounts[currency], amount)


def seat_charge(tiers: dict[str, Any], seats: int) -> int:
    """Volume: every seat at the price of the tier that holds the last one. Graduated: each seat at its own tier's."""
    if tiers["seat_tier_type"] == "graduated":
        total = 0
        for tier in tiers["tiers"]:
            last = seats if tier["max_seats"] is None else min(seats, tier["max_seats"])
            total += max(0, last - tier["min_seats"] + 1) * int(tier["price_per_seat"])
        return total
    return seats * price_per_seat(tiers, seats)


def price_per_seat(tiers: dict[str, Any], seats: int) -> int:
    for tier in tiers["tiers"]:
        if tier["min_seats"] <= seats and (tier["max_seats"] is None or seats <= tier["max_seats"]):
            return int(tier["price_per_seat"])
    return int(tiers["tiers"][-1]["price_per_seat"])


def unit_charge(tiers: dict[str, Any], units: int) -> int:
    """Unit amounts are decimals, so the sum is rounded once."""
    total, below = Fraction(0), 0
    for tier in tiers["tiers"]:
        bound = units if tier["bound"] is None else min(units, tier["bound"])
        if tiers["type"] == "volume" and (tier["bound"] is None or units <= tier["bound"]):
            return half_away(units * Fraction(tier["unit_amount"]))
        total += max(0, bound - below) * Fraction(tier["unit_amount"])
        below = bound
    return half_away(total)


def prices_in(prices: Sequence[Price], *currencies: str) -> tuple[list[Price], str] | None:
    """The prices of the first of these currencies that has any."""
    for currency in currencies:
        found = [price for price in prices if price.price_currency == currency]
        if found:
            return found, currency
    return None


def default_price(prices: Sequence[Price]) -> Price:
    """The price that stands for the whole set: static before per-seat before metered."""
    order = {"fixed": 0, "custom": 0, "seat_based": 1, "unit_based": 1}
    return min(prices, key=lambda price: order.get(price.amount_type, 2))


def charge_of(price: Price, *, amount: int | None, seats: int | None, units: int | None) -> int:
    """The up-front part of one price; metered prices add nothing."""
    if price.amount_type == "fixed":
        return price.price_amount or 0
    if price.amount_type == "custom":
        if amount is not None:
            return amount
        return price.preset_amount or price.minimum_amount or 0
    if price.amount_type == "seat_based" and price.seat_tiers is not None:
        return seat_charge(price.seat_tiers, seats or price.seat_tiers["minimum_seats"])
    if price.amount_type == "unit_based" and price.tiers is not None:
        return unit_charge(price.tiers, units or price.minimum_units or 1)
    return 0


class Tax(msgspec.Struct, frozen=True):
    net: int
    amount: int
    behavior: str | None


def tax_of(amount: int, address: Address | None, behavior: str) -> Tax | None:
    """Tax on `amount` (after discount) for a buyer there; None when too little of the address is known.

    `behavior`: inclusive, exclusive or location (US, CA and IN add it, everywhere else the price holds it).
    """
    if address is None or (address.country in constants.STATES_REQUIRED and address.state is None):
        return None
    if behavior == "location":
        behavior = "exclusive" if address.country in constants.EXCLUSIVE_COUNTRIES else "inclusive"
    rate = constants.TAX_BASIS_POINTS.get(address.country, 0)
    if behavior == "exclusive":
        return Tax(amount, half_away(Fraction(amount * rate, BASIS_POINTS)), behavior)
    net = half_away(Fraction(amount * BASIS_POINTS, BASIS_POINTS + rate))
    return Tax(net, amount - net, behavior)
