"""`POST /v1/agent/intent`: rules, a model, or a model where the rules are unsure."""

from typing import Any

import pytest

from agentpay.db.engine import Database
from tests.cast import Shop
from tests.turns.scripted import Scripted

UNCLEAR = "blue wonderful seventeen mars engine"
CLEAR = "do you ship to Brazil?"
OPINION = {"intent": "support_request", "confidence": 0.7}


async def ask(candles: Shop, text: str, provider: str | None) -> dict[str, Any]:
    answer = await candles.post("/v1/agent/intent", {"text": text, "provider": provider})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("text", "provider", "source", "asked"),
    [
        (CLEAR, None, "rules", 0),
        (UNCLEAR, "rules", "rules", 0),
        (CLEAR, "hybrid", "rules", 0),
        (UNCLEAR + "!", "hybrid", "hybrid", 1),
        (CLEAR + " ok?", "llm", "llm", 1),
    ],
)
async def test_who_says_what_a_message_means(
    candles: Shop, model: Scripted, text: str, provider: str | None, source: str, asked: int
) -> None:
    model.opinion = OPINION
    understood = await ask(candles, text, provider)
    assert understood["source"] == source
    assert len(model.judged) == asked
    if asked:
        assert (understood["intent"], understood["confidence"]) == ("support_request", 0.7)


async def test_an_opinion_is_asked_once(candles: Shop, model: Scripted) -> None:
    model.opinion = OPINION
    for _ in range(3):
        await ask(candles, UNCLEAR + " once", "llm")
    assert len(model.judged) == 1


async def test_what_is_read_of_a_message_follows_the_opinion(candles: Shop, model: Scripted) -> None:
    model.opinion = {"intent": "shipping_question", "confidence": 1}
    assert (await ask(candles, "and for portugal then", "llm"))["entities"]["country"] == "PT"


async def test_over_budget_the_rules_answer(candles: Shop, model: Scripted, db: Database) -> None:
    model.opinion = OPINION
    budget = {"kind": "model", "scope": "organization", "period": "month", "currency": "usd", "amount": 20_100}
    path = f"/v1/organizations/{candles.organization_id}"
    assert (await candles.patch(path, {"budgets": [budget]})).status_code == 200
    assert (await ask(candles, "zxqv blorp", "llm"))["source"] == "llm"
    assert (await ask(candles, "zxqv blorp again", "llm"))["source"] == "rules"
    assert (await db.one("select reserved, committed from budgets")) == {"reserved": 0, "committed": 150}
