"""AgentPay beside agno AgentOS and openai-chatkit: the same client, provider, PostgreSQL and run.

    python3 run.py python -m benchmarks.peers [--turns 300] [--environment DIR] [--json FILE]

Installs the peers into a throw-away environment (DIR keeps it for the next time). Each server is one process with
uvloop and httptools; PostgreSQL has fsync on; CPU is that of the server's process alone. AgentPay has every guard,
limit and feature on; the peers have what they come with: sessions and history in PostgreSQL, no limits, no guards.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

import psycopg
import uvloop
from sqlalchemy.engine import make_url

from agentpay.sandbox.postgres import throw_away
from agentpay.sandbox.serving import free_port
from benchmarks import turns as agentpay
from benchmarks.driver import (
    ASKED,
    Chat,
    Connection,
    Target,
    added,
    cpu_of,
    directly,
    load,
    machine,
    wait_until_ready,
)

HERE = Path(__file__).parent
PACKAGES = (
    "agno[os]==3.1.10", "openai-chatkit==1.6.5", "anthropic==2.14.0", "fastapi==0.165.0", "uvicorn[standard]",
    "sqlalchemy", "psycopg[binary,pool]",
)  # fmt: skip


class Speed(TypedDict):
    first_ms: float
    word_ms: float
    words: int


PACED: Speed = {"first_ms": 300.0, "word_ms": 15.0, "words": 60}
AT_ONCE: Speed = {"first_ms": 0.0, "word_ms": 0.0, "words": 40}


class Peer:
    """What the two have in common."""

    def __init__(self, pid: int, port: int, provider_port: int) -> None:
        self.pid, self.port, self.provider_port = pid, port, provider_port
        self._chats = 0

    async def direct(self) -> tuple[float, float]:
        return await directly(self.provider_port)

    def cpu(self) -> float:
        return cpu_of(self.pid)


class Agno(Peer):
    """A session is made by its first run."""

    script, ready = "agno_server.py", "/health"

    async def chat(self) -> Chat:
        self._chats += 1
        return f"session-{os.getpid()}-{id(self)}-{self._chats}", {}

    async def turn(self, chat: Chat) -> tuple[float, float]:
        connection = await Connection(self.port).open()
        body = {"message": ASKED, "stream": "true", "session_id": chat[0]}
        taken = await connection.stream("/agents/wick/runs", {}, body, word=b"event: RunContent\n", as_form=True)
        connection.writer.close()
        return taken


class ChatKit(Peer):
    """A thread is made with its first message, which is answered too."""

    script, ready = "chatkit_server.py", "/health"

    def _message(self) -> dict[str, Any]:
        text = {"type": "input_text", "text": ASKED}
        return {"content": [text], "attachments": [], "inference_options": {}}

    async def chat(self) -> Chat:
        connection = await Connection(self.port).open()
        made = {"type": "threads.create", "params": {"input": self._message()}, "metadata": {}}
        heard = await connection.text("/chatkit", {}, made)
        connection.writer.close()
        created = next(line for line in heard.splitlines() if b'"thread.created"' in line)
        return str(json.loads(created.removeprefix(b"data: "))["thread"]["id"]), {}

    async def turn(self, chat: Chat) -> tuple[float, float]:
        connection = await Connection(self.port).open()
        params = {"thread_id": chat[0], "input": self._message()}
        asked = {"type": "threads.add_user_message", "params": params, "metadata": {}}
        taken = await connection.stream("/chatkit", {}, asked, word=b"text_delta")
        connection.writer.close()
        return taken


@contextmanager
def serving(kind: type[Agno] | type[ChatKit], python: Path, url: str, told: Speed) -> Iterator[Target]:
    provider_port, port = free_port(), free_port()
    asked = ["--first-ms", str(told["first_ms"]), "--word-ms", str(told["word_ms"]), "--words", str(told["words"])]
    provider = subprocess.Popen([sys.executable, "-m", "benchmarks.provider", "--port", str(provider_port), *asked])
    environ = os.environ | {
        "DATABASE_URL": url,
        "ANTHROPIC_API_KEY": "fake",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{provider_port}",
        "AGNO_TELEMETRY": "false",
    }
    server = subprocess.Popen([python, HERE / kind.script, str(port)], env=environ)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}{kind.ready}")
        yield kind(server.pid, port, provider_port)
    finally:
        server.terminate()
        provider.terminate()
        server.wait()
        provider.wait()


def database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def installed(folder: Path) -> Path:
    """The interpreter of the peers' environment in `folder`, made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
    return python


async def _measure(there: Target, *, turns: int, is_paced: bool) -> dict[str, dict[str, float]]:
    if not is_paced:
        return {"40 words at 0 ms, 32 chats": await load(there, chats=32, turns=turns)}
    return {
        "added first word, 1 chat": await added(there, chats=1, stagger=0, rounds=20),
        "added first word, 100 at once": await added(there, chats=100, stagger=0, rounds=2),
        "60 words at 15 ms, 32 chats": await load(there, chats=32, turns=max(64, turns // 4)),
    }


def compare(python: Path, *, turns: int) -> dict[str, dict[str, dict[str, float]]]:
    """Per server its figures, all from one PostgreSQL, a database each."""
    found: dict[str, dict[str, dict[str, float]]] = {"AgentPay": {}, "agno": {}, "chatkit": {}}
    with throw_away(fast=False) as url:
        for name in ("agno", "chatkit"):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'create database "{name}"'.encode())
        key = agentpay.merchant(url)
        for is_paced, told in ((True, PACED), (False, AT_ONCE)):
            with agentpay.house(url, key, **told) as house:
                found["AgentPay"] |= uvloop.run(_measure(house, turns=turns, is_paced=is_paced))
            for name, kind in (("agno", Agno), ("chatkit", ChatKit)):
                with serving(kind, python, database(url, name), told) as there:
                    found[name] |= uvloop.run(_measure(there, turns=turns, is_paced=is_paced))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--environment", type=Path, help="keeps the peers' environment")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(machine())
    print("AgentPay's raised limits: " + ", ".join(f"{name}={value}" for name, value in agentpay.RAISED.items()))
    with tempfile.TemporaryDirectory(prefix="agentpay-peers-") as folder:
        found = compare(installed(asked.environment or Path(folder)), turns=asked.turns)
    for figure in found["AgentPay"]:
        print(figure)
        for name, figures in found.items():
            print(f"  {name:<10} " + "  ".join(f"{key} {value}" for key, value in figures[figure].items()))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
