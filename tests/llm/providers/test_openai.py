"""The chat-completions adapter against a server of the real wire format and of its imitators' habits."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agentpay.llm.collect import ARGUMENTS_BYTES_MAX, CALLS_MAX, REPLY_BYTES_MAX
from agentpay.llm.openai_body import request_body
from agentpay.llm.openai_compatible import OpenAIProvider
from agentpay.llm.types import Stop, ToolCall, Usage
from tests.llm.providers import openai_server as gpt
from tests.llm.providers.ask import PATIENCE, PATIENT, ask, leave_after_the_first_word, question
from tests.llm.providers.openai_server import DONE, START, OpenAIServer, chunk, data, stop, text, tool, usage
from tests.llm.providers.server import Answer, Death, Part, Pause, failure


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[tuple[OpenAIServer, OpenAIProvider]]:
    async with OpenAIServer().serving() as server:
        provider = OpenAIProvider(api_key="sk-secret", base_url=f"{server.base_url}/", patience=PATIENT)
        await provider.warm()
        yield server, provider
        await provider.aclose()


@pytest.fixture
def server(shared: tuple[OpenAIServer, OpenAIProvider]) -> OpenAIServer:
    server = shared[0]
    server.forget()
    return server


@pytest.fixture
def provider(shared: tuple[OpenAIServer, OpenAIProvider]) -> OpenAIProvider:
    return shared[1]


async def test_words_come_as_they_are_said_and_then_the_reply(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((START, *text("Hello", " Sam", "!"), *stop(counts=usage(125, 9, cached=100)))))
    answered = await ask(provider)
    assert "".join(answered.words) == "Hello Sam!"
    reply = answered.reply
    assert reply is not None
    assert (reply.text, reply.stop, reply.provider, reply.model) == ("Hello Sam!", Stop.DONE, "openai", gpt.MODEL)
    assert reply.usage == Usage(25, 9, 100, 0)


async def test_the_key_goes_with_the_question_and_the_body_is_the_pure_one(
    server: OpenAIServer, provider: OpenAIProvider
) -> None:
    server.will(gpt.words("Hi"))
    await ask(provider)
    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert server.bodies == [request_body(question())]


async def test_a_local_server_needs_no_key(server: OpenAIServer) -> None:
    provider = OpenAIProvider(api_key=None, base_url=server.base_url)
    server.will(gpt.words("Hi"))
    assert (await ask(provider)).reply is not None
    assert "authorization" not in server.headers[0]
    await provider.aclose()


async def test_a_call_comes_with_its_arguments(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(gpt.call("search_products", {"query": 'lavender: "é" {}'}, said="Let me look."))
    answered = await ask(provider)
    assert answered.words == ["Let me look."]
    assert answered.reply is not None
    assert answered.reply.stop is Stop.TOOLS
    assert answered.reply.tool_calls == (ToolCall("call_01", "search_products", {"query": 'lavender: "é" {}'}),)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
async def test_lines_may_be_cut_anywhere(server: OpenAIServer, provider: OpenAIProvider, size: int) -> None:
    server.will(gpt.call("search_products", {"query": "vela de lavanda — não"}, said="Já vou, é rápido…").cut(size))
    answered = await ask(provider)
    assert "".join(answered.words) == "Já vou, é rápido…"
    assert answered.reply is not None
    assert answered.reply.tool_calls[0].arguments == {"query": "vela de lavanda — não"}


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("stop", Stop.DONE),
        ("tool_calls", Stop.DONE),
        ("length", Stop.TRUNCATED),
        ("content_filter", Stop.REFUSED),
        ("a_reason_of_tomorrow", Stop.DONE),
    ],
)
async def test_each_finish_reason_of_words_has_its_ending(
    server: OpenAIServer, provider: OpenAIProvider, reason: str, ending: Stop
) -> None:
    server.will(gpt.words("Hello", reason=reason))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is ending


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "odd"])
async def test_an_answer_of_nothing_is_empty(server: OpenAIServer, provider: OpenAIProvider, reason: str) -> None:
    server.will(Answer((START, *stop(reason))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is Stop.EMPTY


async def test_a_refusal_is_not_said(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((START, chunk(refusal="I will not."), *stop())))
    answered = await ask(provider)
    assert answered.words == []
    assert answered.reply is not None
    assert answered.reply.stop is Stop.REFUSED


def line(**fields: Any) -> bytes:
    return chunk(tool_calls=[fields])


A, B = {"name": "search_products", "arguments": '{"query": "a"}'}, {"name": "propose_price", "arguments": '{"b": 1}'}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line(index=0, id="1", function=A), line(index=1, id="2", function=B)], id="in one piece"),
        pytest.param([line(id="1", function=A), line(id="2", function=B)], id="no index"),
        pytest.param([line(function=A), line(function=B)], id="no index, no id"),
        pytest.param([line(index=0, function=A), line(index=0, function=B)], id="always index 0, no id"),
        pytest.param([line(index=0, id="1", function=A), line(index=0, id="2", function=B)], id="always index 0"),
        pytest.param([line(index=0, id="", function=A), line(index=1, id="", function=B)], id="empty ids"),
        pytest.param([line(index=0, id="1", function=A), line(index=1, id="1", function=B)], id="one id for two"),
        pytest.param(
            [
                line(index=0, function={"name": A["name"], "arguments": {"query": "a"}}),
                line(index=0, function={"name": B["name"], "arguments": {"b": 1}}),
            ],
            id="objects",
        ),
        pytest.param(
            [
                line(index=0, id="1", function={"name": A["name"], "arguments": '{"query"'}),
                line(index=0, id="1", function={"name": A["name"], "arguments": ': "a"}'}),
                line(id="2", function={"name": B["name"]}),
                line(function={"arguments": '{"b": '}),
                line(function={"arguments": "1}"}),
            ],
            id="names and ids repeated, then indexes forgotten",
        ),
        pytest.param(
            [
                line(index=0, id="1", function=A),
                line(index=0, id="2", function={"name": B["name"], "arguments": '{"b"'}),
                line(index=0, function={"arguments": ": 1}"}),
            ],
            id="a second call of the same index in pieces",
        ),
        pytest.param([chunk(tool_calls=[{"index": 0, "function": A}, {"index": 1, "function": B}])], id="one line"),
    ],
)
@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
async def test_calls_are_told_apart_whatever_is_missing(
    server: OpenAIServer, provider: OpenAIProvider, lines: list[bytes], reason: str
) -> None:
    server.will(Answer((START, *lines, *stop(reason))))
    answered = await ask(provider)
    reply = answered.reply
    assert reply is not None
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("search_products", {"query": "a"}),
        ("propose_price", {"b": 1}),
    ]
    assert all(call.id for call in reply.tool_calls)
    assert len({call.id for call in reply.tool_calls}) == 2
    assert reply.stop is Stop.TOOLS


@pytest.mark.parametrize("arguments", ['{"query": "lav', '["lavender"]', "lavender", "null"])
async def test_arguments_that_are_no_object_make_a_malformed_call(
    server: OpenAIServer, provider: OpenAIProvider, arguments: str
) -> None:
    server.will(Answer((START, *tool("search_products", arguments), *stop("tool_calls"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.malformed_calls == (ToolCall("call_01", "search_products", {}),)
    assert answered.reply.stop is Stop.TOOLS


async def test_calls_and_their_arguments_are_bounded(server: OpenAIServer, provider: OpenAIProvider) -> None:
    long = {"query": "x" * ARGUMENTS_BYTES_MAX}
    calls = [line(index=index, id=f"c{index}", function=A) for index in range(2, CALLS_MAX + 5)]
    objects = line(index=1, id="c1", function={"name": "search_products", "arguments": long})
    server.will(Answer((START, *tool("search_products", json.dumps(long)), objects, *calls, *stop("tool_calls"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert len(answered.reply.malformed_calls) == 2
    assert len(answered.reply.tool_calls) == CALLS_MAX - 2


async def test_an_endless_answer_ends_at_our_bound(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((START, *text(*["é" * 10_000] * 5), Pause())))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is Stop.TRUNCATED
    assert len(answered.reply.text.encode()) == REPLY_BYTES_MAX


HELLO = (START, *text("Hello"))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((*HELLO, chunk(finish="stop"), usage()), id="no [DONE]"),
        pytest.param((*HELLO, chunk(finish="stop"), DONE), id="no usage"),
        pytest.param((*HELLO, chunk(finish="stop")), id="neither"),
        pytest.param((*HELLO, chunk(finish="stop"), Pause(0.1), Death()), id="cut after the reason"),
        pytest.param((*HELLO, chunk(finish="stop"), Pause()), id="silent after the reason"),
        pytest.param((*HELLO, DONE), id="no reason"),
        pytest.param((START, chunk(content="Hello", finish="stop"), DONE), id="reason with the word"),
        pytest.param((*HELLO, chunk(finish="stop").rstrip()), id="no last line end"),
        pytest.param((*[part.replace(b"\n", b"\r\n") for part in (*HELLO, *stop())],), id="CRLF"),
        pytest.param((*[part.replace(b"data: ", b"data:") for part in (*HELLO, *stop())],), id="no space"),
        pytest.param((b": OPENROUTER PROCESSING\n\n", *HELLO, *stop()), id="comments"),
        pytest.param((START, chunk(content=[{"type": "text", "text": "Hello"}]), *stop()), id="parts"),
        pytest.param((START, chunk(reasoning_content="Hm."), chunk(content="Hello"), *stop()), id="thoughts"),
        pytest.param((data(choices=[], prompt_filter_results=[{}]), *HELLO, *stop()), id="Azure's first line"),
    ],
)
async def test_imitators_are_understood(
    server: OpenAIServer, provider: OpenAIProvider, parts: tuple[Part, ...]
) -> None:
    server.will(Answer(parts))
    answered = await ask(provider)
    assert answered.reply is not None
    assert (answered.reply.text, answered.reply.stop) == ("Hello", Stop.DONE)
    assert answered.reply.usage.input_tokens > 0, "who does not count is counted by us"
    assert answered.reply.usage.output_tokens > 0


@pytest.mark.parametrize(
    ("status", "type", "code", "reason"),
    [
        (400, "invalid_request_error", None, "bad_request"),
        (400, "invalid_request_error", "context_length_exceeded", "too_large"),
        (401, "invalid_request_error", "invalid_api_key", "auth"),
        (403, "odd", None, "auth"),
        (404, "invalid_request_error", "model_not_found", "not_found"),
        (404, "api_error", None, "not_found"),
        (413, "odd", None, "too_large"),
        (429, "tokens", "rate_limit_exceeded", "rate_limited"),
        (429, "insufficient_quota", "insufficient_quota", "billing"),
        (500, "server_error", None, "server_error"),
        (503, "server_error", None, "overloaded"),
    ],
)
async def test_each_error_status_has_its_reason_and_no_text(
    server: OpenAIServer, provider: OpenAIProvider, status: int, type: str, code: str | None, reason: str
) -> None:
    server.will(failure(status, type, code=code, headers={"retry-after": "3"}))
    answered = await ask(provider)
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.retry_after) == (reason, 3)
    assert "secret" not in repr(answered.failure)
    assert answered.failure.__cause__ is None


async def test_a_redirect_is_not_followed_with_the_key(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((b"<html>",), 307, {"location": f"{server.base_url}/chat/completions"}))
    answered = await ask(provider)
    assert answered.failure is not None
    assert answered.failure.reason == "redirected"
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "secret", "type": "server_error", "code": None}, "server_error"),
        ({"message": "secret", "type": "BadRequestError", "code": 400}, "bad_request"),
        ({"message": "secret", "code": "rate_limit_exceeded"}, "rate_limited"),
        ("model is loading", "server_error"),
    ],
)
async def test_an_error_in_the_middle_has_its_reason(
    server: OpenAIServer, provider: OpenAIProvider, error: object, reason: str
) -> None:
    server.will(Answer((*HELLO, Pause(0.1), data(error=error))))
    answered = await ask(provider)
    assert answered.words == ["Hello"]
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.spoke) == (reason, True)
    assert answered.failure.usage.input_tokens > 0


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "broken_stream"),
        ((DONE,), "broken_stream"),
        ((START,), "broken_stream"),
        (HELLO, "broken_stream"),
        ((*HELLO, chunk(content="!")[:30], Death()), "broken_stream"),
        ((*HELLO, chunk(content="!")[:30]), "broken_stream"),
        ((b"data: {oops\n\n",), "malformed"),
        ((b'data: {"choices": 3}\n\n',), "malformed"),
        ((b"data: " + b"x" * 600_000,), "oversized"),
        ((Death(),), "unreachable"),
        ((Pause(),), "timeout_first_word"),
        ((START, *[b": ping\n\n", Pause(0.04)] * 9), "timeout_first_word"),
        ((*HELLO, Pause()), "timeout_between_words"),
    ],
)
async def test_a_stream_that_dies_has_its_reason(server: OpenAIServer, parts: tuple[Part, ...], reason: str) -> None:
    server.will(Answer(parts))
    provider = OpenAIProvider(api_key="x", base_url=server.base_url, patience=PATIENCE.get(reason, PATIENT))
    answered = await ask(provider)
    await provider.aclose()
    assert answered.failure is not None
    assert answered.failure.reason == reason
    assert answered.failure.spoke == bool(answered.words)


async def test_many_are_answered_at_the_same_time(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(*[gpt.words("Hello", f" {number}") for number in range(40)])
    answers = await asyncio.gather(*[ask(provider) for _ in range(40)])
    assert {answered.reply.text for answered in answers if answered.reply} == {f"Hello {n}" for n in range(40)}


async def test_an_answered_question_leaves_its_connection_to_the_next(server: OpenAIServer) -> None:
    provider = OpenAIProvider(api_key="x", base_url=server.base_url, patience=PATIENT)
    for _ in range(3):
        server.will(Answer((*HELLO, *stop(), Pause(0.02))))
        assert (await ask(provider)).reply is not None
    await provider.aclose()
    assert len(set(server.peers)) == 1


async def test_nobody_there_is_unreachable() -> None:
    provider = OpenAIProvider(api_key="x", base_url="http://127.0.0.1:1/v1")
    answered = await ask(provider)
    assert answered.failure is not None
    assert answered.failure.reason == "unreachable"
    await provider.aclose()


async def test_leaving_closes_the_stream(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((*HELLO, Pause())))
    assert await leave_after_the_first_word(provider) == "Hello"
    await asyncio.wait_for(server.left.wait(), 10)


async def test_cancelling_closes_the_stream(server: OpenAIServer, provider: OpenAIProvider) -> None:
    server.will(Answer((Pause(),)))
    task = asyncio.create_task(ask(provider))
    await asyncio.wait_for(server.asked.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.left.wait(), 10)


async def test_the_scripted_agent_answers_a_visitor_who_browses(server: OpenAIServer, provider: OpenAIProvider) -> None:
    answered = await ask(provider, question("Do you have lavender candles?"))
    assert answered.reply is not None
    assert [call.name for call in answered.reply.tool_calls] == ["search_products"]


def test_aiohttp_is_not_imported_before_it_is_needed() -> None:
    code = "import agentpay.llm.openai_compatible, sys; assert 'aiohttp' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
