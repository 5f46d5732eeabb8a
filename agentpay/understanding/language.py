"""Which of the two launch languages a message is written in."""

import re
from functools import cache
from typing import Final, Literal, NamedTuple

from agentpay.understanding.resources import sections
from agentpay.understanding.text import clean, fold

Language = Literal["en", "pt"]

CHARACTERS_READ_MAX: Final = 1_000
OPENING_WORDS: Final = 3
"""The first words of a message in two languages tell which one its writer thinks in: they count twice."""

WEIGHT_OWN: Final = 3
WEIGHT_SEEN: Final = 2
WEIGHT_ACCENT: Final = 2

_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
_ACCENT: Final = re.compile(r"[ãõçáâàéêíóôú]", re.IGNORECASE)


class _Words(NamedTuple):
    en: dict[str, int]
    pt: dict[str, int]


def detect(text: str, *, previous: str = "en") -> Language:
    """The language of `text`; where it tells nothing ("ok", "80", an emoji), that of the conversation so far."""
    cleaned = clean(text)
    return detect_folded(cleaned, fold(cleaned), previous=previous)


def detect_folded(cleaned: str, folded: str, *, previous: str) -> Language:
    """`detect` for a text whose views are already made."""
    known = _words()
    english = portuguese = 0
    for place, word in enumerate(_WORD.findall(folded[:CHARACTERS_READ_MAX])):
        times = 2 if place < OPENING_WORDS else 1
        english += times * known.en.get(word, 0)
        portuguese += times * known.pt.get(word, 0)
    if not cleaned.isascii():
        portuguese += WEIGHT_ACCENT * len(_ACCENT.findall(cleaned[:CHARACTERS_READ_MAX]))
    if english == portuguese:
        return "pt" if previous == "pt" else "en"
    return "pt" if portuguese > english else "en"


def common_words() -> frozenset[str]:
    """The words of both lists; they are spelt right."""
    return frozenset(_words().en) | frozenset(_words().pt)


@cache
def _words() -> _Words:
    """Weights by word: the hand-made lists first, then what the training messages use in one language only."""
    by_hand, seen = (_split(sections(name)) for name in ("languages.txt", "words.txt"))
    shared = frozenset(by_hand["shared"])
    weights: dict[str, dict[str, int]] = {}
    for name in ("en", "pt"):
        weights[name] = dict.fromkeys(seen[name], WEIGHT_SEEN) | dict.fromkeys(by_hand[name], WEIGHT_OWN)
        for word in shared:
            weights[name].pop(word, None)
    return _Words(weights["en"], weights["pt"])


def _split(listed: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: [word for line in lines for word in line.split()] for name, lines in listed.items()}
