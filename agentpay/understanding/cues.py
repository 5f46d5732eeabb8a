"""The words around a number or a name that tell what it is, from data/cues.txt."""

import re
from functools import cache
from typing import Final

from agentpay.understanding.resources import sections

NEAR_CHARACTERS: Final = 40
"""How far before and after something its cues are looked for."""

_FILLER_WORDS: Final = (
    "the|a|uns|umas|cerca de|around|about|only|just|so|tipo|like|me|us|it|still|apenas|somente|de|at|for|por|em"
)


@cache
def cue(name: str) -> re.Pattern[str]:
    """Any of the cues as whole words."""
    return re.compile(rf"(?<!\w)(?:{alternatives(name)})(?!\w)")


@cache
def before(name: str) -> re.Pattern[str]:
    """Any of the cues at the end of a text; search what stands right before something."""
    return re.compile(rf"(?<!\w)(?:{alternatives(f'{name} before')}) *$")


@cache
def well_before(name: str) -> re.Pattern[str]:
    """Like `before`, but small words may stand between: "under about"."""
    return re.compile(rf"(?<!\w)(?:{alternatives(f'{name} before')})(?: (?:{_FILLER_WORDS}))* *$")


@cache
def after(name: str) -> re.Pattern[str]:
    """Any of the cues at the start of a text; match what stands right after something."""
    return re.compile(rf" ?(?:{alternatives(f'{name} after')})(?!\w)")


@cache
def words(name: str) -> frozenset[str]:
    """The cues of a section that are single words, as a set."""
    return frozenset(_cues()[name])


def alternatives(name: str) -> str:
    """The cues of a section as one alternative of a pattern."""
    return "|".join(_cues()[name])


@cache
def _cues() -> dict[str, list[str]]:
    return sections("cues.txt")
