"""The pure parts: what may be asked for, what Polar's answer must say, which codes count, where the buyer returns."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpay.agents.rules import Rules
from agentpay.checkout.coupons import Coupon, coupon_of, is_code
from agentpay.checkout.custom_fields import check_custom_fields
from agentpay.checkout.errors import ProductUnavailable
from agentpay.checkout.plan import Deal, Sell, Stop, Want, plan
from agentpay.checkout.shop import Shop, embed_origin, success_url
from agentpay.checkout.terms import terms_of
from agentpay.checkout.verify import Expectation, differences
from agentpay.kit.errors import Invalid
from agentpay.polar.types import (
    AttachedCustomField,
    Checkout,
    CustomField,
    Discount,
    Price,
    Product,
    ProductReference,
    SeatTier,
    SeatTiers,
)

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CANDLE = UUID(int=1)


def price(kind: str, currency: str = "usd", **fields: Any) -> Price:
    return Price(id=uuid4(), amount_type=kind, price_currency=currency, **fields)


def product(*prices: Price, **fields: Any) -> Product:
    return Product(id=CANDLE, created_at=NOON, name="Candle", prices=list(prices), **fields)


FIXED = price("fixed", price_amount=9500)
TIP = price("custom", minimum_amount=300, maximum_amount=10_000, preset_amount=500)
VOLUME = price(
    "seat_based",
    seat_tiers=SeatTiers(
        tiers=[SeatTier(min_seats=2, max_seats=9, price_per_seat=1000), SeatTier(min_seats=10, price_per_seat=800)],
        minimum_seats=2,
        maximum_seats=50,
    ),
)
GRADUATED = price(
    "seat_based",
    seat_tiers=SeatTiers(
        seat_tier_type="graduated",
        tiers=[SeatTier(min_seats=1, max_seats=9, price_per_seat=1000), SeatTier(min_seats=10, price_per_seat=800)],
        minimum_seats=1,
    ),
)
USAGE = price("metered_unit", unit_amount="0.5")

CHARGES: list[tuple[str, Product, dict[str, Any], int, int | None]] = [
    ("one fixed price", product(FIXED), {}, 9500, None),
    ("the chosen amount", product(TIP), {"amount": 700}, 700, None),
    ("the suggested amount", product(TIP), {}, 500, None),
    ("the fewest seats", product(VOLUME), {}, 2000, 2),
    ("seats of one tier", product(VOLUME), {"seats": 12}, 9600, 12),
    ("seats tier by tier", product(GRADUATED), {"seats": 12}, 9000 + 2400, 12),
    ("base fee and seats", product(FIXED, VOLUME), {"seats": 3}, 12500, 3),
    ("usage costs nothing up front", product(FIXED, USAGE), {}, 9500, None),
    ("only usage", product(USAGE), {}, 0, None),
    ("free", product(price("fixed", price_amount=0)), {}, 0, None),
]


@pytest.mark.parametrize(("name", "sold", "wanted", "amount", "seats"), CHARGES, ids=[row[0] for row in CHARGES])
def test_the_list_price(name: str, sold: Product, wanted: dict[str, Any], amount: int, seats: int | None) -> None:
    terms = terms_of(sold, currency="usd", seats=wanted.get("seats"), amount=wanted.get("amount"))
    assert (terms.list_amount, terms.seats) == (amount, seats)


REFUSED: list[tuple[str, Product, dict[str, Any], str]] = [
    ("less than the minimum", product(TIP), {"amount": 299}, "amount"),
    ("more than the maximum", product(TIP), {"amount": 10_001}, "amount"),
    ("less than a card can be charged", product(price("custom", minimum_amount=0)), {"amount": 49}, "amount"),
    ("an amount for a fixed price", product(FIXED), {"amount": 100}, "amount"),
    ("too few seats", product(VOLUME), {"seats": 1}, "seats"),
    ("too many seats", product(VOLUME), {"seats": 51}, "seats"),
    ("seats of what has none", product(FIXED), {"seats": 2}, "seats"),
]


@pytest.mark.parametrize(("name", "sold", "wanted", "field"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_the_price_does_not_allow_is_named(name: str, sold: Product, wanted: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        terms_of(sold, currency="usd", seats=wanted.get("seats"), amount=wanted.get("amount"))
    assert refused.value.problems[0][1] == ("body", field)


def test_zero_is_a_price_where_the_merchant_allows_it() -> None:
    assert terms_of(product(price("custom", minimum_amount=0)), currency="usd", seats=None, amount=0).list_amount == 0


@pytest.mark.parametrize("fields", [{"is_archived": True}, {"visibility": "draft"}])
def test_what_polar_would_not_sell_is_unavailable(fields: dict[str, Any]) -> None:
    with pytest.raises(ProductUnavailable):
        terms_of(product(FIXED, **fields), currency="usd", seats=None, amount=None)


# What may be asked for now


def deal(amount: int = 8500, **changes: Any) -> Deal:
    values = {"list_amount": 9500, "is_expired": False, "rules": Rules(), "default_currency": "usd"}
    return Deal(amount=amount, **{**values, **changes})


def wanted(coupon: Coupon | None = None, list_amount: int = 9500) -> Want:
    return Want(currency="usd", seats=None, list_amount=list_amount, coupon=coupon)


def test_an_offer_within_the_rules_is_asked_for_without_a_trial() -> None:
    sell = plan(product(FIXED), want=wanted(), deal=deal())
    assert sell == Sell(list_amount=9500, amount=8500, custom_amount=None, conceded=True)
    assert isinstance(sell, Sell)
    assert not sell.allow_trial


def test_a_list_at_or_below_the_offer_needs_no_discount() -> None:
    for listed in (8500, 7000):
        sell = plan(product(price("fixed", price_amount=listed)), want=wanted(), deal=deal())
        assert isinstance(sell, Sell)
        assert (sell.amount, sell.conceded, sell.is_lower) == (listed, False, True)


STOPS: list[tuple[str, Product | None, Deal, str]] = [
    ("gone", None, deal(), "product_unavailable"),
    ("archived", product(FIXED, is_archived=True), deal(), "product_unavailable"),
    ("hidden", product(FIXED, visibility="private"), deal(), "product_unavailable"),
    ("out of time", product(FIXED), deal(is_expired=True), "offer_expired"),
    ("a lower list above the offer", product(price("fixed", price_amount=9000)), deal(), "price_changed"),
    ("a higher list", product(price("fixed", price_amount=9900)), deal(), "price_changed"),
    ("another kind of price", product(FIXED, USAGE), deal(), "price_changed"),
    ("tighter rules", product(FIXED), deal(rules=Rules(max_discount_basis_points=500)), "rules_changed"),
    ("negotiation switched off", product(FIXED), deal(rules=Rules(allow_dynamic_pricing=False)), "rules_changed"),
]


@pytest.mark.parametrize(("name", "sold", "offer", "reason"), STOPS, ids=[row[0] for row in STOPS])
def test_what_became_tighter_ends_the_offer(name: str, sold: Product | None, offer: Deal, reason: str) -> None:
    assert plan(sold, want=wanted(), deal=offer) == Stop(reason)


@given(
    listed=st.integers(50, 200_000),
    offered=st.integers(1, 200_000),
    limit=st.integers(0, 10_000),
    now_listed=st.integers(50, 200_000),
)
def test_polar_is_never_asked_for_less_than_the_rules_of_this_moment(
    listed: int, offered: int, limit: int, now_listed: int
) -> None:
    rules = Rules(max_discount_basis_points=limit, price_min_basis_points=0)
    offer = deal(offered, list_amount=listed, rules=rules)
    sell = plan(product(price("fixed", price_amount=now_listed)), want=wanted(), deal=offer)
    if isinstance(sell, Sell):
        assert sell.amount * 10_000 >= now_listed * (10_000 - limit) or sell.amount == now_listed


# What Polar's answer must say


def answer(**changes: Any) -> Checkout:
    values: dict[str, Any] = {
        "id": uuid4(),
        "status": "open",
        "url": "https://polar.sh/checkout/polar_c_x",
        "expires_at": NOON,
        "currency": "usd",
        "amount": 9500,
        "discount_amount": 1000,
        "allow_trial": False,
        "allow_discount_codes": False,
        "product_id": CANDLE,
        "products": [ProductReference(id=CANDLE)],
        "discount_id": UUID(int=3),
        "metadata": {"agentpay_checkout_id": str(UUID(int=2))},
        "prices": {str(CANDLE): [FIXED]},
    }
    return Checkout(**{**values, **changes})


EXPECTED = Expectation(
    checkout_id=UUID(int=2),
    product_id=CANDLE,
    currency="usd",
    seats=None,
    discount_id=UUID(int=3),
    list_amount=9500,
    amount=8500,
    allow_trial=False,
)
WRONG: dict[str, dict[str, Any]] = {
    "status": {"status": "expired"},
    "url": {"url": ""},
    "metadata": {"metadata": {}},
    "product_id": {"products": [ProductReference(id=CANDLE), ProductReference(id=uuid4())]},
    "currency": {"currency": "eur"},
    "seats": {"seats": 3},
    "discount_id": {"discount_id": None},
    "allow_discount_codes": {"allow_discount_codes": True},
    "list_amount": {"amount": 5000, "discount_amount": -3500},
    "amount": {"discount_amount": 1001},
    "trial": {"trial_end": NOON},
    "prices": {"prices": {str(CANDLE): [price("fixed", price_amount=9500, source="ad_hoc")]}},
}


def test_the_checkout_that_was_asked_for_has_no_differences() -> None:
    assert differences(answer(), EXPECTED) == ()


@pytest.mark.parametrize("field", WRONG)
def test_each_difference_is_found_and_named(field: str) -> None:
    assert differences(answer(**WRONG[field]), EXPECTED) == (field,)


# Coupons


def discount(**changes: Any) -> Discount:
    values: dict[str, Any] = {"id": uuid4(), "name": "x", "type": "percentage", "basis_points": 2000, "code": "WAX20"}
    return Discount(**{**values, **changes})


def find(found: Discount, *, code: str = "wax20", list_amount: int = 9500) -> Coupon | None:
    return coupon_of([found], code=code, product_id=CANDLE, currency="usd", list_amount=list_amount, now=NOON)


def test_a_code_is_found_in_any_case_and_takes_off_what_polar_would() -> None:
    coupon = find(discount())
    assert coupon is not None
    assert coupon.discount_on(9500, currency="usd") == 1900
    fixed = find(discount(type="fixed", basis_points=None, amounts={"usd": 1000}))
    assert fixed is not None
    assert fixed.discount_on(600, currency="usd") == 600


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "OTHER"},
        {"code": None},
        {"ends_at": NOON},
        {"starts_at": NOON + timedelta(seconds=1)},
        {"max_redemptions": 3, "redemptions_count": 3},
        {"products": [ProductReference(id=uuid4())]},
        {"type": "fixed", "basis_points": None, "amounts": {"eur": 1000}},
        {"basis_points": 9960},
    ],
    ids=["other code", "no code", "over", "not begun", "used up", "other product", "other currency", "38 cents left"],
)
def test_a_code_that_polar_or_the_card_would_refuse_is_no_coupon(changes: dict[str, Any]) -> None:
    assert find(discount(**changes)) is None


def test_free_products_take_no_coupon() -> None:
    assert find(discount(), list_amount=0) is None


@pytest.mark.parametrize("text", ["%", "WAX_20", "ab", "a" * 257, "WAX 20", ""])
def test_what_could_search_polar_for_more_than_a_code_is_no_code(text: str) -> None:
    assert not is_code(text)


# The way back and the fields

SHOP = Shop(
    default_currency="usd",
    allowed_origins=["https://acme.io", "http://localhost:3000"],
    success_url=None,
    capabilities={},
)

PAGES = {
    "https://acme.io/candles?id=4#top": "https://acme.io/candles?id=4",
    "https://acme.io:443/": "https://acme.io:443/",
    "http://localhost:3000/x": "http://localhost:3000/x",
    "https://acme.io/thanks?customer_session_token=polar_cst_1&a=b": "https://acme.io/thanks?a=b",
    "https://sam:pw@acme.io/": "https://acme.io/",
    "https://evil.example/acme.io": None,
    "https://acme.io.evil.example/": None,
    "https://acme.io@evil.example/": None,
    "https://acme.io:8443/": None,
    "http://acme.io/": None,
    "javascript:alert(1)": None,
    "https://acme.io/\n": None,
    "https://[": None,
}


@pytest.mark.parametrize("page", PAGES)
def test_the_buyer_returns_to_an_allowed_page_only(page: str) -> None:
    assert success_url(SHOP, context={"page_url": page}) == PAGES[page]


def test_the_merchants_own_page_comes_first() -> None:
    shop = Shop(default_currency="usd", allowed_origins=[], success_url="https://acme.io/thanks", capabilities={})
    assert success_url(shop, context={"page_url": "https://evil.example/"}) == "https://acme.io/thanks"


def field(kind: str, **properties: Any) -> Product:
    made = CustomField(id=uuid4(), type=kind, slug="size", properties=properties)
    return product(FIXED, attached_custom_fields=[AttachedCustomField(custom_field=made)])


@pytest.mark.parametrize(
    ("sold", "value"),
    [
        (field("text"), "large"),
        (field("number"), 7),
        (field("date"), "2026-12-31"),
        (field("checkbox"), True),
        (field("select", options=[{"value": "l", "label": "L"}]), "l"),
        (field("text"), None),
    ],
)
def test_answers_of_the_right_type_pass(sold: Product, value: Any) -> None:
    check_custom_fields(sold, {"size": value})


@pytest.mark.parametrize(
    ("sold", "data"),
    [
        (field("text"), {"size": 7}),
        (field("text"), {"colour": "red"}),
        (field("number"), {"size": True}),
        (field("date"), {"size": "soon"}),
        (field("checkbox"), {"size": "yes"}),
        (field("select", options=[{"value": "l", "label": "L"}]), {"size": "xxl"}),
        (field("text"), {"size": "x\x00"}),
    ],
)
def test_wrong_answers_are_named(sold: Product, data: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        check_custom_fields(sold, data)
    assert refused.value.problems[0][1] == ("body", "custom_field_data", next(iter(data)))


@pytest.mark.parametrize("told", ["https://acme.io/", "https://evil.example", "null", 7, ["https://acme.io"], None])
def test_polars_page_may_speak_to_an_allowed_origin_only(told: object) -> None:
    assert embed_origin(SHOP, context={"embed_origin": "https://acme.io"}) == "https://acme.io"
    assert embed_origin(SHOP, context={"embed_origin": told}) is None
    assert embed_origin(SHOP, context={}) is None
