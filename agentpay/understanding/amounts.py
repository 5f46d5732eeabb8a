"""Amounts of money, percentages and plain counts: what each number of a message is."""

import re
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from agentpay.kit.money import AMOUNT_MAX, minor_digits
from agentpay.understanding.cues import alternatives
from agentpay.understanding.numbers import THOUSANDTHS, Number, find_numbers
from agentpay.understanding.resources import lines

CURRENCY_DEFAULT_DIGITS: Final = 2
"""Decimals of an amount whose currency nobody stated."""

SIGN_CHARACTERS_MAX: Final = 6
CENTS: Final = 100


class Kind(StrEnum):
    """What a number stands for, as far as its neighbours tell."""

    MONEY = "money"
    PERCENT = "percent"
    UNIT = "unit"
    PLAIN = "plain"


class Figure(NamedTuple):
    """A number with its neighbours: `start` and `end` take in a currency sign and its unit."""

    start: int
    end: int
    thousandths: int
    kind: Kind
    currency: str | None
    words: bool


class _Currencies(NamedTuple):
    signs: dict[str, str]
    words: dict[str, str]
    before: re.Pattern[str]
    after: re.Pattern[str]


_RANGE: Final = re.compile(r" ?(?:-|to|or|and|a|ate|ou|e) ?")
_CENTS: Final = re.compile(r" ?(?:cents?|centavos?)(?![a-z])")
_PERCENT: Final = re.compile(r" ?(?:%|(?:percent|per cent|por ?cento|pct)(?![a-z]))")


def find_figures(folded: str) -> list[Figure]:
    """The numbers of the text, the first ones at least, with what each of them is."""
    figures: list[Figure] = []
    reached = 0
    for number in find_numbers(folded):
        if number.start >= reached:
            figures.append(_figure(folded, number))
            reached = figures[-1].end
    followers = [*figures[1:], *figures[-1:]]
    return [_as_its_range(folded, figure, after) for figure, after in zip(figures, followers, strict=True)]


def minor_units(thousandths: int, currency: str | None) -> int | None:
    """The amount in minor units of its currency, two decimals where unknown; None where Polar could not charge it."""
    digits = CURRENCY_DEFAULT_DIGITS if currency is None else minor_digits(currency)
    amount = thousandths * 10**digits // THOUSANDTHS
    return amount if 0 <= amount <= AMOUNT_MAX else None


def _figure(folded: str, number: Number) -> Figure:
    known = _currencies()
    start, end, thousandths, words = number
    after = known.after.match(folded, end)
    sign = known.before.search(folded[max(0, start - SIGN_CHARACTERS_MAX) : start])
    if sign is not None:
        stop = after.end() if after is not None and after["name"] else end
        return Figure(start - len(sign[0]), stop, thousandths, Kind.MONEY, known.signs[sign["sign"]], words)
    if percent := _PERCENT.match(folded, end):
        return Figure(start, percent.end(), thousandths, Kind.PERCENT, None, words)
    if after is not None:
        currency = known.signs[after["sign"]] if after["sign"] else known.words[after["name"]]
        return Figure(start, after.end(), thousandths, Kind.MONEY, currency, words)
    if cents := _CENTS.match(folded, end):
        return Figure(start, cents.end(), thousandths // CENTS, Kind.MONEY, None, words)
    kind = Kind.UNIT if _unit().match(folded, end) else Kind.PLAIN
    return Figure(start, end, thousandths, kind, None, words)


def _as_its_range(folded: str, figure: Figure, after: Figure) -> Figure:
    """The 10 of "10-15 days" is what the 15 is, the 50 of "between 50 and 100 dollars" is dollars."""
    if figure.kind is not Kind.PLAIN or after.kind is Kind.PLAIN or figure.end > after.start:
        return figure
    if _RANGE.fullmatch(folded, figure.end, after.start) is None:
        return figure
    return figure._replace(kind=after.kind, currency=after.currency)


@cache
def _unit() -> re.Pattern[str]:
    return re.compile(rf" ?x(?![a-z])|[a-z_]|[ -]?(?:{alternatives('unit after')})(?![a-z])|[/:]\d|%")


@cache
def _currencies() -> _Currencies:
    """Signs and words of data/currencies.txt, and what recognises them beside a number."""
    signs: dict[str, str] = {}
    words: dict[str, str] = {}
    for line in lines("currencies.txt"):
        code, _, forms = line.partition(" = ")
        before, _, behind = forms.partition("; ")
        signs.update({sign.strip(): code for sign in before.split(",")})
        words.update({word.strip(): code for word in behind.split(",")})
    any_sign = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
    any_mark = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True) if not sign.isalpha())
    any_word = "|".join(sorted(words, key=len, reverse=True))
    return _Currencies(
        signs,
        words,
        re.compile(rf"(?<![a-z])(?P<sign>{any_sign})\.? ?$"),
        re.compile(rf" ?(?P<sign>{any_mark})(?! ?\d)|[ -]?(?P<name>{any_word})(?![a-z])"),
    )
