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
    """The target one slip away: a letter missing, added, wrong or swapped with its neighbour; the first one is right.

    Two words one slip apart share a form with one letter less, so a look at those forms finds every candidate.
    """
    by_form = _targets_by_form()
    for form in (token, *_shortened(token)):
        for target in by_form.get(form, ()):
            if target[0] == token[0] and _one_slip(token, target):
                return target
    return None


def _one_slip(written: str, right: str) -> bool:
    start = 0
    shorter = min(len(written), len(right))
    while start < shorter and written[start] == right[start]:
        start += 1
    if len(written) == len(right):
        if written[start + 1 :] == right[start + 1 :]:
            return True
        swapped = written[start : start + 2][::-1]
        return swapped == right[start : start + 2] and written[start + 2 :] == right[start + 2 :]
    if len(written) > len(right):
        return written[start + 1 :] == right[start:]
    return written[start:] == right[start + 1 :]


def _shortened(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


@cache
def _targets_by_form() -> dict[str, list[str]]:
    """Each target under itself and under every form of it with one letter less."""
    by_form: dict[str, list[str]] = {}
    for target in sorted(_targets(), key=lambda word: (len(word), word)):
        for form in {target, *_shortened(target)}:
            by_form.setdefault(form, []).append(target)
    return by_form


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
