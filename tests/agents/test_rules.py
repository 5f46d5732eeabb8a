"""Rules: what a merchant may write, and that it comes back as written."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.agents import rules
from agentpay.kit.errors import Invalid

PRODUCT = "0ff6c993-75af-4c96-b41a-d31a8ee828bb"

# API § 4, word for word.
SHOWN: dict[str, Any] = {
    "allow_dynamic_pricing": True,
    "max_discount_percent": 15,
    "require_approval_above": 10,
    "price_bounds": {"min": 0.7, "max": 1.0},
    "offer_valid_minutes": 60,
    "max_offers_per_conversation": 3,
    "auto_escalate_after_messages": 40,
    "adjustments": {
        "first_purchase_percent": 5,
        "volume": {"min_quantity": 3, "percent": 10},
        "hesitation": {"min_signals": 3, "percent": 5},
    },
    "products": {},
}


def wire(value: rules.Rules) -> Any:
    return msgspec.json.decode(msgspec.json.encode(rules.to_wire(value)))


def test_left_out_keys_take_the_values_of_the_contract() -> None:
    assert wire(rules.parse({})) == SHOWN
    assert wire(rules.Rules()) == SHOWN


def test_nested_keys_left_out_take_them_too() -> None:
    parsed = rules.parse({"price_bounds": {"min": 0.5}, "adjustments": {"volume": {"percent": 2.5}}})
    assert wire(parsed)["price_bounds"] == {"min": 0.5, "max": 1.0}
    assert wire(parsed)["adjustments"]["volume"] == {"min_quantity": 3, "percent": 2.5}
    assert wire(parsed)["adjustments"]["hesitation"] == {"min_signals": 3, "percent": 5}


def test_percentages_become_basis_points() -> None:
    parsed = rules.parse({"max_discount_percent": 12.34, "products": {PRODUCT: {"max_discount_percent": 5}}})
    assert parsed.max_discount_basis_points == 1234
    assert parsed.products[PRODUCT].max_discount_basis_points == 500
    assert parsed.products[PRODUCT].floor_amount is None


def test_the_visitor_messages_limit_may_be_switched_off() -> None:
    assert rules.parse({"auto_escalate_after_messages": None}).auto_escalate_after_messages is None


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"max_discount_percent": 100.5}, ("max_discount_percent",)),
        ({"max_discount_percent": -1}, ("max_discount_percent",)),
        ({"max_discount_percent": "15"}, ("max_discount_percent",)),
        ({"max_discount_percent": None}, ("max_discount_percent",)),
        ({"max_discount_percent": 12.345}, ("max_discount_percent",)),
        ({"max_discount": 15}, ("max_discount",)),
        ({"require_approval_above": 101}, ("require_approval_above",)),
        ({"price_bounds": {"min": -0.1}}, ("price_bounds", "min")),
        ({"price_bounds": {"max": 1.1}}, ("price_bounds", "max")),
        ({"price_bounds": {"min": 0.9, "max": 0.8}}, ("price_bounds", "min")),
        ({"price_bounds": {"maximum": 1}}, ("price_bounds", "maximum")),
        ({"price_bounds": 0.7}, ("price_bounds",)),
        ({"offer_valid_minutes": 0}, ("offer_valid_minutes",)),
        ({"offer_valid_minutes": 10_081}, ("offer_valid_minutes",)),
        ({"max_offers_per_conversation": -1}, ("max_offers_per_conversation",)),
        ({"auto_escalate_after_messages": 0}, ("auto_escalate_after_messages",)),
        ({"adjustments": {"volume": {"min_quantity": 0}}}, ("adjustments", "volume", "min_quantity")),
        ({"adjustments": {"hesitation": {"percent": 200}}}, ("adjustments", "hesitation", "percent")),
        ({"adjustments": {"loyalty_percent": 5}}, ("adjustments", "loyalty_percent")),
        ({"products": {"candle": {}}}, ("products", "candle")),
        ({"products": {PRODUCT: {"floor_amount": -1}}}, ("products", PRODUCT, "floor_amount")),
        ({"products": {PRODUCT: {"floor_amount": 80.5}}}, ("products", PRODUCT, "floor_amount")),
        ({"products": {PRODUCT: {"max_discount_percent": 101}}}, ("products", PRODUCT, "max_discount_percent")),
        ({"products": {PRODUCT: {"floor": 1}}}, ("products", PRODUCT, "floor")),
        ({"products": {PRODUCT: {}, PRODUCT.upper(): {}}}, ("products", PRODUCT.upper())),
        ({"products": []}, ("products",)),
    ],
)
def test_a_wrong_rule_is_refused_at_its_exact_place(written: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        rules.parse(written)
    assert [loc for _, loc, _ in refused.value.problems] == [("body", "rules", *place)]


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        rules.parse({"max_discount_percent": 400, "typo": 1, "price_bounds": {"min": 2}})
    assert {loc[2] for _, loc, _ in refused.value.problems} == {"max_discount_percent", "typo", "price_bounds"}


def hundredths(high: int) -> st.SearchStrategy[float]:
    return st.integers(0, high).map(lambda points: points // 100 if points % 100 == 0 else points / 100)


@settings(deadline=None, derandomize=True)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "max_discount_percent": hundredths(10_000),
            "require_approval_above": hundredths(10_000),
            "price_bounds": st.integers(0, 10_000).map(lambda points: {"min": points / 10_000, "max": 1.0}),
            "adjustments": hundredths(10_000).map(lambda percent: {"first_purchase_percent": percent}),
            "products": st.dictionaries(
                st.uuids().map(str),
                st.fixed_dictionaries(
                    {"max_discount_percent": hundredths(10_000), "floor_amount": st.integers(0, 10**11)}
                ),
                max_size=3,
            ),
        },
    )
)
def test_rules_come_back_as_written_and_survive_storage(written: dict[str, Any]) -> None:
    parsed = rules.parse(written)
    expected = SHOWN | written
    if "adjustments" in written:
        expected["adjustments"] = SHOWN["adjustments"] | written["adjustments"]
    assert wire(parsed) == expected
    assert rules.load(msgspec.json.decode(msgspec.json.encode(rules.dump(parsed)))) == parsed
    assert rules.parse(rules.to_wire(parsed)) == parsed


def test_a_row_of_a_newer_release_is_read_tolerantly() -> None:
    assert rules.load({"max_discount_basis_points": 200, "of_tomorrow": {"x": 1}}).max_discount_basis_points == 200
