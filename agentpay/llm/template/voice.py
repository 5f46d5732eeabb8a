"""How the agent speaks: picks phrases for language, tone and verbosity, never the same one twice in a row. Pure.

A phrase book maps a key to variants; a variant may be bound to tones by a prefix (`friendly|Great choice!`). Which one
is taken follows from the conversation's own words, so the same request is always answered alike.
"""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from agentpay.kit.text import fold, one_line, shorten
from agentpay.llm.template import naming, phrases
from agentpay.llm.types import Brief

LEVELS: Final = ("concise", "medium", "detailed")
QUICK_REPLIES_MAX: Final = 4
DESCRIPTION_CHARACTERS: Final[Mapping[str, int]] = {"concise": 160, "medium": 260, "detailed": 420}
LINE_CHARACTERS: Final[Mapping[str, int]] = {"concise": 90, "medium": 110, "detailed": 140}
SNIPPET_CHARACTERS: Final[Mapping[str, int]] = {"concise": 240, "medium": 420, "detailed": 800}

_TONED: Final = re.compile(r"^([a-z,]+)\|")
_LINK: Final = re.compile(r"!?\[([^\]]{0,200})\]\([^)]{0,500}\)")
_TAG_OR_ADDRESS: Final = re.compile(r"<[^<>]{0,200}>|https?://\S+")
_MARK: Final = re.compile(r"[*_`#>|~]+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+")

# Seconds left → the phrase that says so without a digit; rounded down, so that nothing is promised too long.
_VALIDITY: Final = (
    (8 * 60, "minutes"), (25 * 60, "quarter"), (50 * 60, "half_hour"), (110 * 60, "hour"), (7 * 3600, "hours"),
    (23 * 3600, "today"), (47 * 3600, "day"),
)  # fmt: skip


def plain(text: str) -> str:
    """A merchant's text on one line, without Markdown, HTML and addresses."""
    return one_line(_MARK.sub("", _TAG_OR_ADDRESS.sub(" ", _LINK.sub(r"\1", text))))


def sentences_of(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(plain(text)) if sentence]


def fitting(sentences: Sequence[str], *, characters_max: int) -> str:
    """As many whole sentences as fit; the first one cut where even it does not."""
    if not sentences:
        return ""
    taken = ended(shorten(sentences[0], characters_max=characters_max))
    for sentence in sentences[1:]:
        if len(taken) + 1 + len(sentence) > characters_max:
            break
        taken += " " + ended(sentence)
    return taken


def ended(sentence: str) -> str:
    """The sentence with an end; "" stays empty."""
    return sentence if not sentence or sentence[-1] in ".!?…" else sentence + "."


class Draft(msgspec.Struct, frozen=True):
    """A worded answer: never empty."""

    text: str
    quick_replies: tuple[str, ...] = ()


class Voice:
    """One turn's way of speaking."""

    def __init__(self, brief: Brief) -> None:
        self.language = brief.language
        self.tone = brief.personality.tone
        self.verbosity = brief.personality.verbosity
        self.is_proactive = brief.personality.proactive
        self._book = phrases.book(brief.language)
        self._seed = f"{brief.text}\n{brief.previous_text or ''}\n{len(brief.shown)}"
        self._previous = fold(brief.previous_text or "")
        self._now = brief.now

    def say(self, key: str, /, **values: str) -> str:
        """A phrase of the book, filled in; one that the last message did not hold, where there is one."""
        fitting = self._variants(key)
        start = zlib.crc32(f"{key}\n{self._seed}".encode("utf-8", "replace")) % len(fitting)
        turned = [variant.format_map(values) for variant in (*fitting[start:], *fitting[:start])]
        return next((phrase for phrase in turned if fold(phrase) not in self._previous or not phrase), turned[0])

    def at_least(self, level: str) -> bool:
        """Whether the personality wants as much said as `level` means."""
        return LEVELS.index(self.verbosity) >= LEVELS.index(level)

    def draft(self, *parts: str, replies: Iterable[str] = ()) -> Draft:
        """The parts as one text. `replies` are keys of short answers, offered only by a proactive agent."""
        text = "\n".join(filter(None, (re.sub(r"[ \t]+", " ", line).strip() for line in " ".join(parts).split("\n"))))
        chosen = tuple(dict.fromkeys(self.say(key) for key in replies)) if self.is_proactive else ()
        return Draft(text or self.say("fallback"), chosen[:QUICK_REPLIES_MAX])

    def if_proactive(self, key: str, /, **values: str) -> str:
        return self.say(key, **values) if self.is_proactive else ""

    def join(self, names: Iterable[str], *, word: str = "and") -> str:
        """`a, b and c` in the language of the turn; `word` is a key of the book: `and` or `or`."""
        listed = list(names)
        if len(listed) < 2:
            return "".join(listed)
        return f"{', '.join(listed[:-1])} {self.say(word)} {listed[-1]}"

    def gist(self, description: str, *, about: Sequence[str] = ()) -> str:
        """A merchant's text as short as the personality likes it; sentences that hold words of `about` first."""
        sentences = sentences_of(description)
        telling = [sentence for sentence in sentences if naming.mentions(sentence, about)]
        taken = (telling or sentences)[: 1 + LEVELS.index(self.verbosity)]
        return fitting(taken, characters_max=DESCRIPTION_CHARACTERS[self.verbosity])

    def line(self, description: str) -> str:
        """What distinguishes a product in a list."""
        return fitting(sentences_of(description)[:1], characters_max=LINE_CHARACTERS[self.verbosity])

    def snippet(self, text: str) -> str:
        """What an article says, as long as the personality likes it."""
        return fitting(sentences_of(text), characters_max=SNIPPET_CHARACTERS[self.verbosity])

    def validity(self, expires_at: datetime | None) -> str:
        """For how long something holds, in words and rounded down; "" when unknown, past or not comparable."""
        if expires_at is None or (expires_at.tzinfo is None) != (self._now.tzinfo is None):
            return ""
        seconds = (expires_at - self._now).total_seconds()
        if seconds <= 0:
            return ""
        return self.say("valid_" + next((name for limit, name in _VALIDITY if seconds < limit), "days"))

    def _variants(self, key: str) -> list[str]:
        toned, plain = [], []
        for variant in self._book[key]:
            bound = _TONED.match(variant)
            if bound is None:
                plain.append(variant)
            elif self.tone in bound[1].split(","):
                toned.append(variant[bound.end() :])
        return toned if len(toned) > 1 else toned + plain
