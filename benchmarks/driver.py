"""What drives a chat server: keep-alive connections, first words, CPU; the same client for AgentPay and its peers."""

import asyncio
import json
import platform
import statistics
import time
import urllib.request
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

READY_SECONDS_MAX = 60.0
ASKED = "do you have a candle for a quiet evening?"

Chat = tuple[str, dict[str, str]]
"""Path and headers of a conversation's messages."""


class Target(Protocol):
    """A server under load and the provider behind it."""

    async def chat(self) -> Chat: ...
    async def turn(self, chat: Chat) -> tuple[float, float]: ...
    async def direct(self) -> tuple[float, float]: ...
    def cpu(self) -> float: ...


class Connection:
    """A keep-alive HTTP/1.1 connection that reads server-sent events without building objects of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self

    def send(self, path: str, headers: dict[str, str], body: Any, *, as_form: bool = False) -> None:
        encoded = (urlencode(body) if as_form else json.dumps(body)).encode()
        kind = "application/x-www-form-urlencoded" if as_form else "application/json"
        lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-type: {kind}"]
        lines += [f"content-length: {len(encoded)}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + encoded)

    async def json(self, path: str, headers: dict[str, str], body: Any) -> Any:
        self.send(path, headers, body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return json.loads(await self.reader.readexactly(int(lengths[0].split(b":")[1])))

    async def text(self, path: str, headers: dict[str, str], body: Any) -> bytes:
        """A whole chunked answer."""
        self.send(path, headers, body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(head.decode())
        heard = b""
        while size := int(await self.reader.readline(), 16):
            heard += (await self.reader.readexactly(size + 2))[:-2]
        return heard

    async def stream(
        self, path: str, headers: dict[str, str], body: Any, *, word: bytes, as_form: bool = False
    ) -> tuple[float, float]:
        """Seconds to the first `word` and to the end of the answer."""
        began = time.perf_counter()
        self.send(path, headers, body, as_form=as_form)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(head.decode())
        first, tail = 0.0, b""
        while True:
            size = int(await self.reader.readline(), 16)
            data = await self.reader.readexactly(size + 2)
            if not first and word in tail + data:
                first = time.perf_counter() - began
            tail = data[-64:]
            if size == 0:
                return first, time.perf_counter() - began


async def directly(provider_port: int) -> tuple[float, float]:
    """The floor: the provider asked by the same client. Seconds to the first word and to the end."""
    connection = await Connection(provider_port).open()
    taken = await connection.stream("/v1/messages", {}, {"stream": True}, word=b"text_delta")
    connection.writer.close()
    return taken


def cpu_of(pid: int) -> float:
    """Seconds that the process's threads were on a core."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def wait_until_ready(url: str) -> None:
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not become ready")


def machine() -> str:
    cores = len(list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*")))
    return f"{platform.platform()}, Python {platform.python_version()}, {cores} cores"


async def added(there: Target, *, chats: int, stagger: float, rounds: int) -> dict[str, float]:
    """Time to the first word through AgentPay less the provider's own, ms."""
    open_chats = await asyncio.gather(*(there.chat() for _ in range(chats)))
    await asyncio.gather(*(there.turn(chat) for chat in open_chats))  # warm
    direct: list[float] = []
    through: list[float] = []

    async def later(place: int, asked: Any) -> tuple[float, float]:
        await asyncio.sleep(place * stagger)
        taken: tuple[float, float] = await asked()
        return taken

    for _ in range(rounds):
        plain = await asyncio.gather(*(later(place, there.direct) for place in range(chats)))
        direct += [first * 1000 for first, _ in plain]
        said = await asyncio.gather(
            *(later(place, lambda chat=chat: there.turn(chat)) for place, chat in enumerate(open_chats))
        )
        through += [first * 1000 for first, _ in said]
    floor = statistics.median(direct)
    through.sort()
    return {
        "floor": round(floor, 1),
        "p50": round(statistics.median(through) - floor, 1),
        "p99": round(through[min(len(through) - 1, int(len(through) * 0.99))] - floor, 1),
    }


async def load(there: Target, *, chats: int, turns: int) -> dict[str, float]:
    """`turns` turns by `chats` visitors who each write again at once."""
    open_chats = await asyncio.gather(*(there.chat() for _ in range(chats)))
    await asyncio.gather(*(there.turn(chat) for chat in open_chats))  # warm
    left = turns
    cpu, began = there.cpu(), time.perf_counter()

    async def visitor(chat: Any) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await there.turn(chat)

    await asyncio.gather(*(visitor(chat) for chat in open_chats))
    seconds = time.perf_counter() - began
    return {"turns_per_second": round(turns / seconds, 1), "cpu_ms": round((there.cpu() - cpu) * 1000 / turns, 2)}
