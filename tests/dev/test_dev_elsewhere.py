"""`dev` with a Polar organization and a database that are not its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.databases import own_database
from tests.dev.process import ROOT, Dev, environment, folder


@pytest.fixture
def real_polar(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Base URL and token of a Polar in a process of its own, whose merchant sells nothing yet."""
    command = [sys.executable, "-m", "agentpay.sandbox.polar", "--port", "0", "--state", str(tmp_path / "polar")]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    token = process.stdout.readline().split()[-1]
    yield url, token
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def elsewhere(database_url: str) -> str:
    return own_database(database_url, "elsewhere")


def test_the_demo_merchant_is_that_organization_and_no_stand_in_runs(
    real_polar: tuple[str, str], elsewhere: str
) -> None:
    url, token = real_polar
    settings = {
        "AGENTPAY_POLAR_BASE_URL": url,
        "AGENTPAY_POLAR_ACCESS_TOKEN": token,
        "AGENTPAY_DATABASE_URL": elsewhere,
    }
    with folder() as var:
        dev = Dev(var, env=settings)
        try:
            dev.start()
            handout = dev.handout
            assert (handout["polar_url"], handout["polar_access_token"]) == (url, token)
            assert handout["webhook_secret"] is None, "Polar's webhooks do not reach a private address"
            assert handout["environment"]["AGENTPAY_DATABASE_URL"] == elsewhere
            assert "AGENTPAY_POLAR_ACCESS_TOKEN" not in handout["environment"]
            organization = httpx.get(
                f"{handout['base_url']}/v1/organizations/{handout['organization_id']}",
                headers={"Authorization": f"Bearer {handout['secret_key']}"},
            ).json()
            assert organization["status"] == "active"
            assert organization["polar"]["base_url"] == url
            assert not (var / "postgres").exists()
            assert not (var / "polar.sqlite3").exists()
        finally:
            if dev.process is not None:
                dev.stop()
