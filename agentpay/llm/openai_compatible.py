"""OpenAI's chat completions, and every server that speaks them (Ollama, vLLM, routers), on aiohttp.

aiohttp is imported at the first question or at `warm()`, in a thread: who has no such provider does not pay for it.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agentpay.kit.clock import Clock, utc_now
from agentpay.llm import failures
from agentpay.llm.openai_body import request_body
from agentpay.llm.openai_stream import NAME, OpenAIReader
from agentpay.llm.port import ProviderFailed
from agentpay.llm.speaking import CONNECT_SECONDS_MAX, CONNECTIONS_MAX, SPARE_SECONDS, Patience, speak
from agentpay.llm.types import Reply, Request, Words

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

BASE_URL: Final = "https://api.openai.com/v1"
ERROR_BYTES_MAX: Final = 64 * 1024


class OpenAIProvider:
    """Asks a chat-completions endpoint. One a process; its pool of connections lives until `aclose()`."""

    name = NAME

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        patience: Patience = Patience(),
        clock: Clock = utc_now,
    ) -> None:
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/chat/completions"
        self._headers = {"content-type": "application/json", "accept": "text/event-stream"}
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._patience = patience
        self._clock = clock
        self._session: ClientSession | None = None
        self._making = asyncio.Lock()

    def reply(self, request: Request) -> AsyncGenerator[Words | Reply, None]:
        """Yield `Words` as they come, then the `Reply`. Raises ProviderFailed; never asks twice by itself."""
        body = request_body(request)
        model, sent = body["model"], msgspec.json.encode(body)
        reader = OpenAIReader(model=model, asked=sent)
        return speak(lambda: self._open(sent), reader, patience=self._patience, provider=NAME, model=model)

    async def warm(self) -> None:
        """Import aiohttp now, so that the first visitor need not wait for it."""
        await self._ready()

    async def aclose(self) -> None:
        """Close the pool. A later question opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _open(self, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """The open stream of bytes; what goes wrong in it or before it is a ProviderFailed."""
        session = await self._ready()
        from aiohttp import ClientError

        reason = failures.UNREACHABLE
        try:
            # A redirect would carry the key and the talk to wherever it points.
            async with session.post(self._url, data=body, headers=self._headers, allow_redirects=False) as response:
                reason = failures.BROKEN_STREAM
                if response.status != 200:
                    raise await self._refused(response)
                yield response.content.iter_any()
        except (ClientError, OSError):
            raise failures.failed(reason) from None

    async def _refused(self, response: "ClientResponse") -> ProviderFailed:
        wait = failures.seconds_to_wait(response.headers, now=self._clock())
        body = await response.content.read(ERROR_BYTES_MAX)
        return failures.failed(reason_of(response.status, body), retry_after=wait)

    async def _ready(self) -> "ClientSession":
        if self._session is None:
            async with self._making:
                if self._session is None:
                    await asyncio.to_thread(importlib.import_module, "aiohttp")
                    self._session = self._make()
        return self._session

    def _make(self) -> "ClientSession":
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        longest = max(self._patience.first, self._patience.between) + SPARE_SECONDS
        timeout = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS_MAX, sock_read=longest)
        pool = TCPConnector(limit=CONNECTIONS_MAX)
        return ClientSession(connector=pool, timeout=timeout, cookie_jar=DummyCookieJar())


class _Error(msgspec.Struct):
    type: Any = None
    code: Any = None


class _Refusal(msgspec.Struct):
    error: _Error | None = None


def reason_of(status: int, body: bytes) -> str:
    """The reason of an answer that is no stream, by its error's code or type, else by its status."""
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = None
    names = [name for name in (error.code, error.type) if isinstance(name, str)] if error is not None else []
    return failures.of_answer(status, *names)
