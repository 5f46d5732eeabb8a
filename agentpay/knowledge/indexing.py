"""A text as PostgreSQL's tsvector, made here so that what is indexed and what is asked are cut alike. Pure.

Each lexeme stands once per label of the fields that hold it: A name, B what is promised or said often, C text, D the
rest. Positions mean nothing else, which keeps vectors small: `ts_rank` of one lexeme is its best label's weight, and a
little more where it stands under others too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from agentpay.kit import synonyms, words

Label = Literal["A", "B", "C", "D"]

LEXEMES_MAX = 4_000
OFTEN = 3
"""How many times a word stands in a text to count as what the text is about."""

EVERY_ROW = "~"
"""A lexeme of every indexed row: its count in `search_words` is the number of rows."""


def lexemes_of(text: str) -> list[str]:
    """Words, their stems, compounds and concepts, each once, in order of appearance."""
    sequence = words.words(text)
    content = [word for word in sequence if words.is_content(word)]
    return list(dict.fromkeys((*words.all_forms(content), *words.compounds(text), *synonyms.marks_in(sequence))))


def often_in(text: str) -> list[str]:
    """Lexemes of the words that the text repeats."""
    counted = Counter(words.content_words(text))
    return list(words.all_forms(word for word, times in counted.items() if times >= OFTEN))


def labelled(fields: Iterable[tuple[Label, Iterable[str]]]) -> dict[str, str]:
    """Each lexeme with its labels, best first; `EVERY_ROW` among them. The first `LEXEMES_MAX` of the best count."""
    labels: dict[str, str] = {EVERY_ROW: "D"}
    for label, lexemes in sorted(fields, key=lambda field: field[0]):
        for lexeme in lexemes:
            held = labels.get(lexeme, "")
            if label not in held and (held or len(labels) < LEXEMES_MAX):
                labels[lexeme] = held + label
    return labels


def vector(labels: Mapping[str, str]) -> str:
    """Text form of the tsvector. Lexemes hold letters, digits and `~` only, so nothing needs escaping."""
    return " ".join(f"'{lexeme}':{_positions(held)}" for lexeme, held in labels.items())


def _positions(labels: str) -> str:
    return ",".join(f"{place}{label if label != 'D' else ''}" for place, label in enumerate(labels, start=1))
