"""A local server that speaks bytes: what both providers' servers share. Scripted answer by answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import msgspec
from aiohttp import web


class Pause(msgspec.Struct, frozen=True):
    """Silence: until the client leaves, or for some seconds."""

    seconds: float | None = None


class Death(msgspec.Struct, frozen=True):
    """The connection breaks here."""


Part = bytes | Pause | Death


class Answer(msgspec.Struct, frozen=True):
    """One answer: a status with a body, or parts that are sent one after another."""

    parts: tuple[Part, ...] = ()
    status: int = 200
    headers: dict[str, str] = {}

    def cut(self, size: int) -> "Answer":
        """The same bytes in pieces of `size`."""
        whole = b"".join(part for part in self.parts if isinstance(part, bytes))
        pieces = tuple(whole[start : start + size] for start in range(0, len(whole), size))
        return msgspec.structs.replace(self, parts=pieces)


Script = Callable[[dict[str, Any]], Answer]


def failure(status: int, type: str, *, headers: dict[str, str] | None = None, **details: Any) -> Answer:
    """An error as both providers word it."""
    error = {"type": type, "message": "secret words of Sam", **details}
    body = json.dumps({"type": "error", "error": error}).encode()
    return Answer((body,), status, {"content-type": "application/json", **(headers or {})})


class ProviderServer:
    """Answers by its queue, then by `script`. Remembers what it was asked."""

    path = "/"

    def __init__(self, script: Script) -> None:
        self.script = script
        self.queue: list[Answer] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.peers: list[object] = []
        """The connections that questions came by."""
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        """Set when a client went away before its answer was complete."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """As if nothing had been asked or promised yet."""
        for memory in (self.queue, self.bodies, self.headers, self.peers):
            memory.clear()
        self.asked.clear()
        self.left.clear()

    def will(self, *answers: Answer) -> Self:
        self.queue.extend(answers)
        return self

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post(self.path, self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.peers.append(request.transport.get_extra_info("peername") if request.transport else None)
        self.asked.set()
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.queue.pop(0) if self.queue else self.script(body)
        headers = {"content-type": "text/event-stream", **answer.headers}
        if answer.status != 200:
            whole = b"".join(part for part in answer.parts if isinstance(part, bytes))
            return web.Response(body=whole, status=answer.status, headers=headers)
        response = web.StreamResponse(headers=headers)
        try:
            await self._send(request, response, answer)
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, answer: Answer) -> None:
        for part in answer.parts:
            if isinstance(part, Pause):
                await asyncio.sleep(3600 if part.seconds is None else part.seconds)
                continue
            if isinstance(part, Death):
                assert request.transport is not None
                request.transport.abort() if not response.prepared else request.transport.close()
                return
            if not response.prepared:
                await response.prepare(request)
            await response.write(part)
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
