"""Who answers when somebody cannot: retries, breakers, fallbacks, and never a second answer after the first word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from agentpay.llm import failures
from agentpay.llm.breaker import CONSECUTIVE_MAX, OPEN_SECONDS
from agentpay.llm.chain import JITTER_SECONDS_MAX, PATIENCE_SECONDS_MAX, RETRY_AFTER_SECONDS_MAX, Called, Chain
from agentpay.llm.port import ProviderFailed
from agentpay.llm.template.provider import TemplateProvider
from agentpay.llm.types import Reply, Request, Stop, ToolCall, Usage, Words
from tests.llm.providers.ask import Answered, collect, question

Piece = Words | Reply | ProviderFailed | float
ORDER = ("anthropic", "openai", "template")
USAGE = Usage(10, 5)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Scripted:
    """A provider that says what it was told to, call by call; the last script repeats."""

    def __init__(self, name: str, time: Time, *scripts: list[Piece]) -> None:
        self.name = name
        self.asked: list[Request] = []
        self.closed = 0
        self._time = time
        self._scripts = list(scripts)

    async def reply(self, request: Request) -> AsyncIterator[Words | Reply]:
        self.asked.append(request)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            for piece in script:
                if isinstance(piece, ProviderFailed):
                    raise ProviderFailed(
                        piece.reason, permanent=piece.permanent, retry_after=piece.retry_after, usage=piece.usage,
                        model=piece.model,
                    )  # fmt: skip
                if isinstance(piece, float):
                    self._time.now += piece
                    await asyncio.sleep(0)
                else:
                    yield piece
        finally:
            self.closed += 1


def good(name: str, text: str = "Hello") -> list[Piece]:
    return [Words(text), Reply(text, usage=USAGE, provider=name, model=f"{name}-1")]


def bad(reason: str, *, retry_after: float | None = None) -> list[Piece]:
    return [failures.failed(reason, retry_after=retry_after)]


class House:
    """A chain of two scripted models and the template provider, and what its observer was told."""

    def __init__(self, *anthropic: list[Piece], openai: list[Piece] | None = None) -> None:
        self.time = Time()
        self.anthropic = Scripted("anthropic", self.time, *anthropic)
        self.openai = Scripted("openai", self.time, openai or good("openai"))
        self.calls: list[tuple[str, str, float | None, Usage]] = []
        self.chain = Chain(
            {"anthropic": self.anthropic, "openai": self.openai, "template": TemplateProvider()},
            on_call=self.called, monotonic=self.time, rand=lambda: 0.5,
            sleep=self.time.sleep,
        )  # fmt: skip

    def called(self, call: Called) -> None:
        self.calls.append((call.provider, call.outcome, call.first_seconds, call.usage))

    async def ask(self, *names: str, model: str = "") -> Answered:
        return await collect(self.chain.reply(question(model=model), names or ORDER))

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(name, outcome) for name, outcome, _, _ in self.calls]


def answered_by(answered: Answered) -> str:
    assert answered.reply is not None
    return answered.reply.provider


async def test_the_first_of_the_row_answers() -> None:
    house = House([0.25, *good("anthropic")])
    assert answered_by(await house.ask()) == "anthropic"
    assert house.calls == [("anthropic", "answered", 0.25, USAGE)]
    assert not house.openai.asked


@pytest.mark.parametrize("reason", ["overloaded", "server_error", "unreachable", "broken_stream", "malformed"])
async def test_a_passing_failure_is_tried_once_more_after_a_jittered_wait(reason: str) -> None:
    house = House(bad(reason), good("anthropic"))
    assert answered_by(await house.ask()) == "anthropic"
    assert house.outcomes == [("anthropic", reason), ("anthropic", "answered")]
    assert 0 < house.time.slept[0] <= JITTER_SECONDS_MAX


async def test_who_fails_twice_is_left_for_the_next() -> None:
    house = House(bad("overloaded"))
    assert answered_by(await house.ask()) == "openai"
    assert len(house.anthropic.asked) == 2


@pytest.mark.parametrize(
    "reason", sorted(failures.PERMANENT | {failures.FIRST_WORD, failures.BETWEEN_WORDS, failures.OVERSIZED})
)
async def test_what_will_not_pass_is_not_tried_again(reason: str) -> None:
    house = House(bad(reason))
    assert answered_by(await house.ask()) == "openai"
    assert len(house.anthropic.asked) == 1
    assert house.time.slept == []


async def test_when_every_model_is_down_the_template_provider_answers() -> None:
    house = House(bad("overloaded"), openai=bad("auth"))
    answered = await house.ask()
    assert answered_by(answered) == "template"
    assert answered.words


async def test_the_template_provider_ends_every_row_though_nobody_named_it() -> None:
    house = House(bad("auth"))
    assert answered_by(await house.ask("anthropic")) == "template"
    assert not house.openai.asked


async def test_only_the_named_are_asked_where_the_template_provider_has_no_answer() -> None:
    house = House(bad("auth"))
    answered = await collect(house.chain.reply(question(), ("anthropic",), only=True))
    assert answered.failure is not None
    assert answered.failure.reason == "auth"


async def test_nobody_comes_after_the_template_provider() -> None:
    house = House(good("anthropic"))
    assert answered_by(await house.ask("template", "anthropic")) == "template"
    assert not house.anthropic.asked


async def test_who_is_not_configured_is_passed_over() -> None:
    house = House(good("anthropic"))
    assert answered_by(await house.ask("mistral", "openai")) == "openai"


async def test_without_a_template_the_last_failure_comes_out() -> None:
    time = Time()
    chain = Chain({"anthropic": Scripted("anthropic", time, bad("auth"))}, monotonic=time, sleep=time.sleep)
    answered = await collect(chain.reply(question(), ("anthropic",)))
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.permanent) == ("auth", True)
    answered = await collect(Chain({}).reply(question(), ("anthropic",)))
    assert answered.failure is not None
    assert answered.failure.reason == "not_configured"


async def test_after_the_first_word_nobody_else_speaks() -> None:
    failure = ProviderFailed("broken_stream", usage=USAGE)
    house = House([Words("I can off"), failure])
    answered = await house.ask()
    assert answered.words == ["I can off"]
    assert answered.failure is not None
    assert (answered.failure.reason, answered.failure.spoke, answered.failure.provider) == (
        "broken_stream",
        True,
        "anthropic",
    )
    assert not house.openai.asked
    assert house.calls[0][3] == USAGE, "what was counted is paid"


async def test_what_failed_tries_cost_is_told_with_the_answer() -> None:
    broken: list[Piece] = [ProviderFailed("broken_stream", usage=Usage(1_000_000), model="gpt-4o")]
    house = House(broken, good("anthropic"))
    answered = await house.ask()
    assert answered.reply is not None
    assert answered.reply.lost_micros == 2_500_000
    house = House(broken, openai=[Words("Hel"), ProviderFailed("broken_stream")])
    answered = await house.ask()
    assert answered.failure is not None
    assert answered.failure.lost_micros == 2 * 2_500_000, "two tries before the one that spoke"


async def test_a_reply_of_calls_alone_is_an_answer() -> None:
    call = ToolCall("t1", "search_products", {})
    house = House([Reply("", tool_calls=(call,), stop=Stop.TOOLS, provider="anthropic")])
    answered = await house.ask()
    assert answered.reply is not None
    assert answered.reply.tool_calls == (call,)


async def test_a_stream_without_a_reply_is_a_broken_one() -> None:
    house = House([])
    assert answered_by(await house.ask()) == "openai"
    assert house.outcomes[0] == ("anthropic", "broken_stream")


async def test_a_short_wish_for_patience_is_granted() -> None:
    house = House(bad("rate_limited", retry_after=RETRY_AFTER_SECONDS_MAX), good("anthropic"))
    assert answered_by(await house.ask()) == "anthropic"
    assert house.time.slept == [RETRY_AFTER_SECONDS_MAX]


async def test_a_long_wish_for_patience_opens_the_breaker() -> None:
    house = House(bad("rate_limited", retry_after=30), good("anthropic"))
    assert answered_by(await house.ask()) == "openai"
    assert house.chain.states() == {"anthropic": "open", "openai": "closed"}
    assert answered_by(await house.ask()) == "openai"
    assert len(house.anthropic.asked) == 1
    house.time.now = 30
    assert house.chain.states()["anthropic"] == "half_open"
    assert answered_by(await house.ask()) == "anthropic"
    assert house.chain.states()["anthropic"] == "closed"


async def test_many_failures_open_the_breaker_and_a_good_probe_closes_it() -> None:
    house = House(*[bad("server_error")] * CONSECUTIVE_MAX, good("anthropic"))
    while house.chain.states()["anthropic"] == "closed":
        assert answered_by(await house.ask()) == "openai"
    assert len(house.anthropic.asked) == CONSECUTIVE_MAX
    await house.ask()
    assert len(house.anthropic.asked) == CONSECUTIVE_MAX
    house.time.now += OPEN_SECONDS
    assert answered_by(await house.ask()) == "anthropic"
    assert house.chain.states()["anthropic"] == "closed"


async def test_a_refused_key_opens_the_breaker_at_once() -> None:
    house = House(bad("auth"))
    await house.ask()
    assert house.chain.states()["anthropic"] == "open"


@pytest.mark.parametrize("reason", ["bad_request", "not_found", "too_large"])
async def test_a_bad_question_does_not_close_the_provider_to_others(reason: str) -> None:
    house = House(bad(reason))
    for _ in range(2 * CONSECUTIVE_MAX):
        await house.ask()
    assert house.chain.states()["anthropic"] == "closed"


async def test_who_leaves_a_probe_leaves_it_to_the_next() -> None:
    house = House(bad("auth"), good("anthropic"), good("anthropic"))
    await house.ask()
    house.time.now = 60
    async with aclosing(house.chain.reply(question(), ORDER)) as pieces:
        async for piece in pieces:
            assert isinstance(piece, Words)
            break
    assert house.anthropic.closed == 2, "the stream is closed with the turn"
    assert house.outcomes[-1] == ("anthropic", "cancelled")
    assert answered_by(await house.ask()) == "anthropic"


async def test_no_model_is_asked_when_patience_is_over() -> None:
    house = House([PATIENCE_SECONDS_MAX, *bad("overloaded")])
    assert answered_by(await house.ask()) == "template"
    assert len(house.anthropic.asked) == 1
    assert not house.openai.asked


async def test_the_agents_model_belongs_to_its_provider_alone() -> None:
    house = House(bad("auth"))
    await house.ask(model="claude-opus-5")
    assert house.anthropic.asked[0].model == "claude-opus-5"
    assert house.openai.asked[0].model == ""
    await house.ask("mistral", "openai", model="mistral-large")
    assert house.openai.asked[1].model == ""
