"""The scripted agent sells through both protocols: so can a person who tries AgentPay without a key."""

from typing import Any

import pytest

from agentpay.llm.anthropic import AnthropicProvider
from agentpay.llm.openai_compatible import OpenAIProvider
from agentpay.llm.port import Provider
from agentpay.llm.types import Entry, ToolCall, ToolResult
from tests.llm.providers.anthropic_server import AnthropicServer
from tests.llm.providers.ask import ask, question
from tests.llm.providers.openai_server import OpenAIServer

FACTS: dict[str, dict[str, Any]] = {
    "search_products": {
        "products": [{"product_id": "p-lavender", "name": "Lavender Candle", "price_text": "$95.00"}],
        "total": 1,
    },
    "propose_price": {"decision": "granted", "amount": 8500, "amount_text": "$85.00", "product_id": "p-lavender"},
    "create_checkout": {"status": "open", "amount_text": "$85.00"},
}


async def turn(provider: Provider, *messages: Entry) -> tuple[list[ToolCall], str]:
    """One turn as the loop runs it: ask, use the tool, ask again."""
    results: list[tuple[ToolCall, ToolResult]] = []
    for _ in range(4):
        answered = await ask(provider, question(messages=messages, results=tuple(results)))
        assert answered.reply is not None
        for call in answered.reply.tool_calls:
            results.append((call, ToolResult(call.id, call.name, "done", FACTS[call.name])))
        if not answered.reply.tool_calls:
            return [call for call, _ in results], answered.reply.text
    raise AssertionError("no end of tools")


async def sell(provider: Provider) -> None:
    calls, text = await turn(provider, Entry("user", "Do you have lavender candles?"))
    assert [call.name for call in calls] == ["search_products"]
    assert text == "Here is what I found: Lavender Candle ($95.00)."

    calls, text = await turn(provider, Entry("user", "Could I have the lavender cheaper?"))
    assert [(call.name, call.arguments.get("product_id")) for call in calls] == [
        ("search_products", None),
        ("propose_price", "p-lavender"),
    ]
    assert text == "I can do $85.00 for you."

    shown = Entry("system", "Shown: product_id=p-lavender, Lavender Candle, $95.00")
    calls, text = await turn(provider, Entry("user", "Hi"), shown, Entry("user", "I'll take it."))
    assert [(call.name, call.arguments) for call in calls] == [("create_checkout", {"product_id": "p-lavender"})]
    assert "checkout is ready" in text


async def test_claude_sells() -> None:
    async with AnthropicServer().serving() as server:
        provider = AnthropicProvider(api_key="x", base_url=server.url)
        await sell(provider)
        await provider.aclose()


async def test_a_chat_completions_model_sells() -> None:
    async with OpenAIServer().serving() as server:
        provider = OpenAIProvider(api_key=None, base_url=server.base_url)
        await sell(provider)
        await provider.aclose()


@pytest.mark.parametrize("text", ["Hello", "Oi"])
async def test_small_talk_needs_no_tool(text: str) -> None:
    async with OpenAIServer(word_seconds=0.001).serving() as server:
        provider = OpenAIProvider(api_key=None, base_url=server.base_url)
        answered = await ask(provider, question(text))
        await provider.aclose()
    assert len(answered.words) > 1, "word by word"
    assert answered.reply is not None
    assert not answered.reply.tool_calls
