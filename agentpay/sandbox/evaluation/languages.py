"""Is it English or Portuguese? By its small words alone, without the shop's own texts. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from agentpay.sandbox.evaluation.moves import Language


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_WORDS: Final[dict[Language, frozenset[str]]] = {
    "en": _words(
        """the and you your is are can what which would with for this that it i'm i'll i can't does of have has not
        here there please will we our to from about just any more shall my at which let if when how"""
    ),
    "pt": _words(
        """o os um uma você voce vc seu sua é são pode qual quais com para pra por este esta esse essa isso não nao
        aqui por favor vai nós nosso nossa de da dos das em na mais posso meu minha se quando como já que e eu
        ao à sobre quer custa"""
    ),
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
DIFFERENCE_MIN: Final = 2
"""So many more small words of the other language than of the right one make it the wrong one."""


def is_other_language(text: str, language: Language, *, quotes: Iterable[str] = ()) -> bool:
    """Whether `text`, without what it quotes, is clearly written in the other of the two languages."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(without(text, quotes))]
    counts = {each: sum(word in small for word in words) for each, small in _SMALL_WORDS.items()}
    other: Language = "pt" if language == "en" else "en"
    return counts[other] - counts[language] >= DIFFERENCE_MIN


def without(text: str, quotes: Iterable[str]) -> str:
    """`text` without the lines, sentences and titles that stand in `quotes` word for word."""
    rest = text
    for part in sorted({part for quote in quotes for part in _parts(quote)}, key=len, reverse=True):
        rest = rest.replace(part, " ")
    return rest


def _parts(quote: str) -> list[str]:
    sentences = re.split(r"(?<=[.!?:])\s+|\n+|(?:^|\n)- ", quote)
    return [part.strip(" -\n") for part in sentences if len(part.split()) > 1]
