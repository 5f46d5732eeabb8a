"""Amounts of money, percentages and plain counts: what each number of a message is."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from agentpay.kit.money import AMOUNT_MAX, minor_digits
from agentpay.understanding.numbers import THOUSANDTHS, find_numbers

CURRENCY_DEFAULT_DIGITS: Final = 2
"""Decimals of an amount whose currency nobody stated."""


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


_SYMBOLS: Final = {
    "r$": "brl", "us$": "usd", "u$": "usd", "u$s": "usd", "ca$": "cad", "c$": "cad", "cad$": "cad", "a$": "aud", "au$": "aud",
    "nz$": "nzd", "mx$": "mxn", "s$": "sgd", "hk$": "hkd", "$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "₩": "krw",
    "₽": "rub", "rs": "brl", "brl": "brl", "usd": "usd", "eur": "eur", "gbp": "gbp", "jpy": "jpy", "cad": "cad", "aud": "aud",
    "chf": "chf", "inr": "inr", "mxn": "mxn", "nzd": "nzd", "sek": "sek", "nok": "nok", "dkk": "dkk", "pln": "pln", "krw": "krw",
    "cny": "cny", "clp": "clp", "sgd": "sgd", "hkd": "hkd", "zar": "zar", "aed": "aed", "vnd": "vnd",
}  # fmt: skip
_NAMES: Final = {
    "usd": "dollar dollars dolar dolares buck bucks dols dol doletas doll dollaz",
    "brl": "real reais reaiss reau reaus reaizinhos realzinho conto contos pila pilas pau paus mango mangos temers",
    "eur": "euro euros eurinhos",
    "gbp": "pound pounds quid libra libras",
    "jpy": "yen yens iene ienes",
    "inr": "rupee rupees rupia rupias",
    "chf": "franc francs franco francos",
    "cny": "yuan yuans",
    "krw": "won",
}
_WORDS: Final = {name: code for code, names in _NAMES.items() for name in names.split()} | {
    code: code for code in _SYMBOLS.values()
}
_FOREIGN: Final = {"canadian": "cad", "australian": "aud", "canadenses": "cad", "australianos": "aud"}

_BEFORE: Final = re.compile(
    r"(?:(?<![a-z])(?:r|us|u|ca|c|cad|au?|nz|mx|s|hk)\$|u\$s|[$€£¥₹₩₽]|(?<![a-z])(?:rs|" + "|".join(
        code for code in sorted(set(_SYMBOLS.values()))
    ) + r")\.?) ?$"
)  # fmt: skip
_AFTER: Final = re.compile(
    r" ?(?P<sign>r\$|us\$|[$€£¥₹₩₽])(?! ?\d)|[ -]?(?:(?P<foreign>canadian|australian) )?(?P<name>"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + r")(?![a-z])(?: (?P<kind>canadenses|australianos)(?![a-z]))?"
)
_RANGE: Final = re.compile(r" ?(?:-|to|or|and|a|ate|ou|e) ?")
_CENTS: Final = re.compile(r" ?(?:cents?|centavos?)(?![a-z])")
_PERCENT: Final = re.compile(r" ?(?:%|percent(?![a-z])|per cent(?![a-z])|por ?cento(?![a-z])|pct(?![a-z]))")
_UNIT: Final = re.compile(
    r"(?: ?x(?![a-z])|[a-z_]|[ -]?(?:days?|weeks?|months?|mos?|years?|yrs?|hours?|hrs?|minutes?|mins?|min|seconds?|secs?|times?|"
    r"inch(?:es)?|cm|mm|m|km|kg|g|gr|grams?|gramas?|ml|l|liters?|litros?|lbs?|oz|gb|mb|tb|mp|mah|w|v|volts?|watts?|hz|k|stars?|"
    r"dias?|semanas?|mes|meses|anos?|horas?|hs?|minutos?|segundos?|vezes|vez|parcelas?|estrelas?|aulas?|lessons?|pages?|paginas?|"
    r"points?|pontos?|digits?|digitos?|am|pm|metros?|floors?|andar|graus|degrees|years? old|business days?|uteis|installments?|"
    r"prestac\w+|people|pessoas|videos?|modules?|modulos?|screens?|telas?)(?![a-z])|[/:]\d|%)"
)


def find_figures(folded: str) -> list[Figure]:
    """Every number of the text with what it is; numbers of 0 are left out of money by those who use them."""
    figures: list[Figure] = []
    reached = 0
    for number in find_numbers(folded):
        if number.start >= reached:
            figures.append(_figure(folded, *number))
            reached = figures[-1].end
    followers: list[Figure | None] = [*figures[1:], None]
    return (
        [_as_its_range(folded, *pair) for pair in zip(figures, followers[-len(figures) :], strict=True)]
        if figures
        else []
    )


def _as_its_range(folded: str, figure: Figure, after: Figure | None) -> Figure:
    """The 10 of "10-15 days" is what the 15 is, the 50 of "between 50 and 100 dollars" is dollars."""
    if after is None or figure.kind is not Kind.PLAIN or after.kind is Kind.PLAIN:
        return figure
    if _RANGE.fullmatch(folded, figure.end, after.start) is None:
        return figure
    return figure._replace(kind=after.kind, currency=after.currency)


def minor_units(thousandths: int, currency: str | None) -> int | None:
    """The amount in minor units of its currency (two decimals where unknown); None where Polar could never charge it."""
    digits = CURRENCY_DEFAULT_DIGITS if currency is None else minor_digits(currency)
    amount = thousandths * 10**digits // THOUSANDTHS
    return amount if 0 <= amount <= AMOUNT_MAX else None


def _figure(folded: str, start: int, end: int, thousandths: int, words: bool) -> Figure:
    after = _AFTER.match(folded, end)
    before = _BEFORE.search(folded[max(0, start - 6) : start])
    if before is not None:
        sign = before[0].strip(" .")
        stop = after.end() if after is not None and not after["sign"] else end
        return Figure(start - len(before[0]), stop, thousandths, Kind.MONEY, _SYMBOLS[sign], words)
    if percent := _PERCENT.match(folded, end):
        return Figure(start, percent.end(), thousandths, Kind.PERCENT, None, words)
    if after is not None:
        foreign = _FOREIGN.get(after["foreign"] or after["kind"] or "")
        currency = foreign or (_SYMBOLS[after["sign"]] if after["sign"] else _WORDS[after["name"]])
        return Figure(start, after.end(), thousandths, Kind.MONEY, currency, words)
    if cents := _CENTS.match(folded, end):
        return Figure(start, cents.end(), thousandths // 100, Kind.MONEY, None, words)
    kind = Kind.UNIT if _UNIT.match(folded, end) else Kind.PLAIN
    return Figure(start, end, thousandths, kind, None, words)
