"""Is Polar's checkout the one we asked for? Pure. Nothing leaves us before the answer is yes (OFFERS D2)."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from agentpay.polar.types import Checkout, Discount


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What the 201 must say. Amounts in minor units, before tax."""

    checkout_id: UUID
    """Ours, as in `metadata.agentpay_checkout_id`."""
    product_id: UUID
    currency: str
    seats: int | None
    discount_id: UUID | None
    list_amount: int | None
    """None = whatever Polar's list says: without a concession nothing depends on it."""
    amount: int | None
    """After discount; None = as Polar says."""
    allow_trial: bool


def differences(checkout: Checkout, expected: Expectation) -> tuple[str, ...]:
    """Names of the fields that are not as expected; empty = it may be shown."""
    return tuple(_differences(checkout, expected))


def _differences(checkout: Checkout, expected: Expectation) -> Iterator[str]:
    if checkout.status != "open":
        yield "status"
    if not checkout.url.startswith(("https://", "http://")):
        yield "url"
    if checkout.metadata.get("agentpay_checkout_id") != str(expected.checkout_id):
        yield "metadata"
    if checkout.product_id != expected.product_id or [each.id for each in checkout.products] != [expected.product_id]:
        yield "product_id"
    if checkout.currency != expected.currency:
        yield "currency"
    if checkout.seats != expected.seats:
        yield "seats"
    if checkout.discount_id != expected.discount_id:
        yield "discount_id"
    if checkout.allow_discount_codes:
        yield "allow_discount_codes"
    if expected.list_amount is not None and checkout.amount != expected.list_amount:
        yield "list_amount"
    if expected.amount is not None and checkout.amount - checkout.discount_amount != expected.amount:
        yield "amount"
    if not expected.allow_trial and (checkout.allow_trial or checkout.trial_end is not None):
        yield "trial"
    if any(price.source != "catalog" for price in (checkout.prices or {}).get(str(expected.product_id), ())):
        yield "prices"


class ExpectedDiscount(msgspec.Struct, frozen=True, kw_only=True):
    """What the discount of an offer must be: either `basis_points` or `amounts` in one currency."""

    offer_id: UUID
    product_id: UUID
    basis_points: int | None
    amounts: dict[str, int] | None


def is_discount_as_asked(discount: Discount, expected: ExpectedDiscount) -> bool:
    """Exactly ours: size, one redemption, once, no code, an end, this product only."""
    return (
        discount.metadata.get("agentpay_offer_id") == str(expected.offer_id)
        and discount.type == ("fixed" if expected.basis_points is None else "percentage")
        and discount.basis_points == expected.basis_points
        and (discount.amounts or None) == expected.amounts
        and discount.duration == "once"
        and discount.max_redemptions == 1
        and discount.code is None
        and discount.ends_at is not None
        and [product.id for product in discount.products or ()] == [expected.product_id]
    )


def expectation_of(row: Mapping[str, Any]) -> Expectation:
    """What the answer to the POST of this row must be, from what `outbox.mark_sent` wrote before it."""
    is_conceded = row["offer_id"] is not None and row["amount"] < row["list_amount"]
    is_chosen = any(
        price["amount_type"] == "custom" and price["price_currency"] == row["currency"] for price in row["prices"]
    )
    is_exact = row["discount_id"] is not None or is_chosen
    return Expectation(
        checkout_id=row["id"],
        product_id=row["product_id"],
        currency=row["currency"],
        seats=row["seats"],
        discount_id=row["discount_id"],
        list_amount=row["list_amount"] if is_exact else None,
        amount=row["amount"] if is_exact else None,
        allow_trial=not is_conceded,
    )
