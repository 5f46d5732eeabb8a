"""What the slow model says: a long answer, of words that the guard lets through."""

import itertools
from typing import Any

from tests.llm.providers import anthropic_server as claude
from tests.llm.providers.anthropic_server import AnthropicServer
from tests.llm.providers.server import Answer, Part, Pause

_SYLLABLES = [consonant + vowel for consonant in "bdflmnprst" for vowel in "aeio"]
_CUT = 3


def long_answer(words: int) -> str:
    """So many different words, the same at every call: whatever is lost, doubled or moved shows."""
    pairs = ("".join(pair) for pair in itertools.product(_SYLLABLES, repeat=2))
    return " ".join(itertools.islice(pairs, words)).capitalize() + "."


def speaks(model: AnthropicServer, *, words: int, word_seconds: float) -> str:
    """From now on every answer is this one, said in pieces that end inside words. Returns it."""
    said = long_answer(words)
    pieces = [said[start : start + _CUT] for start in range(0, len(said), _CUT)]
    parts: list[Part] = [claude.start()]
    for part in claude.text(*pieces):
        parts += [part, Pause(word_seconds * _CUT / 5)]
    answer = Answer((*parts, *claude.stop()))

    def script(_: dict[str, Any]) -> Answer:
        return answer

    model.script = script
    return said
