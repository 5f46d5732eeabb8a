"""Haggling: a table of situations, and properties for any rules, any facts and any sequence of asks."""

import itertools
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpay.agents.rules import ProductRules, Rules
from agentpay.offers import negotiation
from agentpay.offers.bound import bound, polar_percentage_discount
from agentpay.offers.negotiation import (
    Ask,
    Counter,
    Decision,
    Facts,
    Grant,
    History,
    NeedsApproval,
    Refuse,
    Stands,
    decide,
)
from tests.offers import strategies
from tests.offers.strategies import PRODUCT, steady

ACME = Rules(max_discount_basis_points=2_000, approval_above_basis_points=10_000)
CANDLE = Facts(product_id=PRODUCT, list_amount=10_000, currency="usd", default_currency="usd", kind="percentage")


def told(decision: Decision) -> tuple[Any, ...]:
    match decision:
        case Grant(terms) | Counter(terms) | NeedsApproval(terms):
            return type(decision).__name__, terms.amount
        case Refuse(why):
            return "Refuse", why.value
        case Stands():
            return ("Stands",)


def said(ask: Ask, *, rules: Rules = ACME, budget_left: int | None = None, **history: Any) -> tuple[Any, ...]:
    return told(decide(ask, rules=rules, facts=CANDLE, history=History(**history), budget_left=budget_left))


@pytest.mark.parametrize(
    ("ask", "history", "answer"),
    [
        (Ask(), {}, ("Grant", 9_000)),  # half of the room of 2,000
        (Ask(amount=9_700), {}, ("Grant", 9_700)),  # not more than asked
        (Ask(amount=9_000), {}, ("Grant", 9_000)),
        (Ask(amount=8_999), {}, ("Counter", 9_000)),
        (Ask(amount=1), {}, ("Counter", 9_000)),
        (Ask(basis_points=300), {}, ("Grant", 9_700)),
        (Ask(basis_points=9_900), {}, ("Counter", 9_000)),
        (Ask(), {"amounts": (9_000,), "held": 9_000}, ("Grant", 8_400)),
        (Ask(amount=8_000), {"amounts": (9_000,), "held": 9_000}, ("Counter", 8_400)),
        (Ask(), {"amounts": (9_000, 8_400), "held": 8_400}, ("Grant", 8_000)),
        (Ask(), {"amounts": (9_000, 8_400, 8_000), "held": 8_000}, ("Refuse", "final_word")),
        (Ask(amount=7_000), {"amounts": (9_000, 8_400, 8_000), "held": 8_000}, ("Refuse", "final_word")),
        (Ask(), {"amounts": (9_000, 8_400, 8_000)}, ("Grant", 8_000)),  # the last one lapsed: the word stands
        (Ask(amount=9_200), {"amounts": (9_000,), "held": 9_000}, ("Stands",)),
        (Ask(amount=9_000), {"amounts": (9_000,), "held": 9_000}, ("Stands",)),
        (Ask(amount=10_000), {}, ("Refuse", "nothing_asked")),
        (Ask(amount=12_000), {}, ("Refuse", "nothing_asked")),
        (Ask(basis_points=0), {}, ("Refuse", "nothing_asked")),
        (Ask(), {"offers_made": 3}, ("Refuse", "max_offers")),
        (Ask(), {"standing": 3}, ("Refuse", "standing_offers_limit")),
        (Ask(), {"is_frozen": True}, ("Refuse", "frozen")),
        (Ask(), {"is_accepted": True}, ("Refuse", "already_accepted")),
    ],
)
def test_a_haggle_step_by_step(ask: Ask, history: dict[str, Any], answer: tuple[Any, ...]) -> None:
    assert said(ask, **history) == answer


@pytest.mark.parametrize(
    ("offers", "steps"), [(1, (1_200,)), (2, (1_200, 2_000)), (3, (1_000, 1_600, 2_000)), (9, (1_000, 1_600, 2_000))]
)
def test_the_schedule_has_as_many_steps_as_offers_at_most_three(offers: int, steps: tuple[int, ...]) -> None:
    rules = msgspec.structs.replace(ACME, max_offers_per_conversation=offers)
    assert negotiation.schedule(Ask(), rules=rules, facts=CANDLE) == steps


def test_after_the_last_offer_nothing_more_is_promised() -> None:
    first = decide(Ask(), rules=ACME, facts=CANDLE, history=History())
    last = decide(Ask(), rules=ACME, facts=CANDLE, history=History(amounts=(9_000, 8_400), held=8_400, offers_made=2))
    assert isinstance(first, Grant)
    assert isinstance(last, Grant)
    assert (first.is_final, last.is_final) == (False, True)


@pytest.mark.parametrize(
    ("facts", "ask", "reasons", "amount"),
    [
        ({"is_first_purchase": True}, Ask(), ("first_purchase",), 8_500),
        ({"hesitation_signals": 3}, Ask(), ("hesitation",), 8_500),
        ({"hesitation_signals": 2}, Ask(), (), 9_000),
        ({}, Ask(quantity=3), ("volume",), 8_000),
        ({}, Ask(quantity=2), (), 9_000),
        ({"is_first_purchase": True, "hesitation_signals": 5}, Ask(quantity=9), None, 8_000),  # never past the bound
        ({"is_first_purchase": True}, Ask(amount=9_500), (), 9_500),  # named only where it made a difference
    ],
)
def test_adjustments_raise_the_first_step_only(
    facts: dict[str, Any], ask: Ask, reasons: tuple[str, ...] | None, amount: int
) -> None:
    known = msgspec.structs.replace(CANDLE, **facts)
    decision = decide(ask, rules=ACME, facts=known, history=History())
    assert isinstance(decision, Grant)
    assert decision.terms.amount == amount
    assert reasons is None or decision.reasons == reasons
    later = decide(ask, rules=ACME, facts=known, history=History(amounts=(9_900,), held=9_900))
    assert not isinstance(later, Grant | Counter) or later.reasons == ()


def test_a_volume_that_one_piece_could_not_bear_is_dropped() -> None:
    rules = msgspec.structs.replace(ACME, volume_basis_points=2_500)
    assert said(Ask(quantity=50), rules=rules) == ("Grant", 9_000)


LINED = msgspec.structs.replace(ACME, approval_above_basis_points=1_200)


@pytest.mark.parametrize(
    ("ask", "history", "answer"),
    [
        (Ask(), {}, ("Grant", 9_000)),
        (Ask(), {"amounts": (9_000,), "held": 9_000}, ("NeedsApproval", 8_400)),
        (Ask(amount=8_600), {"amounts": (9_000,), "held": 9_000}, ("NeedsApproval", 8_600)),
        (Ask(amount=8_800), {"amounts": (9_000,), "held": 9_000}, ("Grant", 8_800)),
        (Ask(), {"amounts": (9_000,), "held": 9_000, "is_pending": True}, ("Refuse", "approval_pending")),
        (Ask(amount=8_900), {"amounts": (9_000,), "held": 9_000, "is_pending": True}, ("Grant", 8_900)),
        (Ask(), {"amounts": (9_000,), "held": 9_000, "declined": 8_400}, ("Refuse", "final_word")),
        (Ask(amount=8_700), {"amounts": (9_000,), "held": 9_000, "declined": 8_400}, ("Refuse", "final_word")),
        (Ask(amount=8_850), {"amounts": (9_000,), "held": 9_000, "declined": 8_400}, ("Grant", 8_850)),
    ],
)
def test_past_the_merchants_line_a_person_decides_once(
    ask: Ask, history: dict[str, Any], answer: tuple[Any, ...]
) -> None:
    assert said(ask, rules=LINED, **history) == answer


def test_adjustments_alone_make_no_person_necessary() -> None:
    eager = msgspec.structs.replace(CANDLE, is_first_purchase=True)
    assert told(decide(Ask(), rules=LINED, facts=eager, history=History())) == ("Grant", 8_800)


def test_the_first_step_past_the_line_asks_a_person_at_once() -> None:
    strict = msgspec.structs.replace(ACME, approval_above_basis_points=0)
    assert said(Ask(amount=9_999), rules=strict) == ("NeedsApproval", 9_999)
    assert said(Ask(), rules=strict) == ("NeedsApproval", 9_000)


@pytest.mark.parametrize(
    ("ask", "history", "answer"),
    [
        (Ask(), {"earlier_best": 9_300}, ("Grant", 9_300)),
        (Ask(amount=9_000), {"earlier_best": 9_300}, ("Counter", 9_300)),
        (Ask(), {"earlier_best": 8_000}, ("Grant", 9_000)),  # what has lapsed is haggled for again
        (Ask(), {"earlier_best": 8_400, "held_elsewhere": 8_400}, ("Grant", 8_400)),  # what still stands is his
        (Ask(amount=8_000), {"earlier_best": 8_400, "held_elsewhere": 8_400}, ("Counter", 8_400)),
        (Ask(), {"earlier_best": 9_300, "amounts": (9_300,), "held": 9_300}, ("Refuse", "final_word")),
    ],
)
def test_who_starts_again_gets_no_better_offer(ask: Ask, history: dict[str, Any], answer: tuple[Any, ...]) -> None:
    assert said(ask, **history) == answer


def test_many_small_asks_give_no_more_than_a_few_large_ones() -> None:
    amounts: tuple[int, ...] = ()
    rules = msgspec.structs.replace(ACME, max_offers_per_conversation=50)
    for price in range(9_900, 8_000, -100):
        ask = Ask(amount=price)
        held = min(amounts, default=None)
        match decide(ask, rules=rules, facts=CANDLE, history=History(amounts=amounts, held=held)):
            case Grant(terms) | Counter(terms):
                amounts += (terms.amount,)
    assert min(amounts) >= 9_500


@pytest.mark.parametrize(
    ("left", "answer"),
    [(5_000, ("Grant", 9_000)), (700, ("Grant", 9_300)), (0, ("Refuse", "budget")), (-5, ("Refuse", "budget"))],
)
def test_a_budget_binds_like_a_rule(left: int, answer: tuple[Any, ...]) -> None:
    assert said(Ask(), budget_left=left) == answer


def test_a_product_without_room_is_not_negotiated() -> None:
    fixed = msgspec.structs.replace(ACME, products={str(PRODUCT): ProductRules(max_discount_basis_points=0)})
    assert said(Ask(), rules=fixed) == ("Refuse", "not_negotiable")
    assert said(Ask(), rules=msgspec.structs.replace(ACME, allow_dynamic_pricing=False)) == ("Refuse", "discounts_off")


def test_the_upper_price_bound_binds_too() -> None:
    bounded = msgspec.structs.replace(ACME, price_max_basis_points=8_800)
    assert said(Ask(), rules=bounded) == ("Grant", 8_800)
    assert said(Ask(amount=9_900), rules=bounded) == ("Grant", 8_800)


def floor_of(rules: Rules, facts: Facts) -> int:
    return bound(
        rules,
        product_id=facts.product_id,
        list_amount=facts.list_amount,
        currency=facts.currency,
        default_currency=facts.default_currency,
    )


@steady
@given(strategies.rules(), strategies.facts, st.data())
def test_any_sequence_of_asks_keeps_every_promise(rules: Rules, facts: Facts, data: st.DataObject) -> None:
    """Never below the bound, never past the step, shrinking, exact at Polar, never worse than what is held."""
    list_amount, floor = facts.list_amount, floor_of(rules, facts)
    budget = data.draw(st.none() | st.integers(0, list_amount))
    history, amounts = History(), ()  # type: tuple[History, tuple[int, ...]]
    least = list_amount - list_amount * rules.price_max_basis_points // 10_000
    for _ in range(data.draw(st.integers(1, 7))):
        ask = data.draw(strategies.asks(list_amount))
        steps = negotiation.schedule(ask, rules=rules, facts=facts)
        decision = decide(ask, rules=rules, facts=facts, history=history, budget_left=budget)
        match decision:
            case Grant(terms) | Counter(terms) | NeedsApproval(terms):
                assert decision.floor == floor
                assert floor <= terms.amount < list_amount
                assert terms.list_amount == list_amount
                taken = len(improvements(history.amounts, list_amount))
                assert terms.conceded <= steps[min(taken, len(steps) - 1)]
                assert budget is None or terms.conceded <= budget
                if terms.basis_points is not None:
                    assert list_amount - polar_percentage_discount(list_amount, terms.basis_points) == terms.amount
                asked = ask.price(list_amount)
                if asked is not None:
                    assert terms.conceded <= max(list_amount - asked, least)
                assert history.held is None or terms.amount < history.held
            case _:
                pass
        match decision:
            case NeedsApproval(terms):
                assert terms.conceded * 10_000 > list_amount * rules.approval_above_basis_points
                assert not history.is_pending
                outcome = data.draw(st.sampled_from(("pending", "declined", "approved")))
                history = msgspec.structs.replace(history, offers_made=history.offers_made + 1)
                if outcome == "approved":
                    amounts += (terms.amount,)
                    history = msgspec.structs.replace(history, amounts=amounts, held=terms.amount)
                else:
                    declined = terms.amount if outcome == "declined" else history.declined
                    history = msgspec.structs.replace(history, is_pending=outcome == "pending", declined=declined)
            case Grant(terms) | Counter(terms):
                assert terms.conceded * 10_000 <= list_amount * rules.approval_above_basis_points
                amounts += (terms.amount,)
                lapsed = data.draw(st.booleans())
                history = msgspec.structs.replace(
                    history,
                    amounts=amounts,
                    held=None if lapsed else terms.amount,
                    offers_made=history.offers_made + 1,
                )
            case _:
                pass
    assert history.offers_made <= rules.max_offers_per_conversation
    gains = improvements(amounts, list_amount)
    assert all(later < earlier for earlier, later in itertools.pairwise(gains))


def improvements(amounts: tuple[int, ...], list_amount: int) -> list[int]:
    best, gains = list_amount, []
    for amount in amounts:
        if amount < best:
            gains.append(best - amount)
            best = amount
    return gains


@steady
@given(strategies.rules(), strategies.facts, st.data())
def test_starting_again_never_pays(rules: Rules, facts: Facts, data: st.DataObject) -> None:
    best: int | None = None
    for _ in range(3):
        earlier, amounts, held = best, (), None  # type: int | None, tuple[int, ...], int | None
        for _ in range(data.draw(st.integers(0, 4))):
            ask = data.draw(strategies.asks(facts.list_amount))
            history = History(amounts=amounts, held=held, earlier_best=earlier, offers_made=len(amounts))
            match decide(ask, rules=rules, facts=facts, history=history):
                case Grant(terms) | Counter(terms):
                    assert earlier is None or terms.amount >= earlier
                    amounts += (terms.amount,)
                    held = terms.amount
                    best = min(terms.amount, best or terms.amount)


@steady
@given(strategies.rules(), strategies.facts, strategies.asks())
def test_the_schedule_never_passes_the_room(rules: Rules, facts: Facts, ask: Ask) -> None:
    steps = negotiation.schedule(ask, rules=rules, facts=facts)
    assert list(steps) == sorted(steps)
    assert steps[0] >= 0
    assert steps[-1] <= facts.list_amount - floor_of(rules, facts)


def test_the_product_of_another_merchant_lends_no_rule() -> None:
    other = msgspec.structs.replace(
        ACME, products={str(UUID(int=7)): ProductRules(max_discount_basis_points=0, floor_amount=9_999)}
    )
    assert said(Ask(), rules=other) == ("Grant", 9_000)
