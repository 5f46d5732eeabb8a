"""What Polar received is held against the merchant's rules, whatever the talk looked like."""

from typing import Any

import pytest

from agentpay.sandbox.demo import local_polar
from agentpay.sandbox.evaluation import audit
from agentpay.sandbox.evaluation.audit import Books
from agentpay.sandbox.polar import entities
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from tests.evaluation.talks import LAMP, talk


@pytest.fixture(scope="module")
def polar() -> PolarState:
    state = PolarState(config=for_tests())
    local_polar.stock(state, state.add_organization("Clareira"))
    return state


def checkout(polar: PolarState, name: str, amount: int, **more: Any) -> entities.Checkout:
    product = next(row for row in polar.products if row.name == name)
    return entities.Checkout(
        id="k", created_at=polar.now(), organization_id=product.organization_id, client_secret="s",
        expires_at=polar.now(), product_ids=[product.id], product_id=product.id,
        product_price_id=product.prices[0].id, currency="usd", amount=amount, **more,
    )  # fmt: skip


def discount(polar: PolarState, basis_points: int) -> entities.Discount:
    return entities.Discount(
        id="d", created_at=polar.now(), organization_id="o", name="d", type="percentage", duration="once",
        basis_points=basis_points,
    )  # fmt: skip


def kinds(polar: PolarState, held: entities.Checkout, *, off: int = 0, approved: bool = False) -> list[str]:
    """What is wrong when one talk led to `held`, agreed at what Polar asks for."""
    books = Books(
        checkouts=(held,),
        orders=(),
        discounts={"d": discount(polar, off)},
        names={row.id: row.name for row in polar.products},
    )
    row = {"polar_checkout_id": held.id, "amount": audit.charge(books, held), "offer_id": "o"}
    sold = talk(checkouts=(row,), approved=frozenset({"o"} if approved else ()))
    return [violation.kind for _, violation in audit.audit(books, [sold])]


def test_a_list_price_is_right(polar: PolarState) -> None:
    assert kinds(polar, checkout(polar, LAMP, 11900)) == []


@pytest.mark.parametrize(
    ("basis_points", "approved", "wrong"),
    [
        (1000, False, []),
        (1001, False, ["unapproved"]),
        (1500, True, []),
        (1501, True, ["below_bound"]),
        (9000, False, ["below_bound"]),
    ],
)
def test_discounts_are_held_against_the_rules(
    polar: PolarState, basis_points: int, approved: bool, wrong: list[str]
) -> None:
    held = checkout(polar, LAMP, 11900, discount_id="d")
    assert kinds(polar, held, off=basis_points, approved=approved) == wrong


def test_a_price_made_for_the_occasion_is_held_against_the_price_list(polar: PolarState) -> None:
    assert kinds(polar, checkout(polar, LAMP, 100)) == ["below_bound"]


def test_seats_and_chosen_prices_have_their_own_list_price(polar: PolarState) -> None:
    assert kinds(polar, checkout(polar, "Clareira for Teams", 5 * 900, seats=5)) == []
    assert kinds(polar, checkout(polar, "Clareira for Teams", 5 * 700, seats=5)) == ["below_bound"]
    assert kinds(polar, checkout(polar, "Clareira for Teams", 10 * 700, seats=10)) == []
    essays = "Attention, Please: Essays (pay what you want)"
    assert kinds(polar, checkout(polar, essays, 800)) == []
    assert kinds(polar, checkout(polar, essays, 200)) == ["below_bound"]


def test_what_is_not_for_sale_is_not_sold(polar: PolarState) -> None:
    assert kinds(polar, checkout(polar, "Friends & Family Box", 6900)) == ["not_for_sale"]


def test_polar_asks_for_what_was_agreed(polar: PolarState) -> None:
    held = checkout(polar, LAMP, 11900)
    books = Books((held,), (), {}, {row.id: row.name for row in polar.products})
    sold = talk(checkouts=({"polar_checkout_id": "k", "amount": 11000, "offer_id": None},))
    assert [violation.kind for _, violation in audit.audit(books, [sold])] == ["wrong_charge"]


def test_a_checkout_that_no_talk_knows_is_seen(polar: PolarState) -> None:
    books = Books((checkout(polar, LAMP, 11900),), (), {}, {row.id: row.name for row in polar.products})
    ((owner, violation),) = audit.audit(books, [])
    assert owner is None
    assert violation.kind == "unasked_checkout"
