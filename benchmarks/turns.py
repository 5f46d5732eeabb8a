"""Turns over HTTP against a fake provider on loopback: added time to the first word, CPU a turn, turns a second.

    python3 run.py python -m benchmarks.turns [--turns 600] [--json FILE]

One AgentPay process, PostgreSQL with fsync on, the provider and the clients in processes of their own. Every guard,
limit and feature is on; limits that one client machine would hit are raised by settings, which are printed. CPU is read
from /proc/<pid>/task/*/schedstat. Beside each figure stands the floor: the provider asked directly by the same client.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
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
from benchmarks.driver import ASKED, Chat, Connection, added, cpu_of, directly, load, machine, wait_until_ready

ORIGIN = "http://localhost:3000"
RAISED = {
    "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": "1000000",
    "AGENTPAY_STARTS_PER_KEY_PER_MINUTE": "1000000",
    "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": "1000000",
    "AGENTPAY_MESSAGES_PER_CONVERSATION": "1000000",
    "AGENTPAY_STREAMS_PER_ADDRESS": "100000",
}


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
        return await directly(self.provider_port)

    def cpu(self) -> float:
        return cpu_of(self.pid)


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
        wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        yield House(web.pid, port, key, provider_port)
    finally:
        web.terminate()
        provider.terminate()
        web.wait()
        provider.wait()


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
    print(machine())
    print("raised: " + ", ".join(f"{name}={value}" for name, value in RAISED.items()))
    figures = uvloop.run(measure(asked.turns))
    for name, values in figures.items():
        print(f"{name:<34} " + "  ".join(f"{key} {value}" for key, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
