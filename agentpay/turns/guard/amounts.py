"""Amounts, percentages and counts in a run of atoms: what each number is, and what it comes to."""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from agentpay.turns.guard import vocabulary as words
from agentpay.turns.guard.chunks import FIGURES, Atom, Kind
from agentpay.understanding.numbers import THOUSANDTHS, parse_digits

SPACED_DIGITS_MAX: Final = 8
"""Pieces of digits with spaces between them that are read as one number."""

CENTS: Final = 100
_BETWEEN_DIGITS: Final = frozenset("-/:.,+=()|")
MARKS_SKIPPED_MAX: Final = 3


class Sort(StrEnum):
    MONEY = "money"
    PERCENT = "percent"
    COUNT = "count"
    BARE = "bare"


class Figure(NamedTuple):
    """A number: atoms `start` to `end`, in thousandths; None where it is no number of either locale.

    `parts`: the pieces of digits written apart. `currencies`: those that the sign or word beside it may mean.
    """

    start: int
    end: int
    value: int | None
    parts: tuple[int | None, ...]
    sort: Sort = Sort.BARE
    currencies: frozenset[str] = frozenset()
    is_priced: bool = False
    """Written with two decimals, as prices are."""
    is_spelled: bool = False
    digits: str = ""


def joined(atoms: Sequence[Atom]) -> list[Atom]:
    """`per cent` and `por cento` behind a number as one atom."""
    out: list[Atom] = []
    position = 0
    while position < len(atoms):
        atom = atoms[position]
        is_percent = (
            atom.text in ("per", "por")
            and out
            and _text(atoms, position + 1) in ("cent", "cents", "cento", "hundred")
            and (out[-1].kind in FIGURES or out[-1].text == "-")
            and not (_text(atoms, position + 2) == "e" and _kind(atoms, position + 3) is Kind.NUMBER)
        )
        out.append(Atom(Kind.PERCENT, "%", False) if is_percent else atom)
        position += 2 if is_percent else 1
    return out


def find_figures(atoms: Sequence[Atom], *, right: str | None) -> list[Figure]:
    """Every number of `atoms` (`joined`) in order. `right`: the plain word behind the last atom, None for an end."""
    found: list[Figure] = []
    position = 0
    while position < len(atoms):
        figure = _number(atoms, position)
        if figure is None:
            position += 1
        else:
            found.append(_sorted(atoms, figure, right=right))
            position = figure.end
    return _inherited(atoms, found)


def _number(atoms: Sequence[Atom], start: int) -> Figure | None:
    if atoms[start].kind is Kind.DIGITS:
        return _digits(atoms, start)
    if atoms[start].kind in (Kind.NUMBER, Kind.TIMES):
        return _spelled(atoms, start)
    return None


def _digits(atoms: Sequence[Atom], start: int) -> Figure:
    end = start + 1
    while (
        end < len(atoms) and end - start < SPACED_DIGITS_MAX and atoms[end].kind is Kind.DIGITS and not atoms[end].glued
    ):
        end += 1
    pieces = [atom.text for atom in atoms[start:end]]
    times = 1
    while end < len(atoms) and atoms[end].kind is Kind.TIMES and times < 10**9:
        times *= words.MULTIPLIERS[atoms[end].text]
        end += 1
    together = "".join(pieces)
    return Figure(
        start,
        end,
        _times(_parse(together), times),
        tuple(_times(_parse(piece), times) for piece in pieces) if len(pieces) > 1 else (),
        is_priced=len(together) > 3 and together[-3] in ".," and together[-2:].isdigit(),
        digits=together,
    )


def _times(value: int | None, times: int) -> int | None:
    return None if value is None else value * times


@lru_cache(maxsize=1_024)
def _parse(digits: str) -> int | None:
    written = digits.replace("'", "")
    if not written.isascii():
        return None
    fraction = written[max(written.rfind("."), written.rfind(",")) + 1 :]
    if len(fraction) > 3 and len(fraction) < len(written) and fraction[3:].strip("0"):
        return None  # finer than a thousandth: known to nobody
    return parse_digits(written if written[0].isdigit() else f"0{written}")


def _spelled(atoms: Sequence[Atom], start: int) -> Figure:
    total, current, ceiling = 0, 0, 1_000_000
    position = end = start
    while position < len(atoms):
        atom = atoms[position]
        if atom.kind is Kind.NUMBER and words.NUMBER_WORDS[atom.text] < ceiling:
            value = words.NUMBER_WORDS[atom.text]
            current, ceiling = current + value, 100 if value >= 100 else 10 if value >= 20 else 0
        elif atom.kind is Kind.TIMES and (total, current) < (10**9, 10**9):
            times = words.MULTIPLIERS[atom.text]
            current, ceiling = max(current, 1) * times, times
            if times >= 1_000:
                total, current = total + current, 0
        elif position > start and atom.text in ("and", "e", "-") and _goes_on(atoms, position + 1, ceiling):
            position += 1
            continue
        else:
            break
        position += 1
        end = position
    value = (total + current) * THOUSANDTHS
    return Figure(start, max(end, start + 1), value, (), is_spelled=True)


def _goes_on(atoms: Sequence[Atom], position: int, ceiling: int) -> bool:
    return _kind(atoms, position) is Kind.NUMBER and 0 < words.NUMBER_WORDS[atoms[position].text] < ceiling


def _sorted(atoms: Sequence[Atom], figure: Figure, *, right: str | None) -> Figure:
    """With what stands beside it: a currency, a percent sign, what is counted."""
    before, after = _currency_before(atoms, figure), _currency_after(atoms, figure, right)
    if _is_torn(atoms, figure.start):
        figure = figure._replace(value=None, parts=())
    if before is not None or after is not None:
        currencies = before & after if before is not None and after is not None else before or after or frozenset()
        cents = _kind(atoms, _behind(atoms, figure.end, "-")) is Kind.CENTS
        value = figure.value // CENTS if cents and figure.value is not None else figure.value
        return figure._replace(sort=Sort.MONEY, currencies=currencies, value=value)
    if _kind(atoms, _behind(atoms, figure.end, "-")) is Kind.PERCENT or (
        _kind(atoms, figure.start - 1) is Kind.PERCENT and atoms[figure.start].glued
    ):
        return figure._replace(sort=Sort.PERCENT)
    return figure._replace(sort=Sort.COUNT) if _counts(atoms, figure, right) else figure


def _is_torn(atoms: Sequence[Atom], start: int) -> bool:
    """Digits glued to other digits by a mark that no number has: nobody knows what they come to together."""
    return (
        start > 1
        and atoms[start].glued
        and atoms[start - 1].glued
        and atoms[start - 1].kind is Kind.MARK
        and atoms[start - 1].text not in _BETWEEN_DIGITS
        and atoms[start - 2].kind is Kind.DIGITS
    )


def _currency_before(atoms: Sequence[Atom], figure: Figure) -> frozenset[str] | None:
    position = figure.start - 1
    for _ in range(MARKS_SKIPPED_MAX):
        if position >= 0 and atoms[position].text in ("-", "(", ":", "=", "~", "+", '"', "'"):
            position -= 1
    kind = _kind(atoms, position)
    if kind is Kind.SIGN:
        is_glued_left = atoms[position].glued and _kind(atoms, position - 1) in FIGURES
        return None if is_glued_left and not atoms[figure.start].glued else _meant(atoms[position])
    if kind is Kind.MONEY and _kind(atoms, position - 1) not in FIGURES and _kind(atoms, position - 1) is not Kind.SIGN:
        return words.CURRENCY_WORDS[atoms[position].text]
    return None


def _currency_after(atoms: Sequence[Atom], figure: Figure, right: str | None) -> frozenset[str] | None:
    position = _behind(atoms, figure.end, "-,.")
    if _kind(atoms, position) is Kind.SIGN:
        is_next = _kind(atoms, position + 1) in FIGURES and atoms[position + 1].glued and not atoms[position].glued
        return None if is_next else _meant(atoms[position])
    position = _behind(atoms, figure.end, "-")
    if _kind(atoms, position) not in (Kind.MONEY, Kind.CENTS):
        return None
    text = atoms[position].text
    follower = _text(atoms, position + 1) or right
    if text in words.AMBIGUOUS_CURRENCY_WORDS and follower in ("of", "de"):
        return None
    if text == "real" and _text(atoms, figure.start) == "one":
        return None
    return words.CENT_WORDS["cent"] if atoms[position].kind is Kind.CENTS else words.CURRENCY_WORDS[text]


def _meant(atom: Atom) -> frozenset[str]:
    return words.CURRENCY_SIGNS.get(atom.text, frozenset())


def _counts(atoms: Sequence[Atom], figure: Figure, right: str | None) -> bool:
    """Whether it is part of a name, a date or a time, or a noun behind it says what it counts."""
    first, before = atoms[figure.start], _text(atoms, figure.start - 1)
    if first.glued and figure.start and (
        _kind(atoms, figure.start - 1) is Kind.WORD
        or before == "#"
        or (before == "-" and _kind(atoms, figure.start - 2) is Kind.WORD and atoms[figure.start - 1].glued)
        or (before in ("/", ":", "-", ".") and _kind(atoms, figure.start - 2) is Kind.DIGITS
            and before != "-" and atoms[figure.start - 1].glued)
    ):  # fmt: skip
        return True
    after = (
        _behind(atoms, figure.end, "-") if _text(atoms, figure.end) == "-" and _glued(atoms, figure.end) else figure.end
    )
    if after < len(atoms):
        atom = atoms[after]
        if atom.text in ("/", ":") and atom.glued and _kind(atoms, after + 1) is Kind.DIGITS:
            return True
        if atom.kind is Kind.WORD:
            if atom.text in words.NUMBER_SUFFIXES:
                return False
            return atom.glued or atom.text not in words.TAILS | words.JOINERS
        return atom.text in ("º", "ª", "°") or (atom.text == '"' and before != '"')
    return right is not None and right not in words.TAILS


def _glued(atoms: Sequence[Atom], position: int) -> bool:
    return position + 1 < len(atoms) and atoms[position].glued and atoms[position + 1].glued


def _inherited(atoms: Sequence[Atom], figures: list[Figure]) -> list[Figure]:
    """Both ends of a range, and both sides of a sum, are of the same sort: `80-90 dollars`, `$100 minus 10`."""
    for _ in range(2):
        for index in range(1, len(figures)):
            _inherit(atoms, figures, index, figures[index - 1])
        for index in range(len(figures) - 2, -1, -1):
            _inherit(atoms, figures, index, figures[index + 1])
    return figures


def _inherit(atoms: Sequence[Atom], figures: list[Figure], index: int, other: Figure) -> None:
    figure = figures[index]
    if figure.sort is not Sort.BARE or other.sort is Sort.BARE:
        return
    first, second = (other, figure) if other.start < figure.start else (figure, other)
    between = atoms[first.end : second.start]
    if all(atom.text in words.RANGES or atom.kind in _BESIDE for atom in between):
        figures[index] = figure._replace(sort=other.sort, currencies=other.currencies)


_BESIDE: Final = frozenset({Kind.SIGN, Kind.MONEY, Kind.CENTS, Kind.PERCENT})


def _behind(atoms: Sequence[Atom], position: int, marks: str) -> int:
    """The next place that is none of `marks`."""
    for _ in range(MARKS_SKIPPED_MAX):
        if position < len(atoms) and atoms[position].text in marks:
            position += 1
    return position


def _kind(atoms: Sequence[Atom], position: int) -> Kind | None:
    return atoms[position].kind if 0 <= position < len(atoms) else None


def _text(atoms: Sequence[Atom], position: int) -> str | None:
    return atoms[position].text if 0 <= position < len(atoms) else None
