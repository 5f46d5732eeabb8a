"""One message understood: intent, confidence, entities, language. Pure; rules and a small linear model, no network."""

from typing import Final, Literal

import msgspec

from agentpay.understanding.context import read_context
from agentpay.understanding.entities import Entities, extract
from agentpay.understanding.features import Features, describe
from agentpay.understanding.intents import Intent
from agentpay.understanding.language import detect_folded
from agentpay.understanding.lexicon import find_concepts
from agentpay.understanding.linear import INTENTS, model, probabilities, score
from agentpay.understanding.spelling import corrected
from agentpay.understanding.text import clean, fold
from agentpay.understanding.tokens import tokenize

CONFIDENCE_THRESHOLD: Final = 0.6
"""Below it a model may be asked for a second opinion."""


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
    language = detect_folded(cleaned, folded, previous=previous_language or "en")
    features = describe_message(text, prev_agent_action=prev_agent_action, prev_agent_text=prev_agent_text)
    chances = probabilities(score(features, model()), model())
    confidence = max(chances)
    intent = INTENTS[chances.index(confidence)]
    entities = extract(
        text, language=language, intent=intent, prev_agent_action=prev_agent_action, prev_agent_text=prev_agent_text
    )
    return Understanding(intent, round(confidence, 4), entities, language, "rules")


def describe_message(text: str, *, prev_agent_action: str | None, prev_agent_text: str | None) -> Features:
    """The features of a message; training and use go through here alike."""
    tokens = corrected(tokenize(fold(clean(text))))
    return describe(tokens, find_concepts(tokens), read_context(prev_agent_action, prev_agent_text))
