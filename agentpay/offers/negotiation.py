"""What is conceded to this visitor now? Pure: the engine decides every number, whoever narrates it.

How it haggles. The merchant's bound leaves some room below the list price. The room is conceded in at most three steps,
each smaller than the one before, so that a visitor who goes on asking learns that little is left; `adjustments` only
make the first step larger. Nobody gets more than he asked for (but where `price_bounds.max` makes every offer concede
that much), less than he holds, or more than the current step. Many small asks give no more than a few large ones: each
improvement is at most 80 % of the last. Who starts again in a new conversation gets at best what he was offered before.
Past the merchant's approval line a person decides.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from agentpay.agents.rules import Rules
from agentpay.offers.bound import Kind, Realisation, bound, conceded_at, realise

# Percent of the room that is conceded when the visitor asks the first, second, third time: by how many offers a
# conversation may hold. A single offer does not give everything away.
STEPS_PERCENT: dict[int, tuple[int, ...]] = {1: (60,), 2: (60, 100), 3: (50, 80, 100)}
SHRINK_PERCENT = 80
STANDING_OFFERS_MAX = 3


class Why(StrEnum):
    """Why nothing new is conceded. For the merchant's eyes; `facts.py` says which of it a visitor may learn."""

    DISCOUNTS_OFF = "discounts_off"
    FROZEN = "frozen"  # an order came in below the bound (D5)
    ALREADY_ACCEPTED = "already_accepted"
    NOTHING_ASKED = "nothing_asked"  # the list price or more
    MAX_OFFERS = "max_offers"
    STANDING_OFFERS = "standing_offers_limit"
    NOT_NEGOTIABLE = "not_negotiable"
    BUDGET = "budget"
    APPROVAL_PENDING = "approval_pending"
    FINAL_WORD = "final_word"


class Ask(msgspec.Struct, frozen=True):
    """What the visitor wants for one piece: a price, or a discount, or just less. `quantity`: how many he speaks of."""

    amount: int | None = None
    basis_points: int | None = None
    quantity: int = 1

    def price(self, list_amount: int) -> int | None:
        """The price he names; a discount is rounded to his disadvantage, so that it never becomes more than asked."""
        if self.amount is not None:
            return self.amount
        if self.basis_points is not None:
            return list_amount - conceded_at(list_amount, self.basis_points)
        return None


class Facts(msgspec.Struct, frozen=True):
    """The product as it is sold now, and what is known about who asks."""

    product_id: UUID
    list_amount: int
    currency: str
    default_currency: str
    kind: Kind
    is_first_purchase: bool = False
    """A proven customer without a paid order."""
    hesitation_signals: int = 0


class History(msgspec.Struct, frozen=True):
    """What this visitor was offered before, for the same price of the same product."""

    amounts: tuple[int, ...] = ()
    """In this conversation, oldest first; without those that wait for approval or were declined."""
    held: int | None = None
    """The open offer of this conversation."""
    held_elsewhere: int | None = None
    """The best open one of his other conversations."""
    earlier_best: int | None = None
    """The best he was ever offered in other conversations."""
    declined: int | None = None
    """What the merchant declined here, the highest of it: the engine does not go there again."""
    is_pending: bool = False
    is_accepted: bool = False
    is_frozen: bool = False
    offers_made: int = 0
    """In this conversation, of all products."""
    standing: int = 0
    """Of this visitor or his address, everywhere else."""


class Grant(msgspec.Struct, frozen=True, tag="granted"):
    """He gets what he asked for."""

    terms: Realisation
    floor: int
    reasons: tuple[str, ...] = ()
    is_final: bool = False


class Counter(msgspec.Struct, frozen=True, tag="countered"):
    """He asked for more; this is what can be done now."""

    terms: Realisation
    floor: int
    reasons: tuple[str, ...] = ()
    is_final: bool = False


class NeedsApproval(msgspec.Struct, frozen=True, tag="needs_approval"):
    """A person must agree first."""

    terms: Realisation
    floor: int
    reasons: tuple[str, ...] = ()


class Stands(msgspec.Struct, frozen=True, tag="stands"):
    """What he asks for he holds already, or better."""


class Refuse(msgspec.Struct, frozen=True, tag="refused"):
    why: Why


Decision = Grant | Counter | NeedsApproval | Stands | Refuse


def decide(
    ask: Ask,
    *,
    rules: Rules,
    facts: Facts,
    history: History,
    budget_left: int | None = None,
    standing_max: int = STANDING_OFFERS_MAX,
) -> Decision:
    """One answer to one ask. `budget_left`: what may still be conceded, minor units; None = no budgets.

    Steps: may anything be conceded at all · what was asked · how far this step goes · a person, where the merchant
    wants one · grant it or counter it.
    """
    if why := _closed(rules, history):
        return Refuse(why)
    asked = ask.price(facts.list_amount)
    if asked is not None and asked >= facts.list_amount:
        return Refuse(Why.NOTHING_ASKED)
    if asked is not None and history.held is not None and asked >= history.held:
        return Stands()
    floor = _floor(rules, facts)
    if why := _exhausted(rules, facts, history, floor=floor, budget_left=budget_left, standing_max=standing_max):
        return Refuse(why)

    steps = schedule(ask, rules=rules, facts=facts)
    limit = _limit(steps, facts=facts, history=history, budget_left=budget_left)
    conceded = limit if asked is None else min(limit, facts.list_amount - asked)
    conceded = max(conceded, min(limit, _least(rules, facts)))
    terms = realise(facts.list_amount, facts.list_amount - conceded, facts.kind)
    if terms is None or (history.held is not None and terms.amount >= history.held):
        return Refuse(Why.FINAL_WORD)

    taken = _improvements(history.amounts, facts.list_amount)
    reasons = () if taken else _reasons(ask, rules=rules, facts=facts, conceded=terms.conceded)
    if terms.conceded > _approval_line(rules, facts):
        return _ask_a_person(terms, history, floor=floor, reasons=reasons)
    is_last = len(taken) + 1 >= len(steps) or history.offers_made + 1 >= rules.max_offers_per_conversation
    is_final = is_last or terms.amount <= floor
    if asked is None or facts.list_amount - asked <= limit:
        return Grant(terms, floor, reasons, is_final)
    return Counter(terms, floor, reasons, is_final)


def schedule(ask: Ask, *, rules: Rules, facts: Facts) -> tuple[int, ...]:
    """How much may be conceded in all at the first ask, the second, the third; each adds less than the one before.

    Adjustments raise the first step: never past the bound, nor by themselves past the line where a person is asked.
    """
    room = facts.list_amount - _floor(rules, facts)
    plain = _plain_step(rules, facts)
    raised = plain + sum(points for _, points in _adjustments(ask, rules=rules, facts=facts))
    first = max(plain, min(raised, room, _approval_line(rules, facts)))
    shares = _shares(rules)
    return tuple(first + (room - first) * (share - shares[0]) // (100 - shares[0]) for share in shares)


def _closed(rules: Rules, history: History) -> Why | None:
    """Nothing is conceded, whatever is asked."""
    if not rules.allow_dynamic_pricing:
        return Why.DISCOUNTS_OFF
    if history.is_frozen:
        return Why.FROZEN
    return Why.ALREADY_ACCEPTED if history.is_accepted else None


def _exhausted(
    rules: Rules, facts: Facts, history: History, *, floor: int, budget_left: int | None, standing_max: int
) -> Why | None:
    """Nothing more is conceded, though it was asked for."""
    if history.offers_made >= rules.max_offers_per_conversation:
        return Why.MAX_OFFERS
    if history.standing >= standing_max:
        return Why.STANDING_OFFERS
    if floor >= facts.list_amount:
        return Why.NOT_NEGOTIABLE
    return Why.BUDGET if budget_left is not None and budget_left <= 0 else None


def _ask_a_person(
    terms: Realisation, history: History, *, floor: int, reasons: tuple[str, ...]
) -> NeedsApproval | Refuse:
    """Once: a visitor who goes on asking does not make the merchant answer twice."""
    if history.is_pending:
        return Refuse(Why.APPROVAL_PENDING)
    if history.declined is not None:
        return Refuse(Why.FINAL_WORD)
    return NeedsApproval(terms, floor, reasons)


def _limit(steps: tuple[int, ...], *, facts: Facts, history: History, budget_left: int | None) -> int:
    """The most that this answer may concede in all."""
    taken = _improvements(history.amounts, facts.list_amount)
    limit = steps[min(len(taken), len(steps) - 1)]
    if taken:
        limit = min(limit, sum(taken) + taken[-1] * SHRINK_PERCENT // 100)
    if history.earlier_best is not None:
        limit = min(limit, facts.list_amount - history.earlier_best)
    if history.held_elsewhere is not None:
        limit = max(limit, min(steps[-1], facts.list_amount - history.held_elsewhere))
    if history.declined is not None:
        limit = min(limit, facts.list_amount - history.declined - 1)
    return limit if budget_left is None else min(limit, budget_left)


def _improvements(amounts: tuple[int, ...], list_amount: int) -> list[int]:
    """By how much each offer was better than all before it; repeated prices do not count."""
    best, steps = list_amount, []
    for amount in amounts:
        if amount < best:
            steps.append(best - amount)
            best = amount
    return steps


def _floor(rules: Rules, facts: Facts) -> int:
    return bound(
        rules,
        product_id=facts.product_id,
        list_amount=facts.list_amount,
        currency=facts.currency,
        default_currency=facts.default_currency,
    )


def _least(rules: Rules, facts: Facts) -> int:
    """What every offer concedes at least: the upper price bound."""
    return facts.list_amount - conceded_at(facts.list_amount, rules.price_max_basis_points)


def _approval_line(rules: Rules, facts: Facts) -> int:
    return conceded_at(facts.list_amount, rules.approval_above_basis_points)


def _shares(rules: Rules) -> tuple[int, ...]:
    return STEPS_PERCENT[min(max(rules.max_offers_per_conversation, 1), max(STEPS_PERCENT))]


def _plain_step(rules: Rules, facts: Facts) -> int:
    """The first step for a visitor of whom nothing is known."""
    room = facts.list_amount - _floor(rules, facts)
    return max(room * _shares(rules)[0] // 100, min(room, _least(rules, facts)))


def _adjustments(ask: Ask, *, rules: Rules, facts: Facts) -> list[tuple[str, int]]:
    """What raises the first step, by name. A volume's percent counts only within the bound of one piece (D1)."""
    first_purchase = conceded_at(facts.list_amount, rules.first_purchase_basis_points)
    volume = conceded_at(facts.list_amount, rules.volume_basis_points)
    hesitation = conceded_at(facts.list_amount, rules.hesitation_basis_points)
    is_volume = ask.quantity >= rules.volume_min_quantity and volume <= facts.list_amount - _floor(rules, facts)
    candidates = [
        ("first_purchase", facts.is_first_purchase, first_purchase),
        ("volume", is_volume, volume),
        ("hesitation", facts.hesitation_signals >= rules.hesitation_min_signals, hesitation),
    ]
    return [(name, points) for name, applies, points in candidates if applies and points > 0]


def _reasons(ask: Ask, *, rules: Rules, facts: Facts, conceded: int) -> tuple[str, ...]:
    """Named only where they made a difference."""
    if conceded <= _plain_step(rules, facts):
        return ()
    return tuple(name for name, _ in _adjustments(ask, rules=rules, facts=facts))
