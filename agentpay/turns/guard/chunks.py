"""One piece of a reply between two spaces, taken apart: numbers, currencies, percent signs, words, marks."""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from agentpay.turns.guard import vocabulary as words
from agentpay.turns.guard.letters import seen

CHUNKS_CACHED_MAX: Final = 8_192
CACHED_CHARACTERS_MAX: Final = 64
"""Longer pieces are read each time: the cache holds words, not essays."""


class Kind(IntEnum):
    DIGITS = 1
    NUMBER = 2
    TIMES = 3
    SIGN = 4
    MONEY = 5
    CENTS = 6
    PERCENT = 7
    WORD = 8
    MARK = 9


FIGURES: Final = frozenset({Kind.DIGITS, Kind.NUMBER, Kind.TIMES})
_OPENING: Final = frozenset({Kind.DIGITS, Kind.NUMBER, Kind.TIMES, Kind.SIGN, Kind.MONEY, Kind.CENTS, Kind.PERCENT})


class Atom(NamedTuple):
    kind: Kind
    text: str
    glued: bool
    """Nothing stood between it and the atom before."""


class Chunk(NamedTuple):
    """A piece as its reader sees it.

    `text` is without addresses of the web, `core` without the marks around it; `opens`: an amount may begin here.
    """

    body: str
    text: str
    core: str
    atoms: tuple[Atom, ...]
    opens: bool
    is_share: bool
    ends: bool
    pauses: bool
    is_plain: bool
    """Letters and marks only: no link, key or code can be in it."""


_IDEOGRAPHS: Final = frozenset("〇零一二三四五六七八九十百千万")
_LEET: Final = str.maketrans("013457", "oieast")
_LEET_WORD: Final = re.compile(r"[a-z]+\d[a-z0-9]*[a-z]")
_ADDRESS: Final = re.compile(r"https?://[^\s)\]>\"',;$€£¥]*", re.IGNORECASE)
_MARKUP: Final = str.maketrans("", "", "*_~`\\")
_ATOM: Final = re.compile(
    r"(?:usd|us|u|r|ca|c|au|a|nz|mx|s|hk|cn)?[$¥]|(?<![\w.,])[.,]\d+|\d+(?:[.,']\d+)*|[a-z]+(?:'[a-z]+)?|[^\w\s]|\w"
)
_ZEROS: Final = re.compile(r"(?<=\d)o+(?![a-z])|(?<![a-z])o+(?=\d)")
_AROUND: Final = " .,;:!?…()[]{}\"'*_~`|<>-/\\=+"
_END: Final = re.compile(r"[.!?…。][)\]\"'*_~`]*$")
_PAUSE: Final = re.compile(r"[,;|)\]][\"'*_~`]*$|^-+$")
_PLAIN: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[.,;:!?…)\"'”’*_]*")
_WRITTEN: Final = "|".join(sorted(words.NUMBER_WORDS, key=len, reverse=True))
_COMPOUND: Final = re.compile(rf"(?:{_WRITTEN}|hundred|mil|thousand)(?:e?(?:{_WRITTEN}|hundred|mil|thousand))+")
_IN_COMPOUND: Final = re.compile(rf"{_WRITTEN}|hundred|mil|thousand|e")


def read_chunk(body: str) -> Chunk:
    """`body` is visible text without white space."""
    return _cached(body) if len(body) <= CACHED_CHARACTERS_MAX else _read(body)


@lru_cache(maxsize=CHUNKS_CACHED_MAX)
def _cached(body: str) -> Chunk:
    return _read(body)


def _read(body: str) -> Chunk:
    text = _ADDRESS.sub("", body) if "://" in body else body
    view = seen(text).translate(_MARKUP)
    core = view.strip(_AROUND)
    atoms = tuple(_atoms(view))
    opens = any(atom.kind in _OPENING and atom.text not in words.AMBIGUOUS_CURRENCY_WORDS for atom in atoms)
    return Chunk(
        body=body,
        text=text,
        core=core,
        atoms=atoms,
        opens=opens,
        is_share=core in words.SHARES or core in words.SHARE_WORDS,
        ends=_END.search(view) is not None,
        pauses=_PAUSE.search(view) is not None,
        is_plain=_PLAIN.fullmatch(body) is not None and not (len(core) > 1 and body.isupper()),
    )


def _atoms(view: str) -> list[Atom]:
    atoms: list[Atom] = []
    reached = 0
    view = _LEET_WORD.sub(_unleeted, _ZEROS.sub(lambda found: "0" * len(found[0]), view))
    for match in _ATOM.finditer(view):
        glued = bool(atoms) and match.start() == reached
        reached = match.end()
        text = match[0]
        if len(text) > 5 and text not in words.NUMBER_WORDS and _COMPOUND.fullmatch(text):
            atoms += [_atom(part[0], False) for part in _IN_COMPOUND.finditer(text)]
        else:
            before = atoms[-1].kind if glued else None
            atoms.append(_atom(text, glued, is_after_digits=before is Kind.DIGITS))
    return atoms


def _atom(text: str, glued: bool, *, is_after_digits: bool = False) -> Atom:
    if text[-1].isdigit() or text in _IDEOGRAPHS:
        return Atom(Kind.DIGITS, text, glued)
    if text in words.NUMBER_WORDS:
        return Atom(Kind.NUMBER, text, glued)
    if text in words.MULTIPLIERS and (text != "k" or is_after_digits):
        return Atom(Kind.TIMES, text, glued)
    if text in words.CURRENCY_SIGNS or (len(text) == 1 and not text.isascii() and _is_currency(text)):
        return Atom(Kind.SIGN, text, glued)
    if text in words.CURRENCY_WORDS:
        return Atom(Kind.MONEY, text, glued)
    if text in words.CENT_WORDS or text == "¢":
        return Atom(Kind.CENTS, text, glued)
    if text == "%" or text in words.PERCENT_WORDS:
        return Atom(Kind.PERCENT, text, glued)
    return Atom(Kind.WORD if text[0].isalnum() else Kind.MARK, text, glued)


def _unleeted(found: re.Match[str]) -> str:
    """`n1nety` is read as `ninety`; what is no number word stays."""
    word = found[0].translate(_LEET)
    return word if word in words.NUMBER_WORDS or word in words.CURRENCY_WORDS else found[0]


def _is_currency(character: str) -> bool:
    return unicodedata.category(character) == "Sc"
