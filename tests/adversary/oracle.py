"""What the merchant's rules allow, in an arithmetic of its own: fractions, from the text of API § 4 and OFFERS.md D1.

Nothing here calls what it is to judge.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from agentpay.sandbox.polar.entities import Price

SMALLEST_CHARGE: Final = {"usd": 50, "gbp": 30}
DEFAULT_CURRENCY: Final = "usd"

Rules = Mapping[str, Any]
"""As the merchant wrote them, every key there."""


def lowest(rules: Rules, *, product_id: str, prices: Sequence[Price], currency: str) -> Fraction | None:
    """The strictest bound on one piece in that currency; None: it has no price there.

    Where the buyer can change what is bought, or pays what he wants, or the rules concede nothing: the list itself.
    """
    listed = [price for price in prices if price.price_currency == currency and not price.is_archived]
    if not listed:
        return None
    amount = list_amount(listed, seats=None)
    product = rules["products"].get(product_id, {})
    if len(listed) != 1 or listed[0].amount_type != "fixed" or not rules["allow_dynamic_pricing"]:
        return Fraction(amount)
    floor = product.get("floor_amount")
    if floor is not None and currency != DEFAULT_CURRENCY:
        return Fraction(amount)
    share = share_left(rules, product_id)
    return min(Fraction(amount), max(amount * share, Fraction(floor or 0), Fraction(SMALLEST_CHARGE[currency])))


def share_left(rules: Rules, product_id: str) -> Fraction:
    """Of any list price of the product, the share that must be paid."""
    percents = [rules["max_discount_percent"]]
    own = rules["products"].get(product_id, {}).get("max_discount_percent")
    percents += [] if own is None else [own]
    shares = [1 - Fraction(str(percent)) / 100 for percent in percents]
    return max(*shares, Fraction(str(rules["price_bounds"]["min"])))


def list_amount(listed: Sequence[Price], *, seats: int | None) -> int:
    """What the list asks up front for so many seats (the fewest when not said). Pay what you want: its minimum."""
    total = 0
    for price in listed:
        match price.amount_type:
            case "fixed":
                total += price.price_amount or 0
            case "seat_based":
                assert price.seat_tiers is not None
                total += (seats or price.seat_tiers["minimum_seats"]) * price.seat_tiers["tiers"][0]["price_per_seat"]
            case "custom":
                total += price.minimum_amount or 0
    return total


def percentage_off(amount: int, basis_points: int) -> int:
    """As Polar takes it off: a float product, half away from zero."""
    taken = amount * (basis_points / 10_000)
    whole = int(taken)
    return whole + (1 if taken - whole >= 0.5 else 0)
