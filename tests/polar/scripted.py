"""A server that says what it is told: recorded bodies, and every way in which an answer can fail to arrive."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from tests.sandbox_polar.recordings import Exchange, exchanges

RECORDED: dict[str, Exchange] = {exchange.name: exchange for exchange in exchanges()}


@dataclass
class Reply:
    """`reset` closes after reading the request, `half` in mid-body, `hang` never answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    fault: Literal["reset", "half", "hang"] | None = None


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def recorded(name: str) -> Reply:
    exchange = RECORDED[name]
    answer = exchange.answer
    raw = answer.encode() if isinstance(answer, str) else b"" if answer is None else json.dumps(answer).encode()
    return Reply(exchange.status, raw, dict(exchange.answer_headers))


class ScriptedPolar:
    """Answers call after call from `script`; the last entry repeats. `seen` holds what came in."""

    def __init__(self) -> None:
        self.script: list[Reply] = [Reply()]
        self.seen: list[Seen] = []
        self.url = ""

    def say(self, *replies: Reply) -> None:
        self.script = list(replies)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._exchange(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = request.split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.append(Seen(method, target, headers, body))
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if reply.fault == "hang":
            await reader.read()
        if reply.fault in ("hang", "reset"):
            raise ConnectionError
        told = {**reply.headers, "content-length": str(len(reply.body))}
        lines_out = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in told.items())]
        writer.write("\r\n".join(lines_out).encode() + b"\r\n\r\n")
        writer.write(reply.body[: len(reply.body) // 2] if reply.fault == "half" else reply.body)
        await writer.drain()
        if reply.fault == "half":
            raise ConnectionError


@asynccontextmanager
async def scripted_polar() -> AsyncIterator[ScriptedPolar]:
    polar = ScriptedPolar()
    server = await asyncio.start_server(polar.answer, "127.0.0.1", 0)
    polar.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield polar
    finally:
        server.close()
