"""Concepts: what people say, whichever words and language they say it in. The words stand in data/lexicon.txt."""

from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple

from agentpay.understanding.inflection import english_forms, portuguese_forms
from agentpay.understanding.resources import lines
from agentpay.understanding.tokens import slang_words

FILLERS: Final = frozenset("the a an um uma o os as just really actually please eu ai entao".split())  # noqa: SIM905
"""Words that may stand inside a phrase without changing it."""

STEM_LETTERS_MIN: Final = 3
_END: Final = ""


class Hit(NamedTuple):
    """A concept at the tokens `start` to `end`."""

    start: int
    end: int
    concept: str


class Lexicon(NamedTuple):
    """`phrases` is a trie of words; under the key "" stand the concepts of the phrase that ends there."""

    phrases: dict[str, Any]
    stems: dict[str, tuple[str, ...]]
    stem_starts: frozenset[str]
    words: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    phrases: dict[str, Any] = {}
    stems: dict[str, tuple[str, ...]] = {}
    words: set[str] = set()
    for line in lines("lexicon.txt"):
        concept, _, forms = line.partition(":")
        for form in forms.split(","):
            form = form.strip()
            if form.endswith("*"):
                stem = form.removesuffix("*")
                stems[stem] = (*stems.get(stem, ()), concept)
                continue
            for written in _alternatives(form) if "+" in form or "/" in form else (form.split(),):
                tokens = _canonical(written)
                words.update(tokens)
                _plant(phrases, tokens, concept)
    return Lexicon(phrases, stems, frozenset(stem[:STEM_LETTERS_MIN] for stem in stems), frozenset(words))


def find_concepts(tokens: list[str]) -> list[Hit]:
    """Every concept of the tokens, in order of place; phrases also where fillers stand between their words."""
    known = lexicon()
    hits = set(_walk(tokens, list(range(len(tokens))), known))
    kept = [place for place, token in enumerate(tokens) if token not in FILLERS]
    if len(kept) < len(tokens):
        hits.update(_walk(tokens, kept, known))
    return sorted(hits)


def _walk(tokens: list[str], places: list[int], known: Lexicon) -> list[Hit]:
    hits: list[Hit] = []
    count = len(places)
    for index in range(count):
        start = places[index]
        token = tokens[start]
        node = known.phrases.get(token)
        position = index
        while node is not None:
            end = places[position] + 1
            hits.extend([Hit(start, end, concept) for concept in node.get(_END, ())])
            position += 1
            node = node.get(tokens[places[position]]) if position < count else None
        if token[:STEM_LETTERS_MIN] in known.stem_starts:
            for length in range(STEM_LETTERS_MIN, len(token) + 1):
                hits.extend([Hit(start, start + 1, concept) for concept in known.stems.get(token[:length], ())])
    return hits


def _alternatives(form: str) -> list[list[str]]:
    choices = [_spread(word) for word in form.split()]
    return [[word for word in words if word] for words in product(*choices)]


def _spread(word: str) -> list[str]:
    if word.endswith("++"):
        return portuguese_forms(word[:-2])
    if word.endswith("+"):
        return english_forms(word[:-1])
    return ["" if choice == "~" else choice for choice in word.split("/")]


def _canonical(words: list[str]) -> list[str]:
    slang = slang_words()
    if slang.keys().isdisjoint(words):
        return words
    return [word for written in words for word in slang.get(written, (written,))]


def _plant(phrases: dict[str, Any], tokens: list[str], concept: str) -> None:
    node = phrases
    for token in tokens:
        node = node.setdefault(token, {})
    if concept not in node.get(_END, ()):
        node[_END] = (*node.get(_END, ()), concept)
