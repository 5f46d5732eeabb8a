"""Providers in a row: the first that can answers. Retries, breakers and fallbacks, all before the first word."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from agentpay.kit.spans import NO_TRACER, Attributes, Span, Tracer
from agentpay.llm import failures, models, prices
from agentpay.llm.breaker import Breaker
from agentpay.llm.port import Provider, ProviderFailed
from agentpay.llm.types import Reply, Request, Usage, Words

LAST: Final = "template"
TRIES_MAX: Final = 2
"""Of one provider and question."""

JITTER_SECONDS_MIN: Final = 0.1
JITTER_SECONDS_MAX: Final = 0.8
RETRY_AFTER_SECONDS_MAX: Final = 2.0
"""A provider that asks for more patience than this is left for the next one."""

PATIENCE_SECONDS_MAX: Final = 20.0
"""From the question on: later than this no model is tried any more and the last provider answers."""

_NOT_AGAIN: Final = frozenset({failures.FIRST_WORD, failures.BETWEEN_WORDS, failures.BREAKER_OPEN, failures.OVERSIZED})
"""The visitor waited long enough, or it would go the same way."""


class Called(msgspec.Struct, frozen=True):
    """One question to one provider, when it is over."""

    provider: str
    outcome: str
    """`answered`, `cancelled` or a reason of `llm/failures.py`."""
    first_seconds: float | None
    """To the first word; None = there was none."""
    usage: Usage
    micros: int
    """What it cost by the price lists, in micro-dollars."""


OnCall = Callable[[Called], None]


def ignore(call: Called) -> None:
    """The observer that does nothing."""


class Chain:
    """All providers of a process by name, each behind its breaker."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        on_call: OnCall = ignore,
        tracer: Tracer = NO_TRACER,
        monotonic: Callable[[], float] = time.monotonic,
        rand: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._providers = dict(providers)
        self._breakers = {name: Breaker() for name in providers if name != LAST}
        self.on_call = on_call
        self._tracer = tracer
        self._now = monotonic
        self._rand = rand
        self._sleep = sleep

    def states(self) -> dict[str, str]:
        """Each provider's breaker: `closed`, `open` or `half_open`."""
        now = self._now()
        return {name: breaker.state(now).value for name, breaker in self._breakers.items()}

    def names(self) -> tuple[str, ...]:
        """The models that can be asked, in the order in which they were given."""
        return tuple(self._breakers)

    def is_configured(self, name: str) -> bool:
        return name in self._providers

    async def reply(
        self, request: Request, names: Sequence[str], *, only: bool = False
    ) -> AsyncGenerator[Words | Reply, None]:
        """Yield `Words`, then one `Reply`, from the first of `names` that answers; the template provider ends the row.

        `only`: nobody but `names` is asked, for questions that the template provider has no answer to.

        1. A name that is not configured or whose breaker is open is passed over. 2. A failure before the first word is
        tried once more after a jittered wait, unless it is permanent, timed out or asks for a long wait. 3. Then the
        next name is asked. `request.model` belongs to the first name; the others answer with their own default.
        Raises ProviderFailed: after the first word with `spoke` (the caller decides), or when there is no template.
        """
        until = self._now() + PATIENCE_SECONDS_MAX
        last, lost = failures.failed(failures.NOT_CONFIGURED), 0
        for place, name in enumerate(_in_order(names, self._providers, only=only)):
            if name != LAST and self._now() >= until:
                continue
            asked = request if place == 0 and name == names[0] else msgspec.structs.replace(request, model="")
            for attempt in range(1, TRIES_MAX + 1):
                try:
                    async with aclosing(self._ask(name, asked)) as pieces:
                        async for piece in pieces:
                            yield (
                                msgspec.structs.replace(piece, lost_micros=lost) if isinstance(piece, Reply) else piece
                            )
                    return
                except ProviderFailed as failure:
                    failure.lost_micros = lost
                    if failure.spoke:
                        raise
                    last = failure
                    lost += prices.cost_micros(failure.usage, failure.model)
                wait = self._wait(last)
                if attempt == TRIES_MAX or wait is None or self._now() + wait >= until:
                    break
                await self._sleep(wait)
        raise last

    async def warm(self) -> None:
        """Have every provider make ready what takes time, so that no first visitor waits for an import."""
        for provider in self._providers.values():
            warm = getattr(provider, "warm", None)
            if warm is not None:
                await warm()

    async def aclose(self) -> None:
        """Close every provider that holds connections."""
        for provider in self._providers.values():
            close = getattr(provider, "aclose", None)
            if close is not None:
                await close()

    async def _ask(self, name: str, request: Request) -> AsyncGenerator[Words | Reply, None]:
        """One question to one provider, reported once to its breaker and to the observer."""
        breaker = self._breakers.get(name)
        key = breaker.enter(self._now()) if breaker is not None else 0
        if key is None:
            raise ProviderFailed(failures.BREAKER_OPEN, provider=name)
        call = _Call(name, began=self._now(), span=self._span(name, request))
        stream = self._providers[name].reply(request)
        try:
            async for piece in stream:
                if call.first is None:
                    call.first = self._now() - call.began
                if isinstance(piece, Reply):
                    call.answered(piece)
                    self._settle(breaker, key, call)
                call.spoke = call.spoke or isinstance(piece, Words)
                yield piece
                if call.outcome == "answered":
                    return
            raise failures.failed(failures.BROKEN_STREAM)
        except ProviderFailed as failure:
            failure.spoke, failure.provider = failure.spoke or call.spoke, name
            call.outcome, call.usage, call.model = failure.reason, failure.usage, failure.model
            self._settle(breaker, key, call, failure)
            raise
        finally:
            self._settle(breaker, key, call)
            await _close(stream)

    def _span(self, name: str, request: Request) -> Span:
        """As OpenTelemetry's conventions for generative AI name it; without a word of what is asked or answered."""
        model = request.model or models.DEFAULT_MODELS.get(name, "default")
        attributes: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": name,
            "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": request.max_tokens,
        }
        return self._tracer.begin(f"chat {model}", kind="client", attributes=attributes)

    def _settle(self, breaker: Breaker | None, key: int, call: "_Call", failure: ProviderFailed | None = None) -> None:
        if call.is_settled:
            return
        call.is_settled = True
        if breaker is not None:
            _report(breaker, key, call.outcome, failure, now=self._now())
        micros = prices.cost_micros(call.usage, call.model) if call.usage.total else 0
        self.on_call(Called(call.name, call.outcome, call.first, call.usage, micros))
        call.end_span(micros)

    def _wait(self, failure: ProviderFailed) -> float | None:
        """Seconds until another try of the same provider; None = none."""
        if failure.permanent or failure.reason in _NOT_AGAIN:
            return None
        if failure.retry_after is not None and failure.retry_after > RETRY_AFTER_SECONDS_MAX:
            return None
        jitter = JITTER_SECONDS_MIN + self._rand() * (JITTER_SECONDS_MAX - JITTER_SECONDS_MIN)
        return max(jitter, failure.retry_after or 0.0)


class _Call(msgspec.Struct):
    name: str
    began: float
    span: Span
    outcome: str = "cancelled"
    first: float | None = None
    usage: Usage = Usage()
    model: str = ""
    stop: str = ""
    spoke: bool = False
    is_settled: bool = False

    def answered(self, reply: Reply) -> None:
        self.outcome, self.usage, self.model, self.stop = "answered", reply.usage, reply.model, reply.stop.value

    def end_span(self, micros: int) -> None:
        usage = self.usage
        self.span.tell(
            {
                "gen_ai.response.model": self.model or None,
                "gen_ai.response.finish_reasons": [self.stop] if self.stop else None,
                "gen_ai.usage.input_tokens": usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
                "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
                "agentpay.first_word_seconds": self.first,
                "agentpay.cost_micro_usd": micros,
            }
        )
        if self.outcome != "answered":
            self.span.fail(self.outcome)
        self.span.end()


def _report(breaker: Breaker, key: int, outcome: str, failure: ProviderFailed | None, *, now: float) -> None:
    if outcome == "cancelled":
        breaker.left(key)
    elif failure is None or failure.reason in failures.OF_THE_QUESTION:
        breaker.succeeded(key)
    else:
        wait = failure.retry_after
        long = wait if wait is not None and wait > RETRY_AFTER_SECONDS_MAX else None
        breaker.failed(key, now=now, seconds=long, at_once=failure.reason in failures.OF_THE_ACCOUNT)


def _in_order(names: Sequence[str], providers: Mapping[str, Provider], *, only: bool) -> Iterator[str]:
    """Each configured name once; nothing comes after the template provider, which is always there if it exists."""
    seen: set[str] = set()
    for name in names if only else (*names, LAST):
        if name in providers and name not in seen:
            seen.add(name)
            yield name
        if name == LAST:
            return


async def _close(stream: AsyncIterator[Words | Reply]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
