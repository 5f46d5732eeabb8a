"""Anthropic's adapter through the real SDK against a server of the real wire format: every ending has a name."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from agentpay.llm.anthropic import AnthropicProvider
from agentpay.llm.anthropic_body import request_body
from agentpay.llm.collect import ARGUMENTS_BYTES_MAX, CALLS_MAX, REPLY_BYTES_MAX
from agentpay.llm.types import Stop, ToolCall, Usage
from tests.llm.providers import anthropic_server as claude
from tests.llm.providers.anthropic_server import AnthropicServer, event, start, stop, text, tool
from tests.llm.providers.ask import PATIENCE, PATIENT, ask, leave_after_the_first_word, question
from tests.llm.providers.server import Answer, Death, Part, Pause, failure


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[tuple[AnthropicServer, AnthropicProvider]]:
    async with AnthropicServer().serving() as server:
        provider = AnthropicProvider(api_key="sk-ant-secret", base_url=server.url, patience=PATIENT)
        await provider.warm()
        yield server, provider
        await provider.aclose()


@pytest.fixture
def server(shared: tuple[AnthropicServer, AnthropicProvider]) -> AnthropicServer:
    server = shared[0]
    server.forget()
    return server


@pytest.fixture
def provider(shared: tuple[AnthropicServer, AnthropicProvider]) -> AnthropicProvider:
    return shared[1]


async def test_words_come_as_they_are_said_and_then_the_reply(
    server: AnthropicServer, provider: AnthropicProvider
) -> None:
    server.will(Answer((start(cached=100, written=7), *text("Hello", " Sam", "!"), *stop(output_tokens=9))))
    answered = await ask(provider)
    assert "".join(answered.words) == "Hello Sam!"
    reply = answered.reply
    assert reply is not None
    assert (reply.text, reply.stop, reply.provider, reply.model) == (
        "Hello Sam!", Stop.DONE, "anthropic", "claude-haiku-5-5",
    )  # fmt: skip
    assert reply.usage == Usage(25, 9, 100, 7)


async def test_the_key_and_the_protocol_version_go_with_the_question(
    server: AnthropicServer, provider: AnthropicProvider
) -> None:
    server.will(claude.words("Hi"))
    await ask(provider)
    assert server.headers[0]["authorization"] == "Bearer sk-ant-secret"
    assert server.headers[0]["anthropic-version"] == "2026-10-21"
    assert server.bodies == [request_body(question())]


async def test_a_call_comes_with_its_arguments(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(claude.call("search_products", {"query": 'lavender: "é" {}'}, said="Let me look."))
    answered = await ask(provider)
    assert answered.words == ["Let me look."]
    assert answered.reply is not None
    assert answered.reply.stop is Stop.TOOLS
    assert answered.reply.tool_calls == (ToolCall("toolu_01", "search_products", {"query": 'lavender: "é" {}'}),)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
async def test_events_may_be_cut_anywhere(server: AnthropicServer, provider: AnthropicProvider, size: int) -> None:
    server.will(claude.call("search_products", {"query": "vela de lavanda — não"}, said="Já vou, é rápido…").cut(size))
    answered = await ask(provider)
    assert "".join(answered.words) == "Já vou, é rápido…"
    assert answered.reply is not None
    assert answered.reply.tool_calls[0].arguments == {"query": "vela de lavanda — não"}


async def test_thoughts_and_what_is_unknown_pass_by(server: AnthropicServer, provider: AnthropicProvider) -> None:
    odd = [
        event("from_the_future", delta="text", index="one"),
        event("content_block_start", index=5, content_block={"type": "hologram", "color": "red"}),
        event("content_block_delta", index=5, delta={"type": "hologram_delta", "light": 3}),
        b": a comment\n\n",
    ]
    server.will(Answer((start(), *claude.thinking("Sam is a test."), *odd, *text("Hello", index=1), *stop())))
    answered = await ask(provider)
    assert answered.reply is not None
    assert (answered.reply.text, answered.reply.stop) == ("Hello", Stop.DONE)


async def test_a_second_block_of_text_is_a_new_paragraph(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *text("One."), *text("Two", ".", index=1), *stop())))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.text == "".join(answered.words) == "One.\n\nTwo."


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("end_turn", Stop.DONE),
        ("stop_sequence", Stop.DONE),
        ("tool_use", Stop.DONE),
        ("max_tokens", Stop.TRUNCATED),
        ("model_context_window_exceeded", Stop.TRUNCATED),
        ("pause_turn", Stop.TRUNCATED),
        ("refusal", Stop.REFUSED),
        ("a_reason_of_tomorrow", Stop.DONE),
    ],
)
async def test_each_stop_reason_of_words_has_its_ending(
    server: AnthropicServer, provider: AnthropicProvider, reason: str, ending: Stop
) -> None:
    server.will(claude.words("Hello", reason=reason))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is ending


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "max_tokens", "pause_turn", "tool_use", "odd"])
async def test_an_answer_of_nothing_is_empty(server: AnthropicServer, provider: AnthropicProvider, reason: str) -> None:
    server.will(Answer((start(), *text("", " \n"), *stop(reason))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is Stop.EMPTY


async def test_a_talk_too_long_to_answer_fails_for_good(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *stop("model_context_window_exceeded"))))
    answered = await ask(provider)
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.permanent) == ("too_large", True)


async def test_a_refused_answer_has_no_calls(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *tool("search_products", "{}"), *stop("refusal"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert (answered.reply.stop, answered.reply.tool_calls) == (Stop.REFUSED, ())


@pytest.mark.parametrize(
    "arguments",
    ['{"query": "lav', '["lavender"]', "lavender", '{"a": 1} {"b": 2}', "null", '{"q": "\\ud800"', "[" * 999],
)
async def test_arguments_that_are_no_object_make_a_malformed_call(
    server: AnthropicServer, provider: AnthropicProvider, arguments: str
) -> None:
    server.will(Answer((start(), *tool("search_products", arguments), *stop("tool_use"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.tool_calls == ()
    assert answered.reply.malformed_calls == (ToolCall("toolu_01", "search_products", {}),)
    assert answered.reply.stop is Stop.TOOLS


async def test_a_call_without_arguments_is_sound(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *tool("search_products", ""), *stop("tool_use"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.tool_calls == (ToolCall("toolu_01", "search_products", {}),)


async def test_a_call_cut_by_the_token_limit_is_malformed_and_the_whole_one_before_it_is_not(
    server: AnthropicServer, provider: AnthropicProvider
) -> None:
    whole, cut = tool("search_products", '{"query": "a"}', id="t1"), tool("search_products", '{"que', id="t2", index=1)
    server.will(Answer((start(), *whole, *cut[:-1], *stop("max_tokens"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert [call.id for call in answered.reply.tool_calls] == ["t1"]
    assert [call.id for call in answered.reply.malformed_calls] == ["t2"]
    assert answered.reply.stop is Stop.TRUNCATED


async def test_calls_and_their_arguments_are_bounded(server: AnthropicServer, provider: AnthropicProvider) -> None:
    long = json.dumps({"query": "x" * ARGUMENTS_BYTES_MAX})
    calls = [
        part for index in range(1, CALLS_MAX + 5) for part in tool("search_products", "{}", id=f"t{index}", index=index)
    ]
    server.will(Answer((start(), *tool("search_products", long), *calls, *stop("tool_use"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert len(answered.reply.malformed_calls) == 1
    assert len(answered.reply.tool_calls) == CALLS_MAX - 1


async def test_two_calls_never_share_an_id(server: AnthropicServer, provider: AnthropicProvider) -> None:
    twins = [*tool("search_products", "{}", id="same"), *tool("search_products", "{}", id="same", index=1)]
    server.will(Answer((start(), *twins, *stop("tool_use"))))
    answered = await ask(provider)
    assert answered.reply is not None
    assert len({call.id for call in answered.reply.tool_calls}) == 2


async def test_an_endless_answer_ends_at_our_bound(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *text(*["é" * 10_000] * 5), Pause())))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.stop is Stop.TRUNCATED
    assert len(answered.reply.text.encode()) == REPLY_BYTES_MAX
    assert "".join(answered.words) == answered.reply.text


@pytest.mark.parametrize(
    ("status", "type", "reason", "permanent"),
    [
        (400, "invalid_request_error", "bad_request", True),
        (401, "authentication_error", "auth", True),
        (402, "billing_error", "billing", True),
        (403, "permission_error", "auth", True),
        (404, "not_found_error", "not_found", True),
        (413, "request_too_large", "too_large", True),
        (418, "teapot_error", "bad_request", True),
        (429, "rate_limit_error", "rate_limited", False),
        (500, "api_error", "server_error", False),
        (503, "odd", "overloaded", False),
        (504, "timeout_error", "server_error", False),
        (529, "overloaded_error", "overloaded", False),
    ],
)
async def test_each_error_status_has_its_reason_and_no_text(
    server: AnthropicServer, provider: AnthropicProvider, status: int, type: str, reason: str, permanent: bool
) -> None:
    server.will(failure(status, type))
    answered = await ask(provider)
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.permanent) == (reason, permanent)
    assert not answered.failure.spoke
    assert len(server.bodies) == 1, "the SDK does not ask twice"
    assert "secret" not in repr(answered.failure)
    assert answered.failure.__cause__ is None


async def test_a_wish_for_patience_is_passed_on(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(failure(429, "rate_limit_error", headers={"retry-after": "7"}))
    answered = await ask(provider)
    assert answered.failure is not None
    assert answered.failure.retry_after == 7


async def test_a_spent_month_is_no_rate_limit(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(failure(429, "rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}))
    answered = await ask(provider)
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.permanent) == ("billing", True)


@pytest.mark.parametrize("status", [302, 307, 502])
async def test_an_answer_of_somebody_else_has_a_reason_too(
    server: AnthropicServer, provider: AnthropicProvider, status: int
) -> None:
    headers = {"content-type": "text/html", "location": f"{server.url}/elsewhere"}
    server.will(Answer((b"<html>Sam's words</html>",), status, headers))
    answered = await ask(provider)
    assert answered.failure is not None
    assert answered.failure.reason == ("server_error" if status == 502 else "redirected")


@pytest.mark.parametrize(
    ("type", "reason", "permanent"),
    [
        ("overloaded_error", "overloaded", False),
        ("api_error", "server_error", False),
        ("rate_limit_error", "rate_limited", False),
        ("invalid_request_error", "bad_request", True),
        ("of_tomorrow", "server_error", False),
    ],
)
async def test_an_error_in_the_middle_has_its_reason_and_its_price(
    server: AnthropicServer, provider: AnthropicProvider, type: str, reason: str, permanent: bool
) -> None:
    server.will(Answer((start(input_tokens=40), *text("Hello"), Pause(0.1), claude.error(type))))
    answered = await ask(provider)
    assert answered.words == ["Hello"]
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.permanent) == (reason, permanent)
    assert answered.failure.spoke
    assert answered.failure.usage == Usage(40, 3), "five bytes were written, whatever was counted"


HALF = text("Hello")[2][:40]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "broken_stream"),
        ((start(),), "broken_stream"),
        ((start(), *text("Hello")), "broken_stream"),
        ((start(), HALF), "broken_stream"),
        ((start(), *text("Hello"), Death()), "broken_stream"),
        ((start(), HALF, Death()), "broken_stream"),
        ((b"event: message_start\ndata: {oops\n\n",), "malformed"),
        ((b'data: {"type": "content_block_delta", "delta": 3}\n\n',), "malformed"),
        ((b'data: "\xff\xfe"\n\n',), "malformed"),
        ((b"data: " + b"x" * 600_000,), "oversized"),
        ((Death(),), "unreachable"),
        ((Pause(),), "timeout_first_word"),
        ((start(), claude.PING, Pause()), "timeout_first_word"),
        ((start(), *text("Hello"), Pause()), "timeout_between_words"),
        ((start(), *text("Hello"), *[claude.PING, Pause(0.04)] * 9), "timeout_between_words"),
    ],
)
async def test_a_stream_that_dies_has_its_reason(server: AnthropicServer, parts: tuple[Part, ...], reason: str) -> None:
    server.will(Answer(parts))
    provider = AnthropicProvider(api_key="x", base_url=server.url, patience=PATIENCE.get(reason, PATIENT))
    answered = await ask(provider)
    await provider.aclose()
    assert answered.failure is not None
    assert answered.failure.reason == reason
    assert answered.failure.spoke == bool(answered.words)
    assert not answered.failure.permanent


async def test_a_missing_last_event_does_not_spoil_a_whole_answer(
    server: AnthropicServer, provider: AnthropicProvider
) -> None:
    server.will(Answer((start(), *text("Hello"), stop()[0])))
    answered = await ask(provider)
    assert answered.reply is not None
    assert answered.reply.text == "Hello"


async def test_nobody_there_is_unreachable() -> None:
    provider = AnthropicProvider(api_key="x", base_url="http://127.0.0.1:1")
    answered = await ask(provider)
    assert answered.failure is not None
    assert answered.failure.reason == "unreachable"
    await provider.aclose()


async def test_leaving_closes_the_stream(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((start(), *text("Hello"), Pause())))
    assert await leave_after_the_first_word(provider) == "Hello"
    await asyncio.wait_for(server.left.wait(), 10)


async def test_cancelling_closes_the_stream(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(Answer((Pause(),)))
    task = asyncio.create_task(ask(provider))
    await asyncio.wait_for(server.asked.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.left.wait(), 10)


async def test_many_are_answered_at_the_same_time(server: AnthropicServer, provider: AnthropicProvider) -> None:
    server.will(*[claude.words("Hello", f" {number}") for number in range(40)])
    answers = await asyncio.gather(*[ask(provider) for _ in range(40)])
    assert {answered.reply.text for answered in answers if answered.reply} == {f"Hello {n}" for n in range(40)}


async def test_an_answered_question_leaves_its_connection_to_the_next(server: AnthropicServer) -> None:
    provider = AnthropicProvider(api_key="x", base_url=server.url, patience=PATIENT)
    for _ in range(3):
        server.will(Answer((start(), *text("Hello"), *stop(), Pause(0.02))))
        assert (await ask(provider)).reply is not None
    await provider.aclose()
    assert len(set(server.peers)) == 1


async def test_the_scripted_agent_answers_a_visitor_who_browses(
    server: AnthropicServer, provider: AnthropicProvider
) -> None:
    answered = await ask(provider, question("Do you have lavender candles?"))
    assert answered.reply is not None
    assert [call.name for call in answered.reply.tool_calls] == ["search_products"]


def test_the_sdk_is_not_imported_before_it_is_needed() -> None:
    code = "import agentpay.llm.anthropic, sys; assert not {'anthropic', 'httpx2'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
