"""Amounts and percentages as people write them, found in a text. Pure.

Written for the referee alone, without a look at the guard that he judges: what one of them overlooks the other may see.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

PERCENT: Final = "percent"
HALF: Final = Decimal(50)

_SIGNS: Final = {"R$": "brl", "US$": "usd", "$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
_NAMES: Final = {
    "usd": r"usd|dollars?|bucks|d[óo]lar(?:es)?",
    "eur": r"eur|euros?",
    "gbp": r"gbp|pounds?|libras?",
    "brl": r"brl|reais|(?<!one )real",
    "jpy": r"jpy|yens?|ienes?",
    PERCENT: r"%|percent|per cent|por cento",
}
_WITHOUT_CENTS: Final = frozenset({"jpy"})
_NUMERALS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
    "um": 1, "dois": 2, "três": 3, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "doze": 12, "quinze": 15, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50,
    "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100,
}  # fmt: skip
_DIGITS: Final = r"\d[\d.,]*\d|\d"
_NUMERAL: Final = "|".join(sorted(_NUMERALS, key=len, reverse=True))
_NUMBER: Final = rf"(?:{_DIGITS})|(?:{_NUMERAL})(?:(?:-|\s+|\s+e\s+)(?:{_NUMERAL}))?"
_SIGNED: Final = re.compile(rf"(?P<unit>R\$|US\$|[$€£¥])\s*(?P<number>{_DIGITS})")
_NAMED: Final = [
    (unit, re.compile(rf"(?<![\w.,$€£¥])(?P<number>{_NUMBER})\s*(?:{names})(?!\w)", re.IGNORECASE))
    for unit, names in _NAMES.items()
]
_HALF: Final = re.compile(r"half[ -](?:the )?(?:price|off)|metade do (?:preço|preco|valor)|pela metade", re.IGNORECASE)


class Figure(msgspec.Struct, frozen=True):
    """`unit`: a currency's code, with `value` in minor units; or `percent`."""

    unit: str
    value: Decimal


def figures(text: str) -> list[Figure]:
    """All amounts with a currency beside them, and all percentages, of a text."""
    plain = _plain(text)
    found = [_figure(_SIGNS[match["unit"]], match["number"]) for match in _SIGNED.finditer(plain)]
    for unit, pattern in _NAMED:
        found += [_figure(unit, match["number"]) for match in pattern.finditer(plain)]
    return found + [Figure(PERCENT, HALF) for _ in _HALF.finditer(plain)]


def figures_of(texts: Iterable[str]) -> set[Figure]:
    return {figure for text in texts for figure in figures(text)}


def money(amount: int, currency: str) -> Figure:
    return Figure(currency, Decimal(amount))


def shown(figure: Figure) -> str:
    """For people: `119.00 usd`, `15 %`."""
    if figure.unit == PERCENT:
        return f"{figure.value.normalize():f} %"
    if figure.unit in _WITHOUT_CENTS:
        return f"{figure.value:f} {figure.unit}"
    return f"{figure.value / 100:.2f} {figure.unit}"


def _plain(text: str) -> str:
    """Digits of any script as ours; nothing invisible between letters."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in composed
        if unicodedata.category(letter) != "Cf"
    )


def _figure(unit: str, number: str) -> Figure:
    value = _value(number)
    return Figure(unit, value if unit == PERCENT or unit in _WITHOUT_CENTS else value * 100)


def _value(number: str) -> Decimal:
    if not number[0].isdigit():
        words = re.split(r"-|\s+e\s+|\s+", number.lower())
        return Decimal(sum(_NUMERALS[word] for word in words))
    whole, mark, decimals = _split(number)
    return Decimal(re.sub(r"\D", "", whole) + (f".{decimals}" if mark else ""))


def _split(number: str) -> tuple[str, str, str]:
    """The last mark is a decimal one unless three digits follow it."""
    at = max(number.rfind("."), number.rfind(","))
    if at < 0 or len(number) - at - 1 == 3:
        return number, "", ""
    return number[:at], number[at], number[at + 1 :]
