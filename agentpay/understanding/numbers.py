"""Numbers as people type them: digits of both locales and number words of both languages, with their places."""

import re
from typing import Final, NamedTuple

NUMBER_DIGITS_MAX: Final = 12
"""Longer runs of digits are telephone, card or tracking numbers, never a price or a count."""

NUMBERS_MAX: Final = 24
"""Numbers looked at in one message, the first ones."""

THOUSANDTHS: Final = 1_000


class Number(NamedTuple):
    """A number in folded text. `thousandths` keeps fractions exact without floats."""

    start: int
    end: int
    thousandths: int
    words: bool


_UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "eigthy": 80, "ninety": 90, "ninty": 90,
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
    "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14, "quinze": 15,
    "dezesseis": 16, "dezasseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19, "vinte": 20, "trinta": 30,
    "quarenta": 40, "cinquenta": 50, "cinqenta": 50, "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90,
    "cem": 100, "cento": 100, "duzentos": 200, "duzentas": 200, "trezentos": 300, "trezentas": 300,
    "quatrocentos": 400, "quatrocentas": 400, "quinhentos": 500, "quinhentas": 500, "seiscentos": 600,
    "seiscentas": 600, "setecentos": 700, "setecentas": 700, "oitocentos": 800, "oitocentas": 800,
    "novecentos": 900, "novecentas": 900,
}  # fmt: skip
_MULTIPLIERS: Final = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "mil": 1_000}
_JOINERS: Final = frozenset({"and", "e", "-"})
_ARTICLES: Final = frozenset({"a", "an"})

_WORD: Final = re.compile(r"[a-z]+|[^\sa-z]")
_DIGITS: Final = re.compile(r"(?<![a-z0-9_#.,])\d[\d.,]{0,18}(?<=\d)")
_SCALE: Final = re.compile(r" ?(k|mil|thousand|grand)(?![a-z0-9])")


def find_numbers(folded: str) -> list[Number]:
    """All numbers of the text in order of place; what is glued to letters (`v2`, `B12`) or to `#` is not one."""
    found = [number for match in _DIGITS.finditer(folded) if (number := _read_digits(folded, match)) is not None]
    taken = {place for number in found for place in range(number.start, number.end)}
    found += [number for number in _read_words(folded) if number.start not in taken]
    return sorted(found)[:NUMBERS_MAX]


def parse_digits(written: str) -> int | None:
    """`1,299.50`, `1.299,50`, `1299`, `12,5` in thousandths; None where it is no number of either locale.

    A single separator before exactly three digits groups thousands in either locale; otherwise it is the decimal sign.
    """
    written = written.rstrip(".,")
    decimal = _decimal_sign(written)
    whole, _, fraction = written.rpartition(decimal) if decimal else (written, "", "")
    whole = whole.replace(".", "").replace(",", "")
    if not whole.isdigit() or len(whole) > NUMBER_DIGITS_MAX or (fraction and not fraction.isdigit()):
        return None
    return int(whole) * THOUSANDTHS + int((fraction + "000")[:3])


def _decimal_sign(written: str) -> str:
    dot, comma = written.rfind("."), written.rfind(",")
    if dot == -1 and comma == -1:
        return ""
    if dot != -1 and comma != -1:
        return "." if dot > comma else ","
    sign = "." if dot > comma else ","
    head, *groups = written.split(sign)
    grouped = all(len(group) == 3 for group in groups) and 1 <= len(head) <= 3 and head != "0"
    return "" if grouped else sign


def _read_digits(folded: str, match: re.Match[str]) -> Number | None:
    value = parse_digits(match[0])
    if value is None:
        return None
    end = match.end()
    scale = _SCALE.match(folded, end)
    if scale is not None:
        if scale[1] == "k":  # "1.200k" is nobody's million: before k the sign is decimal
            value = _with_decimal_sign(match[0]) or value
        return Number(match.start(), scale.end(), value * 1_000, words=False)
    return Number(match.start(), end, value, words=False)


def _with_decimal_sign(written: str) -> int | None:
    whole, _, fraction = written.replace(",", ".").partition(".")
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        return None
    return int(whole) * THOUSANDTHS + int((fraction + "000")[:3])


def _read_words(folded: str) -> list[Number]:
    found: list[Number] = []
    tokens = [(match[0], match.start(), match.end()) for match in _WORD.finditer(folded)]
    position = 0
    while position < len(tokens):
        used, value = _run(tokens, position)
        if used:
            found.append(Number(tokens[position][1], tokens[position + used - 1][2], value * THOUSANDTHS, words=True))
        position += used or 1
    return found


def _run(tokens: list[tuple[str, int, int]], start: int) -> tuple[int, int]:
    """How many tokens from `start` are one number, and its value; (0, 0) where none begins."""
    total, current, used = 0, 0, 0
    ceiling = 1_000  # a following word must stay below it to belong to the same number
    position = start
    while position < len(tokens):
        word = tokens[position][0]
        if word in _UNITS and _UNITS[word] < ceiling:
            current += _UNITS[word]
            ceiling = _ceiling_after(_UNITS[word])
        elif word in _MULTIPLIERS and (used or word == "mil"):
            current = max(current, 1) * _MULTIPLIERS[word]
            ceiling = _MULTIPLIERS[word]
            if ceiling == 1_000:
                total, current = total + current, 0
        elif word in _ARTICLES and not used and _word_at(tokens, position + 1) in ("hundred", "thousand", "grand"):
            current = 1
        elif used and word in _JOINERS and _UNITS.get(_word_at(tokens, position + 1), 1_000) < ceiling:
            position += 1
            continue
        else:
            break
        position += 1
        used = position - start
    return used, total + current


def _ceiling_after(value: int) -> int:
    if value >= 100:
        return 100
    return 10 if value >= 20 else 0


def _word_at(tokens: list[tuple[str, int, int]], position: int) -> str:
    return tokens[position][0] if position < len(tokens) else ""
