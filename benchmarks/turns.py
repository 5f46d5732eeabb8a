"""Turns over HTTP against a fake provider on loopback: added time to the first word, CPU a turn, turns a second.

    python3 run.py python -m benchmarks.turns [--turns 600] [--json FILE]

One AgentPay process, PostgreSQL with fsync on, the provider and the clients in processes of their own. Every guard,
limit and feature is on; limits that one client machine would hit are raised by settings, which are printed. CPU is read
from /proc/<pid>/task/*/schedstat. Beside each figure stands the floor: the provider asked directly by the same client.
"""

import argparse
import asyncio
import json
import os
import platform
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvloop
from cryptography.fernet import Fernet

from agentpay.kit import ids
from agentpay.sandbox.postgres import throw_away
from agentpay.sandbox.serving import free_port

READY_SECONDS_MAX = 60.0
ORIGIN = "http://localhost:3000"
RAISED = {
    "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": "1000000",
    "AGENTPAY_STARTS_PER_KEY_PER_MINUTE": "1000000",
    "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": "1000000",
    "AGENTPAY_MESSAGES_PER_CONVERSATION": "1000000",
    "AGENTPAY_STREAMS_PER_ADDRESS": "100000",
}
ASKED = "do you have a candle for a quiet evening?"


class Connection:
    """A keep-alive HTTP/1.1 connection that reads server-sent events without building objects of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self

    def send(self, path: str, headers: dict[str, str], body: Any) -> None:
        encoded = json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json"]
        lines += [f"content-length: {len(encoded)}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + encoded)

    async def json(self, path: str, headers: dict[str, str], body: Any) -> Any:
        self.send(path, headers, body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return json.loads(await self.reader.readexactly(int(lengths[0].split(b":")[1])))

    async def stream(self, path: str, headers: dict[str, str], body: Any, *, word: bytes) -> tuple[float, float]:
        """Seconds to the first `word` and to the end of the answer."""
        began = time.perf_counter()
        self.send(path, headers, body)
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


Chat = tuple[str, dict[str, str]]
"""Path and headers of a conversation's messages."""


class House:
    """A merchant on one AgentPay process in front of one fake provider."""

    def __init__(self, pid: int, port: int, publishable: str, provider_port: int) -> None:
        self.pid, self.port, self.publishable, self.provider_port = pid, port, publishable, provider_port

    async def chat(self) -> Chat:
        connection = await Connection(self.port).open()
        headers = {"authorization": f"Bearer {self.publishable}", "origin": ORIGIN}
        made = await connection.json("/v1/agent/conversations", headers, {})
        connection.writer.close()
        path = f"/v1/agent/conversations/{made['conversation']['id']}/messages"
        return path, {"authorization": f"Bearer {made['token']}", "accept": "text/event-stream"}

    async def turn(self, chat: Chat) -> tuple[float, float]:
        """Over a connection of its own: idle ones are closed by the server after some seconds."""
        path, headers = chat
        connection = await Connection(self.port).open()
        taken = await connection.stream(path, headers, {"content": ASKED}, word=b"event: message.delta")
        connection.writer.close()
        return taken

    async def direct(self) -> tuple[float, float]:
        connection = await Connection(self.provider_port).open()
        taken = await connection.stream("/v1/messages", {}, {"stream": True}, word=b"text_delta")
        connection.writer.close()
        return taken

    def cpu(self) -> float:
        """Seconds that the process's threads were on a core."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def merchant(url: str) -> str:
    """An organization with one agent that Claude words; the publishable key of its page."""
    organization_id, key = ids.uuid7(), ids.new_secret("ap_pk_")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """insert into organizations (id, name, status, polar_environment, polar_base_url, allowed_origins)
            values (%s, 'Acme Candles', 'active', 'custom', 'http://127.0.0.1:9', %s)""",
            (organization_id, [ORIGIN]),
        )
        connection.execute(
            """insert into api_keys (id, organization_id, kind, name, key_hash, publishable_key, last4)
            values (%s, %s, 'publishable', 'page', %s, %s, %s)""",
            (ids.uuid7(), organization_id, ids.secret_hash(key), key, key[-4:]),
        )
        connection.execute(
            """insert into agents (id, organization_id, name, agent_type, status, personality, system_prompt, tools,
              rules, config) values (%s, %s, 'Wick', 'sales', 'active', '{}', 'You sell candles.', '{}', '{}', '{}')""",
            (ids.uuid7(), organization_id),
        )
    return key


@contextmanager
def house(url: str, key: str, *, first_ms: float, word_ms: float, words: int) -> Iterator[House]:
    provider_port, port = free_port(), free_port()
    python = [sys.executable, "-m"]
    told = ["--first-ms", str(first_ms), "--word-ms", str(word_ms), "--words", str(words)]
    provider = subprocess.Popen([*python, "benchmarks.provider", "--port", str(provider_port), *told])
    environ = os.environ | RAISED | {
        "AGENTPAY_DATABASE_URL": url,
        "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "AGENTPAY_ADMIN_KEYS": secrets.token_urlsafe(16),
        "AGENTPAY_LOG_LEVEL": "warning",
        "ANTHROPIC_API_KEY": "fake",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{provider_port}",
    }  # fmt: skip
    web = subprocess.Popen([*python, "agentpay", "web", "--port", str(port), "--no-worker"], env=environ)
    try:
        wait_until_ready(port)
        yield House(web.pid, port, key, provider_port)
    finally:
        web.terminate()
        provider.terminate()
        web.wait()
        provider.wait()


def wait_until_ready(port: int) -> None:
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("AgentPay did not become ready")


async def added(there: House, *, chats: int, stagger: float, rounds: int) -> dict[str, float]:
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


async def load(there: House, *, chats: int, turns: int) -> dict[str, float]:
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


async def measure(turns: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with throw_away(fast=False) as url:
        key = merchant(url)
        with house(url, key, first_ms=300, word_ms=15, words=60) as there:
            figures["added first word, 1 chat"] = await added(there, chats=1, stagger=0, rounds=20)
            figures["added first word, 100 at once"] = await added(there, chats=100, stagger=0, rounds=3)
            figures["added first word, 100 staggered"] = await added(there, chats=100, stagger=0.02, rounds=3)
            figures["60 words at 15 ms, 32 chats"] = await load(there, chats=32, turns=max(64, turns // 4))
        with house(url, key, first_ms=0, word_ms=0, words=40) as there:
            figures["40 words at 0 ms, 32 chats"] = await load(there, chats=32, turns=turns)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=600)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print("raised: " + ", ".join(f"{name}={value}" for name, value in RAISED.items()))
    figures = uvloop.run(measure(asked.turns))
    for name, values in figures.items():
        print(f"{name:<34} " + "  ".join(f"{key} {value}" for key, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
