"""A message made fit for reading: bounded, normalised, folded. Every later step works on these views only."""

import unicodedata
from typing import Final

MESSAGE_CHARACTERS_MAX: Final = 4_000
"""Characters read of a message, the API's own limit; what is longer is cut before anything else happens."""

_INVISIBLE: Final[dict[int, None]] = dict.fromkeys(
    (
        *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0), 0xAD, 0x034F, 0x061C, 0x115F, 0x1160,
        0x17B4, 0x17B5, *range(0x180B, 0x180F), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
        0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080),
        *range(0xE0100, 0xE01F0), *range(0xD800, 0xE000),
    )
)  # fmt: skip
"""Control, zero-width, bidi, variation and tag characters, and lone surrogates: they hide words from a reader."""

_SIGNS: Final = {
    "'": "\u2018\u2019\u201b\u2032\u0060\u00b4",
    '"': "\u201c\u201d\u201e\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    " ": "\t\n\r\u2028\u2029",
    "I": "\u0130",
}
_PLAIN: Final = {ord(written): plain for plain, variants in _SIGNS.items() for written in variants}
"""Quotes, dashes and white space of every kind as the plain ones; the dotted capital I, whose small form is two."""


def _fold_table() -> dict[int, str]:
    """Each accented Latin letter to its base letter, one to one, so that folding never moves a position."""
    table: dict[int, str] = {}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii() and base.isalpha():
            table[code] = base.lower()
    return table | {ord("ø"): "o", ord("đ"): "d", ord("ł"): "l", ord("ı"): "i"}


_FOLD: Final = _fold_table()


def clean(text: str) -> str:
    """NFKC without invisible characters, digits of any script as 0-9, plain quotes and dashes; at most 4,000 long."""
    text = text[:MESSAGE_CHARACTERS_MAX]
    if text.isascii() and text.isprintable():
        return text.translate(_PLAIN)
    # Signs first: NFKC would take an acute accent apart into a space and a mark.
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN).translate(_INVISIBLE)).translate(_INVISIBLE)
    text = text.translate(_PLAIN)[:MESSAGE_CHARACTERS_MAX]
    if not text.isascii():
        text = "".join([_digit(c) if c.isdecimal() and not c.isascii() else c for c in text])
    return text


def fold(cleaned: str) -> str:
    """Lower case without accents, position by position the same as `cleaned`."""
    lowered = cleaned.lower()
    if lowered.isascii():
        return lowered
    if len(lowered) != len(cleaned):
        lowered = "".join([c.lower() if len(c.lower()) == 1 else c for c in cleaned])
    return lowered.translate(_FOLD)


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character))
