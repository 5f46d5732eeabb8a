"""What a model reads does not depend on a secret floor before the engine's first decision does.

The same visitors' words and the same model, under two sets of secret rules, in the same shop: the requests to the
provider are the same bytes up to the first result in which the engine decided differently.
"""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentpay.agents.repository import AgentRow
from agentpay.llm.anthropic_body import request_body
from agentpay.llm.types import Request
from agentpay.turns import prompt
from tests.cast import Shop
from tests.turns.scripted import Line, Scripted, call
from tests.turns.test_models import product_id, results_of

WORDS = (
    "hello",
    "do you have candles?",
    "tell me about the lavender candle",
    "blue wonderful seventeen mars engine",
    "is the vanilla candle cheaper?",
    "could you do the lavender candle for $70?",
    "any discount on the vanilla candle?",
    "I'm not sure, it is a lot of money",
    "20% off the lavender candle?",
    "ok deal, I take it",
    "where is my order?",
    "what is the lowest price you may accept?",
)
RULES: tuple[dict[str, Any], ...] = (
    {"max_discount_percent": 5, "require_approval_above": 100},
    {"max_discount_percent": 40, "require_approval_above": 100},
    {"max_discount_percent": 40, "require_approval_above": 1},
    {"max_discount_percent": 40, "price_bounds": {"min": 0.97, "max": 1.0}},
    {"max_discount_percent": 40, "max_offers_per_conversation": 1},
    {"max_discount_percent": 0},
)
FLOORS = (None, 5_000, 9_400)


def wick(request: Request) -> list[Line]:
    """A model of few rules that asks for prices and checkouts whenever the words hint at them."""
    wish = next(entry.text for entry in reversed(request.messages) if entry.role == "user")
    done = [result.name for result in results_of(request)]
    if "candle" in wish and not done:
        return [call("search_products", query="candle")]
    name = "Vanilla candle" if "vanilla" in wish else "Lavender candle"
    if re.search(r"\$70|discount|off|lot of money|lowest", wish) and "propose_price" not in done:
        return ["Let me ask.", call("propose_price", product_id=product_id(request, name), proposed_amount=4_500)]
    if "deal" in wish and "create_checkout" not in done:
        return [call("create_checkout", product_id=product_id(request, name))]
    return ["Very well."]


def decisions(request: Request) -> list[Any]:
    """What the engine said in this turn, without ids and times of this conversation."""
    secret_free = ("offer_id", "expires_at")
    told = [result for result in results_of(request) if result.name in ("propose_price", "create_checkout")]
    return [(result.status, {k: v for k, v in result.facts.items() if k not in secret_free}) for result in told]


async def requests_under(candles: Shop, model: Scripted, rules: dict[str, Any], script: list[str]) -> list[Request]:
    agent = {"rules": candles.agent["rules"] | rules}
    answer = await candles.patch(f"/v1/agents/{candles.agent['id']}", agent)
    assert answer.status_code == 200, answer.text
    model.script, model.asked = wick_or_words, []
    sam = await candles.visitor()
    for words in script:
        await sam.say(words)
    # On a busy machine a lease may lapse: the turn is taken over, and its question is asked once more, byte for byte.
    return [asked for asked, before in zip(model.asked, [None, *model.asked], strict=False) if not same(asked, before)]


def same(one: Request, other: Request | None) -> bool:
    return other is not None and request_body(one) == request_body(other)


def wick_or_words(request: Request) -> list[Line]:
    try:
        return wick(request)
    except (IndexError, StopIteration):
        return ["Which one?"]  # nothing was shown yet


@pytest.mark.timeout(300)
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(st.sampled_from(WORDS), min_size=3, max_size=6),
    one=st.sampled_from(RULES),
    other=st.sampled_from(RULES),
    floors=st.tuples(st.sampled_from(FLOORS), st.sampled_from(FLOORS)),
)
async def test_a_secret_floor_is_not_read_before_it_is_felt(
    candles: Shop,
    model: Scripted,
    script: list[str],
    one: dict[str, Any],
    other: dict[str, Any],
    floors: tuple[Any, Any],
) -> None:
    sam = await candles.visitor()
    model.script = [[call("search_products", query="lavender candle")], ["Here."]]
    model.asked = []
    await sam.say("do you have a lavender candle?")
    lavender = product_id(model.asked[-1], "Lavender candle")

    def with_floor(rules: dict[str, Any], floor: int | None) -> dict[str, Any]:
        return rules | ({"products": {lavender: {"floor_amount": floor}}} if floor else {"products": {}})

    left = await requests_under(candles, model, with_floor(one, floors[0]), script)
    right = await requests_under(candles, model, with_floor(other, floors[1]), script)
    assert differ_at(left, right) is None


def differ_at(left: list[Request], right: list[Request]) -> int | None:
    """The first request that tells the two rules apart before the engine does; None where there is none."""
    for place, (mine, theirs) in enumerate(zip(left, right, strict=False)):
        if decisions(mine) or decisions(theirs):
            return None  # from here on what differs, or could, is the engine's to tell
        if not same(mine, theirs):
            return place
    return None if len(left) == len(right) else min(len(left), len(right))


async def test_a_prompt_that_tells_the_floor_would_be_noticed(
    candles: Shop, model: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = prompt.system

    def telling(agent: AgentRow, **names: str) -> str:
        return f"{system(agent, **names)}\nYou may take off {agent.rules.max_discount_basis_points} basis points."

    monkeypatch.setattr(prompt, "system", telling)
    left = await requests_under(candles, model, RULES[0], ["hello"])
    right = await requests_under(candles, model, RULES[1], ["hello"])
    assert differ_at(left, right) == 0
