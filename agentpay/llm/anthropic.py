"""Anthropic's Messages API through its official SDK, whose stream we read ourselves.

The SDK costs 0.8 s and 66 MB to import: that happens at the first question or at `warm()`, in a thread, and only here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from agentpay.kit.clock import Clock, utc_now
from agentpay.llm import failures
from agentpay.llm.anthropic_body import request_body
from agentpay.llm.anthropic_stream import NAME, AnthropicReader
from agentpay.llm.port import ProviderFailed
from agentpay.llm.speaking import CONNECT_SECONDS_MAX, CONNECTIONS_MAX, SPARE_SECONDS, Patience, speak
from agentpay.llm.types import Reply, Request, Words

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic

BASE_URL: Final = "https://api.anthropic.com"


class AnthropicProvider:
    """Asks Claude. One a process; its pool of connections lives until `aclose()`."""

    name = NAME

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        patience: Patience = Patience(),
        clock: Clock = utc_now,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url or BASE_URL
        self._patience = patience
        self._clock = clock
        self._client: AsyncAnthropic | None = None
        self._making = asyncio.Lock()

    def reply(self, request: Request) -> AsyncGenerator[Words | Reply, None]:
        """Yield `Words` as they come, then the `Reply`. Raises ProviderFailed; never asks twice by itself."""
        body = request_body(request)
        model = body["model"]
        reader = AnthropicReader(model=model)
        return speak(lambda: self._open(body), reader, patience=self._patience, provider=NAME, model=model)

    async def warm(self) -> None:
        """Import the SDK now, so that the first visitor need not wait for it."""
        await self._ready()

    async def aclose(self) -> None:
        """Close the pool. A later question opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @asynccontextmanager
    async def _open(self, body: dict[str, Any]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The open stream of bytes; what goes wrong in it or before it is a ProviderFailed."""
        client = await self._ready()
        import httpx2
        from anthropic import APIConnectionError, APIStatusError

        try:
            # The whole body as it is: the SDK need not walk through and rebuild what `request_body` made.
            async with client.messages.with_streaming_response.create(
                model=body["model"], max_tokens=body["max_tokens"], messages=[], stream=True, extra_body=body
            ) as response:
                yield response.iter_bytes()
        except APIStatusError as error:
            raise self._refused(error) from None
        except APIConnectionError:
            raise failures.failed(failures.UNREACHABLE) from None
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            raise failures.failed(failures.BROKEN_STREAM) from None

    def _refused(self, error: "APIStatusError") -> ProviderFailed:
        wait = failures.seconds_to_wait(error.response.headers, now=self._clock())
        return failures.failed(reason_of(error.status_code, error.body), retry_after=wait)

    async def _ready(self) -> "AsyncAnthropic":
        if self._client is None:
            async with self._making:
                if self._client is None:
                    self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> "AsyncAnthropic":
        import httpx2
        from anthropic import AsyncAnthropic, DefaultAioHttpClient

        longest = max(self._patience.first, self._patience.between) + SPARE_SECONDS
        timeout = httpx2.Timeout(longest, connect=CONNECT_SECONDS_MAX)
        limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        # A redirect would carry the key to wherever it points.
        http = DefaultAioHttpClient(timeout=timeout, limits=limits, follow_redirects=False)
        url, key = self._base_url, self._api_key
        return AsyncAnthropic(api_key=key, base_url=url, max_retries=0, timeout=timeout, http_client=http)


def reason_of(status: int, body: object) -> str:
    """The reason of an answer that is no stream: by the error's own type, else by its status.

    A 429 for a spent monthly limit is no rate limit: it passes on the first of the month.
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return failures.of_status(status)
    details = error.get("details")
    if isinstance(details, Mapping) and details.get("error_code") == "enforced_spend_limit_reached":
        return failures.BILLING
    kind = error.get("type")
    return failures.of_answer(status, kind if isinstance(kind, str) else None)
