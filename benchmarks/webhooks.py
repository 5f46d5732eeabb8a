"""How fast webhooks are verified, stored and acknowledged, and what storing alone costs.

    python3 run.py python -m benchmarks.webhooks [--deliveries 20000] [--connections 32] [--json FILE]

One web process without its worker over an embedded PostgreSQL (fsync on), signed deliveries of an `order.paid` from the
recordings over keep-alive connections. Beside it the floor: the same row, inserted by raw psycopg over as many
connections, one autocommitted statement each, without HTTP, signature or anything else. Each runs `ROUNDS` times in
turns, the better round counts: a shared machine only ever makes things slower.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import psycopg
import uvloop
from cryptography.fernet import Fernet

from agentpay.db import migrate
from agentpay.kit.clock import utc_now
from agentpay.kit.ids import uuid7
from agentpay.organizations.secrets import Vault, new_notify_secret
from agentpay.sandbox.polar import signing
from agentpay.sandbox.postgres import EmbeddedPostgres

ROUNDS = 3
BODY_FILLER_BYTES = 3_000  # with it a body is as long as a recorded order's
START_SECONDS_MAX = 30.0
CONTENT_LENGTH = re.compile(rb"\ncontent-length: (\d+)")
INSERT = (
    b"insert into deliveries (id, organization_id, webhook_id, type, sent_at, body)"
    b" values (%s, %s, %s, 'order.paid', %s, %s) on conflict (organization_id, webhook_id) do nothing"
)


class Round(msgspec.Struct, frozen=True):
    """`cpu_microseconds` of the process under test per delivery; of its server, PostgreSQL, nothing."""

    per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    cpu_microseconds: float | None = None


def body_of(number: int) -> bytes:
    at = utc_now().isoformat().replace("+00:00", "Z")
    data = {"id": str(uuid7()), "number": number, "filler": "x" * BODY_FILLER_BYTES}
    return msgspec.json.encode({"type": "order.paid", "timestamp": at, "api_version": "2026-10", "data": data})


def requests(organization_id: UUID, secret: str, *, count: int) -> list[bytes]:
    """Whole HTTP requests, signed for this moment."""
    made: list[bytes] = []
    timestamp = int(utc_now().timestamp())
    for number in range(count):
        body, event_id = body_of(number), str(uuid7())
        signed = signing.signature(secret, standard=True, event_id=event_id, timestamp=timestamp, body=body)
        head = (
            f"POST /v1/webhooks/polar/{organization_id} HTTP/1.1\r\nHost: agentpay\r\n"
            f"content-type: application/json\r\nuser-agent: polar.sh webhooks\r\n"
            f"webhook-id: {event_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: {signed}\r\nwebhook-api-version: 2026-10\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def spread(jobs: Sequence[Any], *, lanes: Sequence[Callable[[Any], Awaitable[None]]]) -> Round:
    """Every job once, each lane one at a time."""
    waiting, seconds = iter(jobs), list[float]()

    async def lane(perform: Callable[[Any], Awaitable[None]]) -> None:
        for job in waiting:
            began = time.perf_counter()
            await perform(job)
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(lane(perform) for perform in lanes))
    took = time.perf_counter() - began
    seconds.sort()
    return Round(
        per_second=len(jobs) / took,
        p50_milliseconds=seconds[len(seconds) // 2] * 1000,
        p99_milliseconds=seconds[int(len(seconds) * 0.99)] * 1000,
    )


async def over_http(url: str, sent: list[bytes], *, connections: int, pid: int) -> Round:
    where = urlsplit(url)
    streams = [await asyncio.open_connection(where.hostname, where.port) for _ in range(connections)]

    def lane(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Callable[[bytes], Awaitable[None]]:
        async def send(request: bytes) -> None:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = CONTENT_LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            if not head.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"not acknowledged: {(head + body).decode()}")

        return send

    before = cpu_seconds(pid)
    measured = await spread(sent, lanes=[lane(*stream) for stream in streams])
    used = cpu_seconds(pid) - before
    for _, writer in streams:
        writer.close()
    return msgspec.structs.replace(measured, cpu_microseconds=used / len(sent) * 1e6)


async def inserted(database_url: str, organization_id: UUID, *, count: int, connections: int) -> Round:
    rows = [(uuid7(), organization_id, str(uuid7()), utc_now(), body_of(number)) for number in range(count)]
    opened = [
        await psycopg.AsyncConnection.connect(database_url, autocommit=True, prepare_threshold=0)
        for _ in range(connections)
    ]

    def lane(connection: "psycopg.AsyncConnection[Any]") -> Callable[[Any], Awaitable[None]]:
        async def insert(row: Any) -> None:
            await connection.execute(INSERT, row)

        return insert

    measured = await spread(rows, lanes=[lane(connection) for connection in opened])
    for connection in opened:
        await connection.close()
    return measured


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prepare(database_url: str, vault: Vault) -> tuple[UUID, str]:
    organization_id, secret = uuid7(), new_notify_secret()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into organizations (id, name, polar_environment, polar_base_url)"
            " values (%s, 'Acme', 'sandbox', '')",
            (organization_id,),
        )
        connection.execute(
            "insert into organization_secrets (id, organization_id, kind, ciphertext, last4)"
            " values (%s, %s, 'webhook', %s, '')",
            (uuid7(), organization_id, vault.seal(secret)),
        )
    return organization_id, secret


def serving(database_url: str, key: str, log: Path) -> "tuple[subprocess.Popen[bytes], str]":
    """`agentpay web` without its worker, and its address."""
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "AGENTPAY_DATABASE_URL": database_url,
        "AGENTPAY_ENCRYPTION_KEYS": key,
        "AGENTPAY_LOG_LEVEL": "info",
        "AGENTPAY_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "agentpay", "web", "--port", "0", "--no-worker"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if "web.started" in line:
                return process, str(json.loads(line)["url"])
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"the web process did not start:\n{log.read_text()}")


def best(rounds: list[Round]) -> Round:
    return max(rounds, key=lambda each: each.per_second)


def measure(home: Path, *, deliveries: int, connections: int) -> tuple[Round, Round]:
    server = EmbeddedPostgres(home)
    database_url = server.start()
    migrate.upgrade(database_url)
    key = Fernet.generate_key().decode()
    organization_id, secret = prepare(database_url, Vault([key]))
    web, url = serving(database_url, key, home / "web.log")
    ours: list[Round] = []
    floor: list[Round] = []
    try:
        for number in range(ROUNDS):
            sent = requests(organization_id, secret, count=deliveries)
            ours.append(uvloop.run(over_http(url, sent, connections=connections, pid=web.pid)))
            floor.append(uvloop.run(inserted(database_url, organization_id, count=deliveries, connections=connections)))
            print(f"round {number + 1}: acknowledged {ours[-1].per_second:,.0f}/s, floor {floor[-1].per_second:,.0f}/s")
    finally:
        web.terminate()
        web.wait()
        server.stop()
    return best(ours), best(floor)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="agentpay-benchmark-"))
    home.chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
    try:
        ours, floor = measure(home, deliveries=options.deliveries, connections=options.connections)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{platform.python_version()}, {os.cpu_count()} cores, {options.connections} connections, fsync on")
    for name, each in (("verified, stored, acknowledged", ours), ("floor: raw psycopg insert", floor)):
        cpu = "" if each.cpu_microseconds is None else f"   {each.cpu_microseconds:5.0f} µs CPU each"
        print(f"{name:<32}{each.per_second:8,.0f} /s   p50 {each.p50_milliseconds:6.1f} ms   p99 "
              f"{each.p99_milliseconds:6.1f} ms{cpu}")  # fmt: skip
    if options.json:
        options.json.write_bytes(msgspec.json.encode({"acknowledged": ours, "floor": floor}))


if __name__ == "__main__":
    main()
