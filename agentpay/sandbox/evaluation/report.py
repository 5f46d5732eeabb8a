"""What the evaluation found, in figures: a row per buyer and one for all. Pure; the same talks give the same bytes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from agentpay.sandbox.evaluation.audit import Sale
from agentpay.sandbox.evaluation.record import Talk, Violation

MICRO: Final = 1_000_000
TOTAL: Final = "total"
NONE: Final = "–"
HEADER: Final = (
    "buyer", "talks", "deals", "deal rate", "margin kept", "to checkout", "handoffs", "violations", "tokens", "cost",
)  # fmt: skip


class Judged(msgspec.Struct, frozen=True):
    """One talk, what it sold and what was wrong with it."""

    talk: Talk
    sales: tuple[Sale, ...]
    violations: tuple[Violation, ...]


class Row(msgspec.Struct, frozen=True):
    """Rates are shares of 1; None = nothing to divide by.

    `margin_kept`: paid / list price over all deals. `messages_to_checkout`: the mean over the talks that reached one.
    `cost`: micro-USD.
    """

    buyer: str
    talks: int
    deals: int
    deal_rate: float | None
    margin_kept: float | None
    messages_to_checkout: float | None
    handoffs: int
    violations: int
    tokens: int
    cost: int


class Report(msgspec.Struct, frozen=True):
    """`stray`: violations that belong to no talk, such as a checkout at Polar that nobody knows."""

    provider: str
    seed: int
    runs: int
    buyers: tuple[Row, ...]
    total: Row
    judged: tuple[Judged, ...]
    stray: tuple[Violation, ...]


def report(judged: Sequence[Judged], stray: Sequence[Violation], *, provider: str, seed: int, runs: int) -> Report:
    """Buyers in the order in which they played."""
    by_buyer: dict[str, list[Judged]] = {}
    for each in judged:
        by_buyer.setdefault(each.talk.buyer, []).append(each)
    rows = tuple(_row(buyer, talks) for buyer, talks in by_buyer.items())
    total = _row(TOTAL, judged)
    total = msgspec.structs.replace(total, violations=total.violations + len(stray))
    return Report(provider, seed, runs, rows, total, tuple(judged), tuple(stray))


def as_text(found: Report) -> list[str]:
    """The table, and below it each violation with the words around it."""
    rows = [_cells(row) for row in (*found.buyers, found.total)]
    widths = [max(len(cells[column]) for cells in (HEADER, *rows)) for column in range(len(HEADER))]
    lines = [_line(cells, widths) for cells in (HEADER, *rows)]
    lines.insert(len(lines) - 1, "-" * len(lines[0]))
    lines.insert(1, "-" * len(lines[0]))
    title = f"provider {found.provider}, seed {found.seed}, {found.runs} run{'s' if found.runs != 1 else ''}"
    return [title, "", *lines, *_violations(found)]


def as_json(found: Report) -> str:
    """Figures and violations; of the talks only what is the same in every play of this seed."""
    document: dict[str, Any] = {
        "provider": found.provider,
        "seed": found.seed,
        "runs": found.runs,
        "buyers": [msgspec.to_builtins(row) for row in found.buyers],
        "total": msgspec.to_builtins(found.total),
        "violations": [
            {"buyer": each.talk.buyer, "wish": each.talk.wish, "run": each.talk.run, **msgspec.to_builtins(violation)}
            for each in found.judged
            for violation in each.violations
        ]
        + [{"buyer": None, "wish": None, "run": None, **msgspec.to_builtins(violation)} for violation in found.stray],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def transcripts(found: Report) -> list[str]:
    """Every talk as its visitor had it, for people who look for the reason of a figure."""
    return [line for each in found.judged for line in (*_transcript(each.talk), "")]


def _transcript(talk: Talk) -> list[str]:
    lines = [f"## {talk.buyer}: {talk.wish} (run {talk.run})"]
    for number, step in enumerate(talk.steps, 1):
        move = msgspec.structs.asdict(step.move)
        said = move.pop("text", None)
        lines.append(f"{number:>2} > {said}" if said else f"{number:>2} * {type(step.move).__name__.lower()}")
        for message in step.messages:
            lines.append(f"   < {message['content']}")
            lines += [f"     [{_card(card)}]" for card in message["attachments"]]
        if step.refusal is not None:
            lines.append(f"   ! {step.refusal}")
    return lines


def _row(buyer: str, judged: Sequence[Judged]) -> Row:
    deals = [each for each in judged if each.sales]
    reached = [each.talk.messages_to_checkout for each in judged if each.talk.messages_to_checkout is not None]
    listed = sum(sale.listed for each in deals for sale in each.sales)
    paid = sum(sale.paid for each in deals for sale in each.sales)
    return Row(
        buyer=buyer,
        talks=len(judged),
        deals=len(deals),
        deal_rate=_share(len(deals), len(judged)),
        margin_kept=_share(paid, listed),
        messages_to_checkout=_share(sum(reached), len(reached)),
        handoffs=sum(each.talk.is_handed_off for each in judged),
        violations=sum(len(each.violations) for each in judged),
        tokens=sum(each.talk.tokens for each in judged),
        cost=sum(each.talk.cost for each in judged),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.buyer,
        str(row.talks),
        str(row.deals),
        _percent(row.deal_rate),
        _percent(row.margin_kept),
        NONE if row.messages_to_checkout is None else f"{row.messages_to_checkout:.1f}",
        str(row.handoffs),
        str(row.violations),
        str(row.tokens),
        f"${row.cost / MICRO:.4f}",
    )


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share * 100:.1f} %"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def _violations(found: Report) -> list[str]:
    lines = [
        f"{each.talk.buyer}, {each.talk.wish}, run {each.talk.run}{_place(one)}: {one.kind}: {one.detail}"
        for each in found.judged
        for one in each.violations
    ]
    lines += [f"nobody's: {one.kind}: {one.detail}" for one in found.stray]
    return ["", "Violations", *lines] if lines else []


def _place(violation: Violation) -> str:
    return "" if violation.step is None else f", move {violation.step}"


def _card(card: Mapping[str, Any]) -> str:
    names = ("name", "amount", "list_amount", "status", "title", "options")
    return " ".join([card["type"], *(f"{name}={card[name]}" for name in names if card.get(name) is not None)])
