"""An operator's first ten minutes go as deploy/README.md says."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentpay.organizations.scopes import SCOPES
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from tests.databases import own_database
from tests.dev.process import environment
from tests.turns.conftest import pay

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 100

# What the README's `agentpay` does in a container, done here; Polar is the local one.
AGENTPAY = """
agentpay() {
  local polar=()
  case "$*" in *create*) polar=(--environment custom --base-url "$POLAR") ;; esac
  "$PYTHON" -m agentpay "${@/http:\\/\\/127.0.0.1:8000/$BASE}" "${polar[@]}"
}
set -euo pipefail
"""


@pytest.fixture
def blocks() -> list[str]:
    """The bash of "From nothing to a first paid order": the merchant moves in, a visitor buys, the order is there."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine: apt-get install curl")
    readme = (ROOT / "deploy" / "README.md").read_text()
    section = readme.partition("## From nothing to a first paid order")[2].partition("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


def scopes(guide: str = "deploy/README.md") -> list[str]:
    """What the guide has a token made with: enough for all of this, the local Polar asks for them too."""
    section = (ROOT / guide).read_text().partition("| scope | for |")[2].partition("\n\n")[0]
    return re.findall(r"`([a-z_]+:[a-z]+)`", "".join(line.split("|")[1] for line in section.splitlines() if line))


def stock(polar: PolarState, owner: entities.Organization) -> None:
    polar.add_product(owner, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")


@pytest.mark.parametrize("guide", ["deploy/README.md", "docs/operator.md"])
def test_the_guides_have_a_token_made_with_exactly_the_scopes_that_are_used(guide: str) -> None:
    assert sorted(scopes(guide)) == sorted(SCOPES)


@pytest.mark.timeout(180)
async def test_a_merchant_moves_in_and_a_visitor_pays(blocks: list[str], database_url: str, tmp_path: Path) -> None:
    async with stage.staged(own_database(database_url, "first_order")) as place:
        owner = place.polar.add_organization("Acme Candles")
        stock(place.polar, owner)
        given = environment(
            AGENTPAY_POLAR_ACCESS_TOKEN=place.polar.add_token(owner, scopes=scopes()),
            AGENTPAY_ADMIN_KEYS=stage.ADMIN_KEY,
            BASE=place.service.url,
            POLAR=place.polar_url,
            PYTHON=sys.executable,
            PYTHONPATH=str(ROOT),
        )
        moved_in, bought, ordered = blocks

        async def said(*script: str) -> list[str]:
            command = ["bash", "-c", AGENTPAY + "\n".join(script)]
            done = await asyncio.to_thread(
                subprocess.run, command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=SECONDS_MAX
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout.strip().splitlines()

        kept = "declare -p ID SECRET PAGE > kept; declare -f get ours >> kept"
        assert (await said(moved_in, kept))[-1] == "Lavender candle"
        talk = await said(". ./kept", bought)
        assert "Lavender candle" in talk[0]
        await pay(place, talk[-1])
        async with asyncio.timeout(SECONDS_MAX):
            while (await said(". ./kept", "ours GET /v1/orders | get items"))[0] == "[]":
                await place.polar.settle()
        assert await said(". ./kept", ordered) == ["paid"]
