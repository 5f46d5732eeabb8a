"""Reading a provider's stream in bounded time: the same deed for every protocol."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from typing import Final, TypeVar

import msgspec

from agentpay.llm import failures
from agentpay.llm.collect import Reader
from agentpay.llm.port import ProviderFailed
from agentpay.llm.types import Reply, Words

FIRST_WORD_SECONDS_MAX: Final = 15.0
BETWEEN_WORDS_SECONDS_MAX: Final = 10.0
TAIL_SECONDS_MAX: Final = 1.0
"""For the counts and the farewell after a whole answer; some servers never send them."""

DRAIN_SECONDS_MAX: Final = 0.1
"""For the end of the stream after the last event: a connection read to its end can be used again."""

CONNECT_SECONDS_MAX: Final = 5.0
SPARE_SECONDS: Final = 5.0
"""By which a client's own time-outs are longer than ours, so that ours are the ones that happen."""

CONNECTIONS_MAX: Final = 200
"""Of one process to one provider: as many turns can be answered at the same time, more wait for a connection."""

T = TypeVar("T")
Opened = AbstractAsyncContextManager[AsyncIterator[bytes]]


class Patience(msgspec.Struct, frozen=True):
    """How long to wait, in seconds: from the question to the first content, then from content to content."""

    first: float = FIRST_WORD_SECONDS_MAX
    between: float = BETWEEN_WORDS_SECONDS_MAX


async def speak(
    open: Callable[[], Opened], reader: Reader, *, patience: Patience, provider: str, model: str
) -> AsyncGenerator[Words | Reply, None]:
    """Yield `Words` as they arrive and then the `Reply`, after the connection was given back.

    Pings and half events do not count as words: a stream that only pings is a silent one. Raises ProviderFailed, with
    what it had cost until then and whether words had gone out; cancellation and `aclose()` close the connection.
    """
    spoke = False
    try:
        try:
            async with aclosing(_read(open, reader, patience)) as words:
                async for piece in words:
                    spoke = True
                    yield Words(piece)
        except ProviderFailed as failure:
            if not (reader.is_whole and failure.reason in {failures.BETWEEN_WORDS, failures.BROKEN_STREAM}):
                raise
        reply = reader.reply()
    except ProviderFailed as failure:
        failure.spoke = failure.spoke or spoke
        failure.usage = reader.usage
        failure.provider, failure.model = provider, model
        raise
    yield reply


async def _read(open: Callable[[], Opened], reader: Reader, patience: Patience) -> AsyncGenerator[str, None]:
    """Words as they come. No time-out is running while the caller holds them."""
    now = asyncio.get_running_loop().time
    deadline, heard, reason = now() + patience.first, reader.heard, failures.FIRST_WORD
    async with AsyncExitStack() as stack:
        chunks = await _before(deadline, reason, stack.enter_async_context(open()))
        while not reader.is_over:
            chunk = await _before(deadline, reason, anext(chunks, None))
            piece = reader.finish() if chunk is None else reader.feed(chunk)
            if reader.heard != heard:
                wait = min(TAIL_SECONDS_MAX, patience.between) if reader.is_whole else patience.between
                heard, deadline, reason = reader.heard, now() + wait, failures.BETWEEN_WORDS
            if piece:
                held = now()
                yield piece
                deadline += now() - held  # the caller's own time is not the provider's
            if chunk is None:
                return
        if reader.is_finished:
            await _drain(chunks)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read to the end, unless that takes time. A new connection would cost the next step its handshakes."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            async for _ in chunks:
                pass
    except TimeoutError:
        pass


async def _before(deadline: float, reason: str, awaited: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout_at(deadline):
            return await awaited
    except TimeoutError:
        raise failures.failed(reason) from None
