"""The bound and Polar's rounding: tables of cases, and properties for any rules and any list price."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpay.agents.rules import ProductRules, Rules
from agentpay.kit.money import minimum_charge
from agentpay.offers.bound import bound, polar_percentage_discount, realise
from tests.offers import strategies
from tests.offers.strategies import PRODUCT, steady


def floor_of(rules: Rules, list_amount: int, *, currency: str = "usd", default_currency: str = "usd") -> int:
    return bound(
        rules, product_id=PRODUCT, list_amount=list_amount, currency=currency, default_currency=default_currency
    )


def for_product(**limits: int) -> Rules:
    return Rules(
        max_discount_basis_points=5_000, price_min_basis_points=5_000, products={str(PRODUCT): ProductRules(**limits)}
    )


@pytest.mark.parametrize(
    ("rules", "list_amount", "floor"),
    [
        (Rules(), 9500, 8075),  # 15 %
        (Rules(), 9501, 8076),  # 8075.85 is rounded up
        (Rules(max_discount_basis_points=5_000), 9500, 6650),  # price_bounds.min 0.7 is stricter
        (Rules(max_discount_basis_points=0), 9500, 9500),
        (for_product(max_discount_basis_points=500), 9500, 9025),
        (for_product(floor_amount=8000), 9500, 8000),
        (for_product(floor_amount=8000, max_discount_basis_points=500), 9500, 9025),
        (for_product(floor_amount=12_000), 9500, 9500),  # a floor above the list concedes nothing
        (Rules(allow_dynamic_pricing=False), 9500, 9500),
        (Rules(max_discount_basis_points=10_000, price_min_basis_points=0), 9500, 50),  # never free
        (Rules(max_discount_basis_points=10_000, price_min_basis_points=0), 60, 50),
        (Rules(max_discount_basis_points=10_000, price_min_basis_points=0), 40, 40),
    ],
)
def test_the_strictest_rule_binds(rules: Rules, list_amount: int, floor: int) -> None:
    assert floor_of(rules, list_amount) == floor


def test_a_floor_amount_speaks_of_the_default_currency_only() -> None:
    rules = for_product(floor_amount=8000)
    assert floor_of(rules, 9500, currency="usd", default_currency="usd") == 8000
    assert floor_of(rules, 9500, currency="eur", default_currency="usd") == 9500
    assert floor_of(for_product(max_discount_basis_points=1_000), 9500, currency="eur", default_currency="usd") == 8550


@steady
@given(strategies.rules(), strategies.list_amounts, st.sampled_from(strategies.CURRENCIES))
def test_the_bound_satisfies_every_rule_at_once(rules: Rules, list_amount: int, currency: str) -> None:
    floor = floor_of(rules, list_amount, currency=currency)
    assert 0 < floor <= list_amount
    if floor == list_amount:
        return
    product = rules.product(PRODUCT)
    assert rules.allow_dynamic_pricing
    assert floor >= minimum_charge(currency)
    assert Fraction(list_amount - floor, list_amount) <= Fraction(rules.max_discount_basis_points, 10_000)
    assert Fraction(floor, list_amount) >= Fraction(rules.price_min_basis_points, 10_000)
    if product.max_discount_basis_points is not None:
        assert Fraction(list_amount - floor, list_amount) <= Fraction(product.max_discount_basis_points, 10_000)
    if product.floor_amount is not None:
        assert currency == "usd"
        assert floor >= product.floor_amount


@pytest.mark.parametrize(
    ("list_amount", "basis_points", "discount"),
    [
        (365, 7_000, 255),
        (9500, 1_053, 1_000),
        (9500, 3_000, 2_850),
        (99, 5_000, 50),
        (1, 5_000, 1),
        (9500, 10_000, 9500),
    ],
)
def test_percentages_are_rounded_as_polar_rounds_them(list_amount: int, basis_points: int, discount: int) -> None:
    assert polar_percentage_discount(list_amount, basis_points) == discount


@steady
@given(st.integers(1, 99_999_999), st.integers(1, 10_000))
def test_polars_rounding_is_half_away_from_zero_of_its_float(list_amount: int, basis_points: int) -> None:
    exact = Decimal(list_amount * (basis_points / 10_000))
    assert polar_percentage_discount(list_amount, basis_points) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@steady
@given(strategies.list_amounts, st.data(), st.sampled_from(("percentage", "fixed")))
def test_what_is_realised_is_what_polar_will_charge_and_never_less_than_wanted(
    list_amount: int, data: st.DataObject, kind: str
) -> None:
    wanted = data.draw(st.integers(1, list_amount - 1))
    made = realise(list_amount, wanted, kind)  # type: ignore[arg-type] # one of the two
    if made is None:
        assert list_amount > 10_000
        assert polar_percentage_discount(list_amount, 1) > list_amount - wanted
        return
    assert wanted <= made.amount < list_amount
    if kind == "fixed":
        assert (made.amount, made.basis_points) == (wanted, None)
        return
    assert made.basis_points is not None
    assert 1 <= made.basis_points <= 10_000
    assert list_amount - polar_percentage_discount(list_amount, made.basis_points) == made.amount
    assert made.amount - wanted <= list_amount // 10_000 + 1
    if made.basis_points < 10_000:
        assert list_amount - polar_percentage_discount(list_amount, made.basis_points + 1) <= made.amount
    if made.basis_points > 1:
        assert polar_percentage_discount(list_amount, made.basis_points - 1) < made.conceded


@pytest.mark.parametrize("list_amount", [50, 51, 99, 365, 999, 1_001, 9_500, 9_999, 10_000])
def test_every_amount_of_a_list_up_to_10000_is_reachable_to_the_cent(list_amount: int) -> None:
    for wanted in range(1, list_amount):
        made = realise(list_amount, wanted, "percentage")
        assert made is not None
        assert made.amount == wanted


@pytest.mark.parametrize(
    ("list_amount", "wanted", "amount", "basis_points"),
    [
        (9500, 8500, 8500, 1_053),  # bought on the real server
        (9500, 8501, 8501, 1_052),
        (9500, 7777, 7777, 1_814),
        (9500, 6650, 6650, 3_000),
        (95_000, 85_371, 85_376, 1_013),  # steps of 9.5: the next reachable one above
        (20_000, 19_999, None, None),  # less than half a step
    ],
)
def test_known_deals(list_amount: int, wanted: int, amount: int | None, basis_points: int | None) -> None:
    made = realise(list_amount, wanted, "percentage")
    assert (made and made.amount, made and made.basis_points) == (amount, basis_points)


@pytest.mark.parametrize("wanted", [9500, 9600, 0, -1])
def test_no_discount_is_made_of_nothing_or_of_everything(wanted: int) -> None:
    assert realise(9500, wanted, "percentage") is None
    assert realise(9500, wanted, "fixed") is None
