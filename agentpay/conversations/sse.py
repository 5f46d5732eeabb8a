"""The response that streams: sends itself, frames encoded once, what is ready joined into one send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class _SendsItself(ASGIResponse):
    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        on_end: Callable[[], None],
        on_gone: Callable[[], None],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._chunks = chunks
        self._on_end = on_end
        self._on_gone = on_gone
        self._head: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": 200,
            "headers": [*HEADERS, *((name.lower().encode(), value.encode()) for name, value in headers.items())],
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watch = asyncio.create_task(self._watch(receive))
        try:
            await send(self._head)
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watch.cancel()
            self._on_end()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._on_gone()


class EventStream(Response[Any]):
    """`text/event-stream`. `on_gone`: the client left; `on_end`: it is over, however it ended."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        on_end: Callable[[], None],
        on_gone: Callable[[], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None, media_type="text/event-stream")
        self._asgi = _SendsItself(chunks, on_end=on_end, on_gone=on_gone, headers=headers or {})

    def to_asgi_response(self, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:  # type: ignore[override] # ours needs none of the options
        return self._asgi
