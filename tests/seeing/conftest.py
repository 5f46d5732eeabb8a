"""A shop with some traffic behind it, in a database of its own, so that this service is the one that samples."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from agentpay.llm.port import ProviderFailed
from agentpay.llm.types import Request
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage, StagedShop, staged
from tests.cast import ENCRYPTION_KEY, Shop
from tests.databases import own_database
from tests.turns.conftest import pay
from tests.turns.scripted import Line, Scripted, call

CANARY = "Zanzibar"
"""What only Sam says."""

ADDRESS = "sam@buyer-mail.com"
RULES = {"max_discount_percent": 15, "require_approval_above": 15}
BUDGET: dict[str, Any] = {
    "kind": "discount",
    "scope": "organization",
    "period": "month",
    "currency": "usd",
    "amount": 2_000,
}
LOOK_SECONDS = 0.05
WAIT_SECONDS = 30


@dataclass
class Seen:
    """The shop after its traffic and what it says of itself."""

    stage: Stage
    shop: StagedShop
    page: str

    def values(self, name: str, **labels: str) -> list[float]:
        """Of every series of that name with at least these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = [line for line in self.page.splitlines() if line.startswith((name + "{", name + " "))]
        return [float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in wanted)]


@pytest_asyncio.fixture(scope="session")
async def seeing(database_url: str) -> AsyncIterator[Stage]:
    """A house of its own whose model is scripted."""
    url = own_database(database_url, "seeing")
    environ = {"AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    async with staged(url, providers={"anthropic": Scripted(script)}, environ=environ) as found:
        yield found


@pytest_asyncio.fixture(scope="session")
async def seen(seeing: Stage) -> Seen:
    shop = await opened_shop(seeing)
    await walk_through(seeing, shop)
    await seeing.http.post(f"/v1/webhooks/polar/{shop.organization_id}", json={"type": CANARY})
    return Seen(seeing, shop, await _page(seeing.http))


async def opened_shop(found: Stage) -> StagedShop:
    """Acme Candles, whose Wick asks a model and who may concede so much a month."""
    shop = await stage.open_shop(
        found,
        name="Acme Candles",
        stock=_stock,
        agents=({"name": "Wick", "rules": RULES, "config": {"llm_provider": "anthropic"}},),
    )
    await shop.call("PATCH", f"/v1/organizations/{shop.organization_id}", {"budgets": [BUDGET]})
    return shop


def script(request: Request) -> list[Line]:
    """The model looks, oversteps once, leaves haggling to the template, and else is polite."""
    said = request.messages[-1].text if request.messages else ""
    if "10%" in said:
        return [ProviderFailed("bad_request", permanent=True)]
    if "candle" in said:
        return [call("search_products", query="candle"), call(f"{CANARY}_tool")]
    if "cheap" in said:
        return ["It is yours for $1."]
    return ["You are welcome."]


async def walk_through(found: Stage, shop: StagedShop) -> None:
    """Sam looks, haggles, accepts, pays, and the order arrives."""
    door = Shop(found.service, found.http, shop.organization_id, shop.secret_key, shop.publishable_key, shop.agents[0])
    sam = await door.visitor()
    async with sam.stream() as stream:
        await sam.say(f"do you have a candle from {CANARY}?")
        await sam.say(f"too cheap, says {CANARY}")
        await sam.say(f"can I get 10% off the lavender candle? {ADDRESS}")
        offers = (await sam.get("/offers")).json()["items"]
        accepted = await sam.post(f"/offers/{offers[0]['id']}/accept")
        assert accepted.is_success, accepted.text
        await pay(found, accepted.json()["url"])
        await stream.until("order.created")


async def _page(http: httpx.AsyncClient) -> str:
    """As soon as the tables were looked at after the sale."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            answer = await http.get("/metrics", headers={"Authorization": f"Bearer {stage.ADMIN_KEY}"})
            assert answer.status_code == 200, answer.text
            if (
                "agentpay_budget_left_ratio{" in answer.text
                and "agentpay_webhook_lag_seconds_count 0.0" not in answer.text
            ):
                return answer.text
            await asyncio.sleep(LOOK_SECONDS)


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")
