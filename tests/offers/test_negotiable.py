"""OFFERS.md D1 as a table."""

from uuid import UUID

import msgspec
import pytest

from agentpay.catalog.prices import PriceFacts, Trial
from agentpay.offers.negotiable import Negotiable, NotNegotiable, negotiable

PRICE = UUID("2004b4de-069a-453f-bac4-62d9453d6476")
ONE_FIXED = PriceFacts(
    product_id=UUID(int=1),
    currency="usd",
    amount_type="fixed",
    price_id=PRICE,
    amount=9500,
    is_from=False,
    static_prices=1,
    is_metered=False,
    recurring_interval=None,
    recurring_interval_count=None,
    trial=None,
)
MONTHLY = {"recurring_interval": "month", "recurring_interval_count": 1}
TRIAL = {"trial": Trial("day", 7)}


def but(**changes: object) -> PriceFacts:
    return msgspec.structs.replace(ONE_FIXED, **changes)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (ONE_FIXED, "percentage"),
        (but(**MONTHLY), "fixed"),
        (but(**MONTHLY, **TRIAL), "fixed"),
        (but(**TRIAL), "percentage"),
    ],
)
def test_one_fixed_price_is_negotiable_and_never_with_a_trial(facts: PriceFacts, kind: str) -> None:
    made = negotiable(facts)
    assert isinstance(made, Negotiable)
    assert (made.kind, made.price_id, made.list_amount, made.currency) == (kind, PRICE, 9500, "usd")
    assert made.allow_trial is False


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (but(amount=0), "free"),
        (but(amount_type="custom", amount=None), "pay_what_you_want"),
        (but(amount_type="seat_based", amount=None), "not_negotiable_per_unit"),
        (but(amount_type="unit_based", amount=None), "not_negotiable_per_unit"),
        (but(static_prices=2, price_id=None), "not_negotiable_several_prices"),
        (but(is_metered=True), "not_negotiable_metered"),
        (but(static_prices=0, is_metered=True, amount_type="metered", price_id=None), "not_negotiable_metered"),
        (None, "currency"),
        (but(amount_type="auction"), "not_negotiable"),
        (but(amount=None), "not_negotiable"),
    ],
)
def test_whatever_a_buyer_can_change_is_not_negotiable(facts: PriceFacts | None, reason: str) -> None:
    assert negotiable(facts) == NotNegotiable(reason)  # type: ignore[arg-type] # a str enum
