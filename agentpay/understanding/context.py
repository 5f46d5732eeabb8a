"""What the agent's last words leave open: the question, what it is about, whether a purchase or a price was offered."""

import re
from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.cues import cue
from agentpay.understanding.lexicon import find_concepts
from agentpay.understanding.resources import sections
from agentpay.understanding.text import clean, fold
from agentpay.understanding.tokens import tokenize

AGENT_TEXT_CHARACTERS_MAX: Final = 600
"""Read of the agent's text, from its end: the question that a visitor answers stands there."""

QUESTION_WORDS_MIN: Final = 4
"""A shorter question ("Deal?", "Is that ok?") is read together with the sentence before it."""


class Context(NamedTuple):
    """`asked` names what the agent's words ask or offer, `action` what it did, `topics` what they are about.

    All empty where nothing is known.
    """

    action: str
    asked: str
    topics: frozenset[str]


NO_CONTEXT: Final = Context("", "", frozenset())

_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.!?\n](?=\d)[^.!?\n]*)*[.!?\n]*")
_LINK: Final = re.compile(r"https?://")
_AMOUNT: Final = re.compile(r"(?:[$€£¥]|r\$) ?\d|\d ?(?:usd|eur|brl|gbp|dollars|euros|reais|%|[$€£])")


def read_context(prev_agent_action: str | None, prev_agent_text: str | None) -> Context:
    """The context that the agent's last turn leaves; an unknown action is kept as it is and means nothing."""
    if not prev_agent_text:
        return Context(prev_agent_action or "", "", frozenset()) if prev_agent_action else NO_CONTEXT
    folded = fold(clean(prev_agent_text[-AGENT_TEXT_CHARACTERS_MAX:]))
    question, statement = _last_words(folded)
    asked = _asked(folded, question, statement)
    topics = frozenset(hit.concept for hit in find_concepts(tokenize(question or folded)))
    return Context(prev_agent_action or "", asked, topics)


def _last_words(folded: str) -> tuple[str, str]:
    """The last question ("" where none), with the sentence before it if it is short, and the last sentence."""
    sentences = [match[0].strip() for match in _SENTENCE.finditer(folded)]
    places = [place for place, sentence in enumerate(sentences) if sentence.endswith("?")]
    if not places:
        return "", sentences[-1] if sentences else ""
    question = sentences[places[-1]]
    if len(question.split()) < QUESTION_WORDS_MIN and places[-1]:
        question = f"{sentences[places[-1] - 1]} {question}"
    return question, sentences[-1]


def _asked(folded: str, question: str, statement: str) -> str:
    offered_price = _AMOUNT.search(folded) is not None and cue("offered price").search(folded) is not None
    if not question:
        if _LINK.search(folded) or cue("sent link").search(folded):
            return "sent_link"
        return "offer" if offered_price else _first_match(statement, "said ")
    asked = _first_match(question, "") or "question"
    return "offer" if offered_price and asked in ("purchase", "more_info", "question") else asked


def _first_match(sentence: str, prefix: str) -> str:
    for name, pattern in _patterns():
        if pattern.search(sentence):
            return prefix + name
    return ""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sections of data/asked.txt, each as one pattern of whole words."""
    return tuple(
        (name, re.compile(r"(?<!\w)(?:" + "|".join(forms) + r")(?!\w)"))
        for name, forms in sections("asked.txt").items()
    )
