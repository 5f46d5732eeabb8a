"""OFFERS.md D1 as a table."""

from uuid import UUID

import msgspec
import pytest

from agentpay.offers.negotiable import Negotiable, NotNegotiable, PriceFacts, negotiable

PRICE = UUID("2004b4de-069a-453f-bac4-62d9453d6476")
ONE_FIXED = PriceFacts(currency="usd", static_prices=1, price_id=PRICE, amount_type="fixed", amount=9500)


def but(**changes: object) -> PriceFacts:
    return msgspec.structs.replace(ONE_FIXED, **changes)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (ONE_FIXED, "percentage"),
        (but(is_recurring=True), "fixed"),
        (but(is_recurring=True, has_trial=True), "fixed"),
        (but(has_trial=True), "percentage"),
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
        (but(amount_type="free", amount=None), "free"),
        (but(amount_type="custom", amount=None), "pay_what_you_want"),
        (but(amount_type="seat_based", amount=None), "not_negotiable_per_unit"),
        (but(amount_type="unit_based", amount=None), "not_negotiable_per_unit"),
        (but(static_prices=2), "not_negotiable_several_prices"),
        (but(has_metered=True), "not_negotiable_metered"),
        (but(static_prices=0, has_metered=True), "not_negotiable_metered"),
        (PriceFacts(currency="eur", static_prices=0), "currency"),
        (but(amount_type="auction"), "not_negotiable"),
        (but(amount=None), "not_negotiable"),
    ],
)
def test_whatever_a_buyer_can_change_is_not_negotiable(facts: PriceFacts, reason: str) -> None:
    assert negotiable(facts) == NotNegotiable(reason)  # type: ignore[arg-type] # a str enum
