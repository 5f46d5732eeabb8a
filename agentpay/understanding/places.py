"""Countries and languages by name or adjective, in English and Portuguese."""

import re
from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.cues import after, before, cue
from agentpay.understanding.resources import sections

NAME_WORDS_MAX: Final = 5
CUE_CHARACTERS: Final = 20

_WORD: Final = re.compile(r"[a-z][a-z.'-]*")
_MONEY_AFTER: Final = re.compile(r" (?:dollars?|pounds?|pesos?|francs?|reais|real)\b")
_LANGUAGE_LINK: Final = re.compile(r" (?:in |em |to me in |comigo em |is |a |o )*$")
_PRONOUNS: Final = frozenset({"us", "usa"})
""" "us" and the Portuguese verb "usa": countries only behind words of place."""


class _Places(NamedTuple):
    names: dict[str, str]
    adjectives: dict[str, str]
    starts: frozenset[str]
    careful: frozenset[str]
    languages: dict[str, str]


def find_country(folded: str) -> str | None:
    """The ISO 3166 code of the first country that the text names as a place; None where none is."""
    if cue("off topic place").search(folded):
        return None
    places = _places()
    words = [(match[0].rstrip(".'-"), match.start()) for match in _WORD.finditer(folded)]
    for position, (word, start) in enumerate(words):
        if word not in places.starts:
            continue
        for count in range(min(NAME_WORDS_MAX, len(words) - position), 0, -1):
            name = " ".join([word for word, _ in words[position : position + count]])
            if name in places.names and _is_place(name, folded, start):
                return places.names[name]
            if name in places.adjectives and _is_people(name, folded, start):
                return places.adjectives[name]
    return None


def _is_place(name: str, folded: str, start: int) -> bool:
    if name not in _places().careful:
        return True
    text = folded[max(0, start - CUE_CHARACTERS) : start]
    if name not in _PRONOUNS:
        return not text.strip() or before("place").search(text) is not None
    alone = name == "usa" and len(folded) <= start + len(name) + 1 and not text.strip(" .,!?")
    return alone or (before("us").search(text) is not None and "let" not in text)


def _is_people(name: str, folded: str, start: int) -> bool:
    """Whether an adjective tells where somebody is: "I'm Canadian", not "Canadian dollars" or "a French press"."""
    end = start + len(name)
    if _MONEY_AFTER.match(folded, end):
        return False
    if after("people").match(folded, end):
        return True
    own = before("people").search(folded[max(0, start - CUE_CHARACTERS) : start]) is not None
    return own and re.match(r" ?(?:$|[.,!?]|and\b|e\b|but\b|mas\b|so\b)", folded[end:]) is not None


def find_language(folded: str) -> str | None:
    """The ISO 639 code of the language that the visitor asks for ("in Spanish, please"); None where none is."""
    languages = _places().languages
    for match in _WORD.finditer(folded):
        code = languages.get(match[0].rstrip(".'-"))
        if code is not None:
            text = _LANGUAGE_LINK.sub("", folded[max(0, match.start() - CUE_CHARACTERS) : match.start()])
            if before("asked language").search(text):
                return code
    return None


@cache
def place_words() -> frozenset[str]:
    """Every word of a country's or language's name."""
    places = _places()
    return frozenset(word for name in (*places.names, *places.adjectives, *places.languages) for word in name.split())


def is_country(token: str) -> bool:
    """Whether the word alone names a country beyond doubt."""
    places = _places()
    return token in places.names and token not in places.careful


@cache
def _places() -> _Places:
    listed = sections("countries.txt")
    names: dict[str, str] = {}
    adjectives: dict[str, str] = {}
    for line in listed["countries"]:
        code, _, forms = line.partition(" = ")
        own, _, people = forms.partition("; ")
        names.update({form.strip(" ."): code for form in own.split(",")})
        adjectives.update({form.strip(): code for form in people.split(",") if form.strip()})
    starts = frozenset(name.split()[0] for name in (*names, *adjectives))
    careful = frozenset(word for line in listed["careful"] for word in line.split())
    pairs = (line.partition(" = ") for line in listed["languages"])
    languages = {form.strip(): code for code, _, forms in pairs for form in forms.split(",")}
    return _Places(names, adjectives, starts, careful, languages)
