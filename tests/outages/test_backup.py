"""The drill of deploy/README.md: dump under load, restore into a new server, and it is a whole AgentPay again."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from agentpay.db import migrate
from agentpay.db.engine import Database
from agentpay.organizations.secrets import SecretUnreadable, Vault
from agentpay.sandbox.postgres import EmbeddedPostgres, find_binaries
from agentpay.sandbox.stage import Stage
from agentpay.serve import running
from agentpay.settings import read
from tests.cast import Shop, Visitor
from tests.outages.conftest import emptied
from tests.outages.shop import opened
from tests.turns.conftest import pay

INVARIANTS = Path(__file__).resolve().parents[2] / "deploy" / "check_invariants.sql"
VISITORS = 4
BREAKS = {
    "a paid sale has a succeeded checkout": "update checkouts set status = 'expired', reason = 'expired'",
    "budgets are what their entries add up to": (
        "insert into budgets select id, 'discount', 'organization', id::text, 'usd', 'month', current_date, 0, 500"
        " from organizations"
    ),
    "an active organization has its Polar token": "delete from organization_secrets where kind = 'polar_token'",
}


@pytest_asyncio.fixture
async def acme(stage: Stage) -> Shop:
    await emptied(stage)
    return await opened(stage)


@pytest.fixture
def spare() -> Iterator[str]:
    """A new, empty server."""
    with tempfile.TemporaryDirectory(prefix="agentpay-restored-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
        server = EmbeddedPostgres(home, fast=True)
        yield server.start()
        server.stop()


def run(program: str, *arguments: str) -> None:
    done = subprocess.run([find_binaries() / program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def broken(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(INVARIANTS.read_bytes())]


async def buys(stage: Stage, sam: Visitor) -> None:
    await sam.say("tell me about the lavender candle")
    haggled = await sam.say("any discount?")
    (offer,) = [each for each in haggled["reply"]["attachments"] if each["type"] == "offer"]
    accepted = await sam.post(f"/offers/{offer['offer_id']}/accept")
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await pay(stage, accepted.json()["url"])
        await stream.until("order.created", status="paid")


async def talks(sam: Visitor, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await sam.say("hello")


async def test_a_dump_under_load_restores_to_a_whole_installation(
    stage: Stage, acme: Shop, spare: str, tmp_path: Path
) -> None:
    source, dump, stop = stage.service.parts, str(tmp_path / "agentpay.dump"), asyncio.Event()
    visitors = [await acme.visitor() for _ in range(VISITORS)]
    await buys(stage, visitors[0])
    talking = [asyncio.create_task(talks(sam, stop)) for sam in visitors]
    await asyncio.to_thread(run, "pg_dump", "--format=custom", f"--file={dump}", source.db.url)
    stop.set()
    await asyncio.gather(*talking)
    restore = ("--exit-on-error", "--no-owner", "--jobs=2", f"--dbname={spare}", dump)
    await asyncio.to_thread(run, "pg_restore", *restore)
    assert migrate.is_current(spare)
    assert broken(spare) == []
    await holds_a_prefix(source.db, spare, visitors)
    await serves_again(stage, spare, visitors[0])
    await is_sealed(spare, acme, source.settings.encryption_keys[0])
    finds_what_is_broken(spare)


async def holds_a_prefix(source: Database, restored: str, visitors: list[Visitor]) -> None:
    """One moment of the source: of each conversation all there was until then, and nothing else."""
    sql = "select sequence, role, content from messages where conversation_id = %s order by sequence"
    async with await psycopg.AsyncConnection.connect(restored) as connection:
        for sam in visitors:
            here = await (await connection.execute(sql.encode(), (sam.id,))).fetchall()
            there = [tuple(row.values()) for row in await source.all(sql, (sam.id,))]
            assert here == there[: len(here)]
            assert here


async def serves_again(stage: Stage, restored: str, sam: Visitor) -> None:
    """Sam's token still opens his conversation, his order is there, and Wick answers."""
    environ = {
        "AGENTPAY_DATABASE_URL": restored,
        "AGENTPAY_ENCRYPTION_KEYS": stage.service.parts.settings.encryption_keys[0],
        "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "true",
        "AGENTPAY_LOG_LEVEL": "error",
        "AGENTPAY_DRAIN_SECONDS": "1",
    }
    async with running(read(environ), with_worker=True) as server:
        answer = await stage.http.post(
            f"{server.url}{sam.base}/messages", json={"content": "are you there?"}, headers=sam.headers
        )
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
        assert await server.parts.db.value("select count(*) from orders where is_paid") == 1


async def is_sealed(restored: str, acme: Shop, key: str) -> None:
    """The keys are not in the dump: with them its secrets are read, without them they are not."""
    db = Database(restored)
    await db.open()
    try:
        assert await Vault([key]).current(db, acme.organization_id, "polar_token")
        with pytest.raises(SecretUnreadable):
            await Vault([Fernet.generate_key().decode()]).current(db, acme.organization_id, "polar_token")
    finally:
        await db.close()


def finds_what_is_broken(url: str) -> None:
    """The check that says that all is well can say otherwise."""
    for rule, sql in BREAKS.items():
        with psycopg.connect(url) as connection:
            connection.execute(sql.encode())
            rows = connection.execute(INVARIANTS.read_bytes()).fetchall()
            assert rule in [row[0] for row in rows]
            connection.rollback()
