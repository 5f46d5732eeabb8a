"""The merchant's own codes: which may be used, and what they take off. Pure.

A coupon is a Polar discount with a code. It is used instead of an offer, never with one, and enters a checkout by the
discount's id, because `discount_code` on creation does nothing (polar/API.md § 1.6).
"""

import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from agentpay.kit.money import minimum_charge
from agentpay.offers.bound import polar_percentage_discount
from agentpay.polar.types import Discount

# Polar's codes are letters and digits only; anything else could act as a wildcard in its search (OFFERS 33).
_CODE = re.compile(r"[A-Za-z0-9]{3,256}")


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A code's discount as it was when looked up: percentage (`basis_points`) or fixed (`amounts` by currency)."""

    discount_id: UUID
    code: str
    basis_points: int | None
    amounts: dict[str, int] | None
    duration: str
    duration_in_months: int | None = None

    def discount_on(self, list_amount: int, *, currency: str) -> int:
        """What it takes off, by Polar's own rounding; at most the whole amount."""
        if self.basis_points is not None:
            return polar_percentage_discount(list_amount, self.basis_points)
        return min(list_amount, (self.amounts or {}).get(currency, 0))


def is_code(text: str) -> bool:
    """Whether it could be a code at all."""
    return _CODE.fullmatch(text) is not None


def coupon_of(
    found: Iterable[Discount], *, code: str, product_id: UUID, currency: str, list_amount: int, now: datetime
) -> Coupon | None:
    """The coupon behind `code` that Polar would accept for this purchase now, or None.

    Refused too is what would leave an amount that no card can be charged (above zero and below the minimum).
    """
    for discount in found:
        if discount.code is None or discount.code.casefold() != code.casefold():
            continue
        coupon = Coupon(
            discount_id=discount.id,
            code=discount.code,
            basis_points=discount.basis_points if discount.type == "percentage" else None,
            amounts=discount.amounts if discount.type == "fixed" else None,
            duration=discount.duration,
            duration_in_months=discount.duration_in_months,
        )
        if _is_running(discount, now) and _fits(discount, product_id=product_id, currency=currency):
            rest = list_amount - coupon.discount_on(list_amount, currency=currency)
            if list_amount > 0 and (rest == 0 or rest >= minimum_charge(currency)):
                return coupon
    return None


def _is_running(discount: Discount, now: datetime) -> bool:
    has_begun = discount.starts_at is None or discount.starts_at <= now
    has_room = discount.max_redemptions is None or discount.redemptions_count < discount.max_redemptions
    return has_begun and has_room and (discount.ends_at is None or discount.ends_at > now)


def _fits(discount: Discount, *, product_id: UUID, currency: str) -> bool:
    if discount.products and product_id not in [product.id for product in discount.products]:
        return False
    return discount.basis_points is not None if discount.type == "percentage" else currency in (discount.amounts or {})
