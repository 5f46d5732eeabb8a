"""Every order is judged by what we asked Polar for: honest ones are clean, abused ones never go unnoticed (D5)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from agentpay.checkout.check import Sold, check
from agentpay.polar.types import Order, OrderItem, Price, SeatTier, SeatTiers, Subscription

CANDLE, PLAN, CHECKOUT, OURS, FOREIGN = (UUID(int=number) for number in range(1, 6))
METADATA = {"agentpay_organization_id": "acme", "agentpay_checkout_id": "c", "agentpay_offer_id": "o"}


def fixed(amount: int, currency: str = "usd") -> Price:
    return Price(id=uuid4(), amount_type="fixed", price_amount=amount, price_currency=currency)


def seats(per_seat: int) -> Price:
    tiers = SeatTiers(tiers=[SeatTier(price_per_seat=per_seat)], minimum_seats=1)
    return Price(id=uuid4(), amount_type="seat_based", seat_tiers=tiers)


def sold(**changes: Any) -> Sold:
    """Listed at 95.00, agreed at 85.00 by 10.53 %, never below 80.00."""
    terms = Sold(
        metadata=METADATA,
        polar_checkout_id=CHECKOUT,
        product_id=CANDLE,
        currency="usd",
        seats=None,
        list_amount=9500,
        amount=8500,
        discount_id=OURS,
        basis_points=1053,
        floor_amount=8000,
        allow_trial=False,
        prices=[fixed(9500), fixed(8900, "eur")],
    )
    return msgspec.structs.replace(terms, **changes)


def plain(**changes: Any) -> Sold:
    """The same at list price."""
    values = {"amount": 9500, "discount_id": None, "basis_points": None, "floor_amount": None, "allow_trial": True}
    return sold(**{**values, **changes})


def order(subtotal: int = 9500, discount: int = 1000, **changes: Any) -> Order:
    """Tax included, so `net_amount` says nothing about the price."""
    paid_for = subtotal - discount
    values: dict[str, Any] = {
        "id": uuid4(),
        "created_at": datetime(2026, 11, 25, tzinfo=UTC),
        "status": "paid",
        "billing_reason": "purchase",
        "currency": "usd",
        "subtotal_amount": subtotal,
        "discount_amount": discount,
        "net_amount": paid_for * 10 // 12,
        "tax_amount": paid_for - paid_for * 10 // 12,
        "total_amount": paid_for,
        "paid": True,
        "checkout_id": CHECKOUT,
        "product_id": CANDLE,
        "discount_id": OURS if discount else None,
        "metadata": METADATA,
        "items": [OrderItem(amount=subtotal)],
    }
    return Order(**{**values, **changes})


TRIAL = Subscription(id=uuid4(), status="trialing", trial_end=datetime(2026, 12, 25, tzinfo=UTC))

HONEST: dict[str, tuple[Order, Sold, tuple[str, ...]]] = {
    "the agreed price": (order(), sold(), ()),
    "list price without a concession": (order(discount=0), plain(), ()),
    "list price after the discount was taken off": (order(discount=0), sold(), ()),
    "a free product": (order(0, 0), plain(list_amount=0, amount=0, prices=[fixed(0)]), ()),
    "a coupon": (order(discount=1900), plain(amount=7600, discount_id=OURS, basis_points=2000), ()),
    "everything off by the merchant's own code": (
        order(discount=9500), plain(amount=0, discount_id=OURS, basis_points=10000), (),
    ),
    "the merchant lowered his list and nothing was conceded": (order(9000, 0), plain(), ("list_changed",)),
    "the merchant lowered his list, the share is kept": (order(5000, 527), sold(), ("list_changed",)),
    "the merchant raised his list": (order(12000, 1264), sold(), ("list_changed",)),
    "the merchant raised his list under a fixed amount": (
        order(12000, 1000), sold(basis_points=None), ("list_changed",),
    ),
    "another currency at its list price": (order(8900, 0, currency="eur"), sold(), ("currency",)),
    "another currency with the same share": (order(8900, 937, currency="eur"), sold(), ("currency",)),
    "another currency at its list price, where a floor binds to one": (
        order(8900, 0, currency="eur"), sold(floors_currency_only=True), ("currency",),
    ),
    "a trial begins": (
        order(0, 0, billing_reason="subscription_create", subscription=TRIAL), plain(), (),
    ),
    "more seats at their list price": (
        order(6000, 0, seats=6), plain(seats=5, list_amount=5000, amount=5000, prices=[seats(1000)]), ("seats",),
    ),
    "pay what you want, less than first said": (
        order(600, 0),
        plain(
            list_amount=2000, amount=2000,
            prices=[Price(id=uuid4(), amount_type="custom", minimum_amount=500, preset_amount=2000)],
        ),
        (),
    ),
    "metadata edited by the merchant": (order(metadata={}), sold(), ("metadata",)),
}  # fmt: skip

ABUSED: dict[str, tuple[Order, Sold, tuple[str, ...]]] = {
    "below what was agreed and the floor": (order(discount=2000), sold(), ("discount_amount", "agreed", "floor")),
    "below what was agreed": (order(discount=1001), sold(), ("discount_amount", "agreed")),
    "a fixed amount off a lowered list": (
        order(5000, 1000), sold(basis_points=None), ("list_changed", "agreed", "floor"),
    ),
    "a larger share than granted": (order(5000, 2000), sold(), ("list_changed", "discount_amount", "agreed", "floor")),
    "a discount that is not ours": (
        order(discount=9000, discount_id=FOREIGN), sold(), ("discount", "discount_amount", "agreed", "floor"),
    ),
    "a discount where none was": (
        order(discount=500, discount_id=FOREIGN), plain(), ("discount", "discount_amount", "agreed"),
    ),
    "the base fee dropped at list price": (
        order(1000, 0, seats=1, items=[OrderItem(amount=10000), OrderItem(amount=1000)]),
        plain(seats=1, list_amount=11000, amount=11000, prices=[fixed(10000), seats(1000)]),
        ("component_dropped", "list_changed"),
    ),
    "a trial where none was sold": (
        order(0, 0, billing_reason="subscription_create", subscription=TRIAL), sold(), ("trial",),
    ),
    "another product": (order(product_id=PLAN), sold(), ("product",)),
    "another checkout": (order(checkout_id=FOREIGN), sold(), ("checkout",)),
    "another currency, where a floor binds to one": (
        order(8900, 937, currency="eur"), sold(floors_currency_only=True), ("currency", "floor"),
    ),
    "our amount off another currency": (
        order(8900, 1000, currency="eur"), sold(basis_points=None), ("currency", "discount_amount"),
    ),
    "pay what you want below its minimum": (
        order(100, 0),
        plain(
            list_amount=2000, amount=2000,
            prices=[Price(id=uuid4(), amount_type="custom", minimum_amount=500, preset_amount=2000)],
        ),
        ("agreed",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_order_is_not_below_the_bound(name: str) -> None:
    bought, terms, flags = HONEST[name]
    verdict = check(bought, terms)
    assert set(verdict.flags) == set(flags)
    assert not verdict.below_bound


@pytest.mark.parametrize("name", ABUSED)
def test_an_abused_order_is_flagged_and_below_the_bound(name: str) -> None:
    bought, terms, flags = ABUSED[name]
    verdict = check(bought, terms)
    assert set(verdict.flags) == set(flags)
    assert verdict.below_bound


def test_what_was_paid_for_is_never_read_from_the_net_amount() -> None:
    taxed = order()
    assert taxed.net_amount < 8000
    assert not check(taxed, sold()).below_bound
