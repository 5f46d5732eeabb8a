"""A form filled in by a model, in time and well-formed, or not at all."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from agentpay.llm.anthropic import AnthropicProvider
from agentpay.llm.chain import Chain
from agentpay.llm.openai_compatible import OpenAIProvider
from agentpay.llm.port import ProviderFailed
from agentpay.llm.structured import Ask, Choice, Form, choose
from agentpay.llm.template.provider import TemplateProvider
from tests.llm.providers import anthropic_server as claude
from tests.llm.providers import openai_server as gpt
from tests.llm.providers.server import Answer, Pause, failure

SCHEMA = {
    "type": "object",
    "properties": {"intent": {"enum": ["greeting", "purchase_intent"]}},
    "required": ["intent"],
    "additionalProperties": False,
}
FORM = Form(name="understand", description="Say what the visitor wants.", schema=SCHEMA)


@pytest.fixture(scope="module")
async def anthropic() -> AsyncIterator[tuple[claude.AnthropicServer, AnthropicProvider]]:
    async with claude.AnthropicServer().serving() as server:
        provider = AnthropicProvider(api_key="x", base_url=server.url)
        await provider.warm()
        yield server, provider
        await provider.aclose()


async def fill_in(ask: Ask, *, seconds: float = 20) -> Choice:
    return await choose(ask, form=FORM, system="Read.", text="I'll take it", seconds=seconds)


async def test_the_model_must_fill_in_the_form(
    anthropic: tuple[claude.AnthropicServer, AnthropicProvider],
) -> None:
    server, provider = anthropic
    server.will(claude.call("understand", {"intent": "purchase_intent"}))
    choice = await fill_in(provider.reply)
    assert choice.values == {"intent": "purchase_intent"}
    assert (choice.provider, choice.usage.input_tokens) == ("anthropic", 25)
    body = server.bodies[-1]
    assert body["tool_choice"] == {"type": "tool", "name": "understand", "disable_parallel_tool_use": True}
    assert body["thinking"] == {"type": "disabled"}, "a forced call and thoughts exclude each other"
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "I'll take it"}]}]


async def test_a_chat_completions_model_must_fill_it_in_too() -> None:
    async with gpt.OpenAIServer().serving() as server:
        provider = OpenAIProvider(api_key="x", base_url=server.base_url)
        server.will(gpt.call("understand", {"intent": "greeting"}))
        choice = await fill_in(provider.reply)
        await provider.aclose()
    assert choice.values == {"intent": "greeting"}
    assert server.bodies[0]["tool_choice"] == {"type": "function", "function": {"name": "understand"}}


@pytest.mark.parametrize(
    "answer",
    [
        claude.words("The visitor wants to buy."),
        claude.call("understand", {"intent": "to buy"}),
        claude.call("understand", {"intent": "greeting", "price": 1}),
        claude.call("another", {"intent": "greeting"}),
        Answer((claude.start(), *claude.tool("understand", '{"intent": "gre'), *claude.stop("max_tokens"))),
    ],
)
async def test_what_does_not_fit_the_form_is_malformed_and_paid(
    anthropic: tuple[claude.AnthropicServer, AnthropicProvider], answer: Answer
) -> None:
    server, provider = anthropic
    server.will(answer)
    with pytest.raises(ProviderFailed) as failed:
        await fill_in(provider.reply)
    assert failed.value.reason == "malformed"
    assert failed.value.usage.input_tokens == 25


async def test_nobody_waits_for_a_slow_model(anthropic: tuple[claude.AnthropicServer, AnthropicProvider]) -> None:
    server, provider = anthropic
    server.will(Answer((claude.start(), *claude.text("Hm"), Pause())))
    with pytest.raises(ProviderFailed) as failed:
        await fill_in(provider.reply, seconds=0.1)
    assert failed.value.reason == "timeout_first_word"


async def test_through_the_chain_the_template_provider_is_not_asked(
    anthropic: tuple[claude.AnthropicServer, AnthropicProvider],
) -> None:
    server, provider = anthropic
    server.will(failure(401, "authentication_error"))
    chain = Chain({"anthropic": provider, "template": TemplateProvider()})
    with pytest.raises(ProviderFailed) as failed:
        await fill_in(partial(chain.reply, names=("anthropic",), only=True))
    assert failed.value.reason == "auth"
