"""Secrets and visitors' words are in no log, error, metric, trace or repr."""

import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest
import structlog

import agentpay
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.in_process import Worker
from agentpay.kit import ids
from agentpay.kit.errors import NotFound, Unavailable
from agentpay.kit.traces import said_of, trace_of
from agentpay.organizations.secrets import Vault
from agentpay.sandbox.stage import ADMIN_KEY
from tests.cast import ENCRYPTION_KEY, ORIGIN
from tests.security.world import House

CANARY = "canary-5d1e"
SECRET_NAME = re.compile(r"(^|_)(token|secret|authorization|password|api_key|secret_key)$|^key$")
# They hold what is no secret: `…last4`, an idempotency key, a count.
NO_SECRETS = {"PolarPublic", "Claim", "Incoming"}


async def failure_that_quotes(db: Database) -> psycopg.Error:
    """PostgreSQL's own words about a row: they hold all of it."""
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        await db.run(
            "insert into idempotency_keys (caller, key, request_hash, locked_until) values (%s, '', '', now())",
            (f"conversation:{CANARY}",),
        )
    assert CANARY in str(caught.value)
    return caught.value


async def test_what_an_exception_says_is_not_logged(acme: House, open_database: Database, logs: io.StringIO) -> None:
    error = await failure_that_quotes(open_database)
    log = structlog.get_logger()
    log.error("turn.failed", turn_id="t", exc_info=error)
    try:
        raise RuntimeError(CANARY) from error
    except RuntimeError:
        log.exception("task.died")
    written = logs.getvalue()
    assert CANARY not in written
    assert "CheckViolation[23514]" in written
    assert "RuntimeError from CheckViolation[23514]" in written
    assert "in_process" not in written
    assert "engine.py" in written


async def test_what_is_told_of_a_failure_is_its_kind_and_place(open_database: Database) -> None:
    error = await failure_that_quotes(open_database)
    assert said_of(error).startswith("CheckViolation[23514] in ")
    assert CANARY not in said_of(error) + str(trace_of(error))
    assert said_of(NotFound()) == "ResourceNotFound: Not found"
    assert said_of(ValueError(CANARY)) == "ValueError"


async def test_a_job_that_fails_keeps_no_words(open_database: Database, logs: io.StringIO) -> None:
    async def fails(arguments: dict[str, Any]) -> None:
        raise ValueError(CANARY)

    doorbell = Doorbell(open_database)
    worker = Worker(open_database, doorbell, handlers={"test.fails": fails}, schedules={})
    async with open_database.transaction() as tx:
        await Jobs(doorbell).enqueue(tx, "test.fails", attempts_max=1)
    await worker.run_due()
    (row,) = await open_database.all("select status, error from jobs where kind = 'test.fails'")
    assert (row["status"], row["error"]) == ("dead", "ValueError in fails")
    assert CANARY not in logs.getvalue()


def structs() -> Iterator[type[msgspec.Struct]]:
    """Every struct of the package."""
    for module in pkgutil.walk_packages(agentpay.__path__, "agentpay."):
        if not module.name.endswith("__main__") and ".sandbox" not in module.name:
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.name:
                    yield value


def test_no_value_that_holds_a_secret_shows_it() -> None:
    telling, looked_at = [], 0
    for struct in structs():
        secret = [name for name in struct.__struct_fields__ if SECRET_NAME.search(name)]
        if not secret or struct.__name__ in NO_SECRETS:
            continue
        value = struct(**{name: CANARY if name in secret else None for name in struct.__struct_fields__})
        looked_at += 1
        if CANARY in repr(value):
            telling.append(f"{struct.__module__}.{struct.__name__}: {secret}")
    assert not telling, "put kit.quiet.Quiet before msgspec.Struct:\n" + "\n".join(telling)
    assert looked_at > 10


def test_the_houses_own_parts_show_no_secret(acme: House) -> None:
    shown = repr(acme.stage.service.parts) + repr(acme.stage.service.parts.settings) + repr(Vault([ENCRYPTION_KEY]))
    for secret in (ENCRYPTION_KEY, ADMIN_KEY, acme.stage.service.parts.settings.database_url):
        assert secret not in shown


async def test_a_whole_sale_leaves_no_secret_and_no_word_in_the_log(acme: House, logs: io.StringIO) -> None:
    sam, http = acme.sam, acme.http
    await sam.say(f"my name is {CANARY} and I want the lavender candle")
    made_up = ids.new_secret("ap_sk_")
    for headers in ({"Authorization": f"Bearer {made_up}"}, {**acme.shop.secret, "Origin": ORIGIN}, sam.headers):
        await http.get("/v1/orders", headers=headers)
    await http.post(f"{sam.base}/messages", content=f'{{"content": {CANARY}', headers=sam.headers)
    await sam.post("/identify", {"customer_token": f"{CANARY}.{CANARY}.{CANARY}"})
    await acme.shop.post(f"/v1/organizations/{acme.organization_id}/keys", {"kind": "secret", "name": CANARY})
    await http.post(f"/v1/webhooks/polar/{acme.organization_id}", content=CANARY, headers={"webhook-id": CANARY})
    metrics = (await http.get("/metrics", headers={"Authorization": f"Bearer {ADMIN_KEY}"})).text
    for told in (logs.getvalue(), metrics):
        for secret in (CANARY, made_up, acme.shop.secret_key, sam.token, ADMIN_KEY, acme.identity_secret):
            assert secret not in told
    assert "turn.completed" in logs.getvalue(), "or nothing was listened to"


async def test_a_strangers_path_makes_no_series_of_its_own(acme: House) -> None:
    """Labels are route templates: what callers write would fill memory, and show it."""
    for number in range(5):
        await acme.http.get(f"/v1/{CANARY}/{number}")
        await acme.http.get(f"/v1/agent/conversations/{CANARY}{number}")
    metrics = (await acme.http.get("/metrics", headers={"Authorization": f"Bearer {ADMIN_KEY}"})).text
    assert CANARY not in metrics
    assert acme.sam.id not in metrics


def test_an_outage_is_told_without_its_address() -> None:
    assert said_of(Unavailable()) == "Unavailable: Temporarily unavailable"
