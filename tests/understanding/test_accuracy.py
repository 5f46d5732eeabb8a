"""How often the classifier is right on messages that nobody tuned on (benchmarks/intents has the rest)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from agentpay.understanding.classify import CONFIDENCE_THRESHOLD, Understanding, classify
from agentpay.understanding.intents import Intent

BLIND = Path(__file__).parents[2] / "benchmarks" / "intents" / "data" / "blind.jsonl"
ACCURACY_MIN = 0.90
RECALL_MIN = 0.75
CONFIDENT_RIGHT_MIN = 0.95

Pair = tuple[dict[str, Any], Understanding]


def understood() -> list[Pair]:
    messages = [json.loads(line) for line in BLIND.read_text().splitlines() if line.strip()]
    return [
        (
            message,
            classify(
                message["text"],
                prev_agent_action=message.get("prev_agent_action"),
                prev_agent_text=message.get("prev_agent_text"),
            ),
        )
        for message in messages
    ]


def test_the_held_out_messages_are_understood() -> None:
    pairs = understood()
    assert len(pairs) >= 400
    for language in ("en", "pt"):
        mine = [pair for pair in pairs if pair[0]["language"] == language]
        right = sum(read.intent == message["intent"] for message, read in mine)
        assert right / len(mine) >= ACCURACY_MIN, language
    asked = Counter(message["intent"] for message, _ in pairs)
    found = Counter(message["intent"] for message, read in pairs if read.intent == message["intent"])
    assert set(asked) == {intent.value for intent in Intent}
    assert {name: found[name] / asked[name] for name in asked if found[name] / asked[name] < RECALL_MIN} == {}


def test_confidence_means_something() -> None:
    pairs = understood()
    sure = [read.intent == message["intent"] for message, read in pairs if read.confidence >= CONFIDENCE_THRESHOLD]
    unsure = [read.intent == message["intent"] for message, read in pairs if read.confidence < CONFIDENCE_THRESHOLD]
    assert sum(sure) / len(sure) >= CONFIDENT_RIGHT_MIN
    assert unsure
    assert sum(unsure) / len(unsure) < sum(sure) / len(sure)
