"""Whole turns over the wire: settings, chain, adapters, loop and tools against servers of the real formats."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage, staged
from tests.cast import Shop, Visitor
from tests.llm.providers import anthropic_server as claude
from tests.llm.providers.anthropic_server import AnthropicServer
from tests.llm.providers.openai_server import OpenAIServer
from tests.llm.providers.server import Answer, Death, Pause, failure

RULES = {"max_discount_percent": 15, "require_approval_above": 15}
Wires = tuple[AnthropicServer, OpenAIServer]


@pytest_asyncio.fixture(scope="module")
async def wires() -> AsyncIterator[Wires]:
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(AnthropicServer().serving()),
            await stack.enter_async_context(OpenAIServer().serving()),
        )


@pytest_asyncio.fixture(scope="module")
async def theatre(database_url: str, wires: Wires) -> AsyncIterator[Stage]:
    environ = {
        "ANTHROPIC_API_KEY": "x",
        "ANTHROPIC_BASE_URL": wires[0].url,
        "OPENAI_BASE_URL": wires[1].base_url,
    }
    async with staged(database_url, environ=environ) as found:
        yield found


@pytest_asyncio.fixture
async def shop(theatre: Stage, wires: Wires, request: pytest.FixtureRequest) -> Shop:
    """Acme Candles, whose Wick speaks through the provider that the test names."""
    for wire in wires:
        wire.queue.clear()
        wire.bodies.clear()
    name = getattr(request, "param", "anthropic")
    config = {"llm_provider": name, "fallback_provider": "openai" if name == "anthropic" else "template"}
    agents = ({"name": "Wick", "rules": RULES, "config": config},)
    opened = await stage.open_shop(theatre, name="Acme Candles", stock=_stock, agents=agents)
    return Shop(
        theatre.service, theatre.http, opened.organization_id, opened.secret_key, opened.publishable_key,
        opened.agents[0],
    )  # fmt: skip


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax.")


async def last_message(shop: Shop, sam: Visitor) -> dict[str, Any]:
    items = (await shop.get(f"{sam.base}/messages")).json()["items"]
    return dict(items[-1])


@pytest.mark.parametrize("shop", ["anthropic", "openai"], indirect=True)
async def test_sam_looks_haggles_and_gets_a_checkout(shop: Shop) -> None:
    sam = await shop.visitor()
    seen = await sam.say("Do you have a lavender candle?")
    assert "Lavender candle ($95.00)" in seen["reply"]["content"]
    offered = await sam.say("Could you make it cheaper?")
    assert [each["type"] for each in offered["reply"]["attachments"]] == ["offer"]
    bought = await sam.say("Great, I'll take it.")
    assert "payment_button" in [each["type"] for each in bought["reply"]["attachments"]]
    for turn in (seen, offered, bought):
        assert (turn["status"], turn["reason"]) == ("completed", None)
    told = await last_message(shop, sam)
    assert told["llm_provider"] == shop.agent["config"]["llm_provider"]


async def test_when_claude_is_down_the_fallback_answers(shop: Shop, wires: Wires) -> None:
    wires[0].will(*[failure(400, "invalid_request_error")] * 2)
    sam = await shop.visitor()
    turn = await sam.say("Do you have a lavender candle?")
    assert (turn["status"], turn["reason"]) == ("completed", None)
    assert len(wires[0].bodies) == 2, "once a step: a bad question is not asked again, another may be better"
    assert "Lavender candle" in turn["reply"]["content"]
    assert (await last_message(shop, sam))["llm_provider"] == "openai"


async def test_when_claude_dies_in_mid_word_sam_gets_one_whole_answer(shop: Shop, wires: Wires) -> None:
    half = claude.text("Hello Sam, I am hap")[:-1]
    wires[0].will(Answer((claude.start(), *half, Pause(0.15), Death())))
    sam = await shop.visitor()
    turn = await sam.say("hello there")
    assert (turn["status"], turn["reason"]) == ("completed", "models_down")
    assert turn["reply"]["content"].strip()
    assert not wires[1].bodies, "nobody else speaks into Claude's sentence"
