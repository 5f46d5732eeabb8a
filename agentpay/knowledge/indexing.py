"""A text as PostgreSQL's tsvector, made here so that what is indexed and what is asked are cut alike. Pure.

Each lexeme stands once, under the best label of the fields that hold it: A name, B what is promised or said often,
C text, D the rest. One position each keeps vectors small and makes `ts_rank` of one lexeme a plain weight.
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
    found = words.content_words(text)
    return list(dict.fromkeys((*words.all_forms(found), *words.compounds(text), *synonyms.marks_in(text))))


def often_in(text: str) -> list[str]:
    """Lexemes of the words that the text repeats."""
    counted = Counter(words.content_words(text))
    return list(words.all_forms(word for word, times in counted.items() if times >= OFTEN))


def best_labels(fields: Iterable[tuple[Label, Iterable[str]]]) -> dict[str, Label]:
    """Each lexeme under its best label; `EVERY_ROW` among them. The first `LEXEMES_MAX` of the best fields count."""
    best: dict[str, Label] = {EVERY_ROW: "D"}
    for label, lexemes in sorted(fields, key=lambda field: field[0]):
        for lexeme in lexemes:
            if len(best) < LEXEMES_MAX:
                best.setdefault(lexeme, label)
    return best


def vector(labels: Mapping[str, Label]) -> str:
    """Text form of the tsvector. Lexemes hold letters, digits and `~` only, so nothing needs escaping."""
    return " ".join(f"'{lexeme}':1{label if label != 'D' else ''}" for lexeme, label in labels.items())
