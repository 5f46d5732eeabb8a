"""One message understood: intent, confidence, entities, language. Pure; rules and a small linear model, no network."""

from typing import Final, Literal

import msgspec

from agentpay.understanding.context import Context, read_context
from agentpay.understanding.entities import Entities, extract_read
from agentpay.understanding.features import Features, describe
from agentpay.understanding.intents import Intent
from agentpay.understanding.language import detect, detect_folded
from agentpay.understanding.lexicon import find_concepts
from agentpay.understanding.linear import INTENTS, chances, model
from agentpay.understanding.rules import decide
from agentpay.understanding.spelling import corrected
from agentpay.understanding.text import clean, fold
from agentpay.understanding.tokens import tokenize

CONFIDENCE_THRESHOLD: Final = 0.6
"""Below it a model may be asked: there the rules are right about every second time."""

RULE_CONFIDENCE: Final = 0.98
"""Where a rule decides."""


class Understanding(msgspec.Struct, frozen=True):
    """What a message means. `confidence` is the measured chance that `intent` is right; `source` who said so."""

    intent: Intent
    confidence: float
    entities: Entities
    language: str
    source: Literal["rules", "llm", "hybrid"]


def classify(
    text: str,
    *,
    prev_agent_action: str | None = None,
    prev_agent_text: str | None = None,
    previous_language: str | None = None,
) -> Understanding:
    """Understand one message in the light of what the agent did and said just before. Never raises on any text."""
    cleaned = clean(text)
    folded = fold(cleaned)
    language = detect_folded(cleaned, folded, previous=previous_language or _language_of(prev_agent_text))
    context = read_context(prev_agent_action, prev_agent_text)
    intent, confidence = _decide(folded, context)
    entities = extract_read(cleaned, folded, language=language, intent=intent, asked=context.asked)
    return Understanding(intent, confidence, entities, language, "rules")


def classified_as(
    text: str,
    intent: Intent,
    confidence: float,
    *,
    source: Literal["llm", "hybrid"],
    language: str,
    prev_agent_action: str | None = None,
    prev_agent_text: str | None = None,
) -> Understanding:
    """The message under an intent that somebody else chose: entities are read as this intent has them."""
    cleaned = clean(text)
    context = read_context(prev_agent_action, prev_agent_text)
    entities = extract_read(cleaned, fold(cleaned), language=language, intent=intent, asked=context.asked)
    return Understanding(intent, confidence, entities, language, source)


def _language_of(agent_text: str | None) -> str:
    return detect(agent_text) if agent_text else "en"


def _decide(folded: str, context: Context) -> tuple[Intent, float]:
    tokens = corrected(tokenize(folded))
    hits = find_concepts(tokens)
    decided = decide(folded, tokens, hits, context)
    if decided is not None:
        return decided, RULE_CONFIDENCE
    likely = chances(describe(tokens, hits, context), model())
    confidence = max(likely)
    return INTENTS[likely.index(confidence)], round(confidence, 4)


def describe_message(text: str, *, prev_agent_action: str | None, prev_agent_text: str | None) -> Features:
    """The features of a message; training and use go through here alike."""
    tokens = corrected(tokenize(fold(clean(text))))
    return describe(tokens, find_concepts(tokens), read_context(prev_agent_action, prev_agent_text))
