"""Misspelt words put right when exactly one letter is wrong and the word is one that matters."""

from functools import cache
from typing import Final

from agentpay.understanding.language import common_words
from agentpay.understanding.lexicon import lexicon
from agentpay.understanding.names import name_words
from agentpay.understanding.places import place_words
from agentpay.understanding.resources import words

LETTERS_MIN: Final = 5
"""Shorter words have too many neighbours."""

LETTERS_MAX: Final = 16
CORRECTIONS_MAX: Final = 12
"""Unknown words looked at in one message."""

_LETTERS: Final = "aeiouynrstldcmpvbghfqjkzxw"


def corrected(tokens: list[str]) -> list[str]:
    """The tokens with the misspelt ones replaced by the only word one slip away."""
    known = _known()
    result = tokens
    tried = 0
    for place, token in enumerate(tokens):
        if token in known or not LETTERS_MIN <= len(token) <= LETTERS_MAX or token[0] == "<" or not token.isalpha():
            continue
        tried += 1
        if tried > CORRECTIONS_MAX:
            break
        right = _nearest(token)
        if right is not None:
            if result is tokens:
                result = list(tokens)
            result[place] = right
    return result


def _nearest(token: str) -> str | None:
    targets = _targets()
    size = len(token)
    for place in range(size - 1):  # two letters swapped
        word = token[:place] + token[place + 1] + token[place] + token[place + 2 :]
        if word in targets:
            return word
    for place in range(size):  # one letter too many
        word = token[:place] + token[place + 1 :]
        if word in targets:
            return word
    for place in range(1, size + 1):  # one letter missing
        for letter in _LETTERS:
            word = token[:place] + letter + token[place:]
            if word in targets:
                return word
    for place in range(1, size):  # a wrong letter, never the first
        for letter in _LETTERS:
            word = token[:place] + letter + token[place + 1 :]
            if word in targets:
                return word
    return None


@cache
def _targets() -> frozenset[str]:
    """What a slip may be turned into: words of the lists that people really write."""
    matter = (lexicon().words | name_words()) & _written()
    return frozenset(word for word in matter if len(word) >= LETTERS_MIN and word.isalpha())


@cache
def _known() -> frozenset[str]:
    return lexicon().words | name_words() | common_words() | place_words() | words("common.txt") | _written()


def _written() -> frozenset[str]:
    """The words of the training messages; data/words.txt, made by `python -m benchmarks.intents.train`."""
    return words("words.txt")
