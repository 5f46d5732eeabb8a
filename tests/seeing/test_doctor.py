"""What `agentpay doctor` says of an installation that is well, and of one thing after the other that is not."""

import asyncio
import http.server
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from agentpay.db.migrate import revisions
from agentpay.doctor.house import clock_finding
from agentpay.organizations.scopes import SCOPES as NEEDED
from agentpay.organizations.webhook import EVENTS
from agentpay.polar.client import Polar
from agentpay.sandbox.polar.seeding import SCOPES
from agentpay.sandbox.stage import Stage, StagedShop, staged
from tests.cast import ENCRYPTION_KEY
from tests.databases import own_database
from tests.dev.process import ROOT, Ended, agentpay, environment
from tests.seeing.conftest import opened_shop


class Desk:
    """The operator at a terminal of the installation."""

    def __init__(self, stage: Stage, shop: StagedShop, url: str) -> None:
        self.stage = stage
        self.shop = shop
        self.environ = {
            "AGENTPAY_DATABASE_URL": url,
            "AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "AGENTPAY_ADMIN_KEYS": "operator-of-the-stage",
            "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "true",
            "AGENTPAY_PUBLIC_URL": stage.service.url,
        }

    async def doctor(self, *arguments: str, **environ: str) -> Ended:
        return await asyncio.to_thread(agentpay, "doctor", *arguments, env={**self.environ, **environ})

    async def found(self, *arguments: str, **environ: str) -> dict[str, dict[str, Any]]:
        """By check. Of several findings of one check the worst."""
        ended = await self.doctor("--json", *arguments, **environ)
        order = ("well", "note", "broken")
        findings = sorted(json.loads(ended.out), key=lambda each: order.index(each["verdict"]))
        assert ended.code == (1 if findings[-1]["verdict"] == "broken" else 0), ended.out
        return {each["check"]: each for each in findings}

    async def polar(self) -> Polar:
        return await self.stage.service.parts.polar.of(self.shop.organization_id)

    async def token(self, secret: str) -> None:
        parts = self.stage.service.parts
        async with parts.db.transaction() as tx:
            await parts.vault.put(tx, organization_id=self.shop.organization_id, kind="polar_token", secret=secret)
        parts.polar.forget(self.shop.organization_id)


@pytest_asyncio.fixture(scope="module")
async def installed(database_url: str) -> AsyncIterator[Desk]:
    url = own_database(database_url, "doctor")
    async with staged(url, providers={}, environ={"AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}) as found:
        yield Desk(found, await opened_shop(found), url)


@pytest_asyncio.fixture
async def desk(installed: Desk) -> AsyncIterator[Desk]:
    """Whatever a test broke is whole again after it."""
    yield installed
    installed.shop.polar_organization.capabilities["checkout_payments"] = True
    await installed.token(installed.shop.polar_token)
    assert (await installed.doctor("--fix")).code == 0


async def test_a_house_that_is_well(desk: Desk) -> None:
    ended = await desk.doctor()
    assert ended.code == 0, ended.out
    for line in (
        "✓ database                 PostgreSQL 18",
        "✓ migrations               up to date",
        "✓ extensions               pg_trgm",
        "✓ clock                    agrees with the database's",
        "✓ Polar's clock            agrees with that of 127.0.0.1",
        "✓ encryption keys          1 given, the first opens all",
        "✓ Acme Candles             Polar takes its token",
        "✓ Acme Candles             its token has all scopes",
        "✓ Acme Candles             may take payments",
        "✓ Acme Candles             Polar delivers its webhooks",
        "! public URL               not https",
    ):
        assert line in ended.out
    assert (await desk.doctor("--strict")).code == 1


async def test_each_missing_scope_is_named(desk: Desk) -> None:
    lacks_all = desk.stage.polar.add_token(desk.shop.polar_organization, ["benefits:read"])
    await desk.token(lacks_all)
    assert (await desk.found())["polar_scopes"]["detail"] == f"its token lacks {', '.join(NEEDED)}"
    for missing in NEEDED[1:]:
        area = missing.partition(":")[0]
        kept = [scope for scope in SCOPES if not scope.startswith(f"{area}:")]
        await desk.token(desk.stage.polar.add_token(desk.shop.polar_organization, kept))
        finding = (await desk.found())["polar_scopes"]
        assert (finding["verdict"], finding["detail"]) == ("broken", f"its token lacks {missing}")
        assert str(desk.shop.organization_id) in finding["remedy"]


async def test_a_token_that_polar_does_not_know(desk: Desk) -> None:
    await desk.token("polar_oat_revoked")
    finding = (await desk.found())["polar_token"]
    assert (finding["verdict"], finding["detail"]) == ("broken", "Polar refuses its token")
    assert "make a token" in finding["remedy"]
    assert "polar_oat_" not in json.dumps(finding)


async def test_a_merchant_who_may_not_take_payments_yet(desk: Desk) -> None:
    desk.shop.polar_organization.capabilities["checkout_payments"] = False
    finding = (await desk.found())["payments"]
    assert finding["verdict"] == "broken"
    assert "buyers would be refused" in finding["detail"]


async def test_a_webhook_endpoint_that_is_gone_is_made_when_asked(desk: Desk) -> None:
    polar = await desk.polar()
    [before] = (await polar.list_webhook_endpoints()).items
    await polar.delete_webhook_endpoint(endpoint_id=before.id)
    assert (await desk.found())["webhook_endpoint"]["verdict"] == "broken"
    assert (await polar.list_webhook_endpoints()).items == [], "looking changes nothing"

    assert (await desk.found("--fix"))["webhook_endpoint"]["verdict"] == "well"
    [made] = (await polar.list_webhook_endpoints()).items
    assert made.url == f"{desk.stage.service.url}/v1/webhooks/polar/{desk.shop.organization_id}"
    assert set(EVENTS) <= set(made.events)
    assert made.api_version == "2026-10"
    assert (await desk.found())["webhook_endpoint"]["verdict"] == "well"


async def test_what_is_wrong_with_an_endpoint_is_said(desk: Desk) -> None:
    polar = await desk.polar()
    [endpoint] = (await polar.list_webhook_endpoints()).items
    fewer = [event for event in EVENTS if event != "order.paid"]
    await polar.patch_webhook_endpoint(endpoint_id=endpoint.id, enabled=False, events=fewer)
    await polar.rotate_webhook_secret(endpoint_id=endpoint.id)
    said = (await desk.found())["webhook_endpoint"]["detail"]
    for part in ("Polar disabled it", "it does not send order.paid", "its secret is not the one that we believe"):
        assert part in said


async def test_a_key_that_was_taken_away_too_early(desk: Desk) -> None:
    new = Fernet.generate_key().decode()
    finding = (await desk.found(AGENTPAY_ENCRYPTION_KEYS=new))["encryption_key"]
    assert finding["verdict"] == "broken"
    assert "put that key back" in finding["remedy"]
    kept = (await desk.found(AGENTPAY_ENCRYPTION_KEYS=f"{new},{ENCRYPTION_KEY}"))["encryption_keys"]
    assert "still need a key behind the first" in kept["detail"]


async def test_an_agent_whose_model_has_no_key(desk: Desk) -> None:
    finding = (await desk.found())["model_key"]
    assert (finding["verdict"], finding["name"], finding["remedy"]) == ("note", "anthropic", "set ANTHROPIC_API_KEY")


class Provider(http.server.BaseHTTPRequestHandler):
    """Knows one key."""

    def do_GET(self) -> None:
        given = self.headers.get("x-api-key") or (self.headers.get("authorization") or "").removeprefix("Bearer ")
        self.send_response(200 if given == "right" else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def provider() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_models_are_asked_whether_they_take_the_key(desk: Desk, provider: str) -> None:
    given = {
        "ANTHROPIC_API_KEY": "right",
        "ANTHROPIC_BASE_URL": provider,
        "OPENAI_API_KEY": "wrong",
        "OPENAI_BASE_URL": provider,
    }
    said = (await desk.doctor(**given)).out
    assert "✓ anthropic                takes the key" in said
    assert "✗ openai                   refuses the key (status 401)" in said
    assert "put a working key into OPENAI_API_KEY" in said
    gone = (await desk.found(ANTHROPIC_API_KEY="right", ANTHROPIC_BASE_URL="http://127.0.0.1:9"))["model"]
    assert (gone["verdict"], gone["name"]) == ("note", "anthropic")


async def test_an_empty_database_is_to_be_migrated(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create database empty")
    url = make_url(database_url).set(database="empty").render_as_string(hide_password=False)
    environ = {"AGENTPAY_DATABASE_URL": url, "AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    ended = await asyncio.to_thread(agentpay, "doctor", env=environ)
    assert ended.code == 1
    assert "✗ migrations               behind this release" in ended.out
    assert "→ run `agentpay migrate`" in ended.out
    assert "create extension pg_trgm" in ended.out
    migrated = await asyncio.to_thread(agentpay, "migrate", "--json", env=environ)
    assert json.loads(migrated.out) == {"before": None, "after": revisions()[-1]}
    assert (await asyncio.to_thread(agentpay, "migrate", env=environ)).out == "The database is up to date.\n"
    assert (await asyncio.to_thread(agentpay, "doctor", env=environ)).code == 0


async def test_a_catalogue_is_read_and_waited_for(desk: Desk) -> None:
    sync = ("org", "--server", desk.stage.service.url, "sync", str(desk.shop.organization_id))
    ended = await asyncio.to_thread(agentpay, *sync, "--wait", "--json", env=desk.environ)
    assert ended.code == 0, ended.error
    told = json.loads(ended.out)
    assert (told["synced"], told["products"]) == (True, 1)
    assert (await asyncio.to_thread(agentpay, *sync, env=desk.environ)).out == "The catalogue is being read.\n"


@pytest.mark.parametrize(("apart", "verdict"), [(3.0, "well"), (-45.0, "note"), (400.0, "broken")])
def test_webhooks_are_refused_where_clocks_are_too_far_apart(apart: float, verdict: str) -> None:
    assert clock_finding(apart, host="api.polar.sh").verdict == verdict


async def test_at_a_terminal_it_offers_to_make_the_endpoint(desk: Desk) -> None:
    polar = await desk.polar()
    [before] = (await polar.list_webhook_endpoints()).items
    await polar.delete_webhook_endpoint(endpoint_id=before.id)
    said = await asyncio.to_thread(answered, "y", desk.environ)
    assert "Mend the webhook endpoint of Acme Candles at Polar? [y/N]" in said
    assert "its webhook endpoint is as it should be" in said
    assert len((await polar.list_webhook_endpoints()).items) == 1


def answered(word: str, environ: dict[str, str]) -> str:
    """`agentpay doctor` on a terminal where somebody types a word."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{word}\n".encode())
    command = [sys.executable, "-m", "agentpay", "doctor"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(**environ), stdin=theirs, capture_output=True, text=True, timeout=50
    )
    os.close(ours)
    os.close(theirs)
    return ended.stdout + ended.stderr
