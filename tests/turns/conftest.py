from collections.abc import AsyncIterator

import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage, staged
from tests.cast import ENCRYPTION_KEY, Shop
from tests.turns.scripted import Scripted

RULES = {"max_discount_percent": 15, "require_approval_above": 15}


@pytest_asyncio.fixture(scope="session")
async def model() -> Scripted:
    """The model of the stage: each test writes its script."""
    return Scripted()


@pytest_asyncio.fixture(scope="session")
async def theatre(database_url: str, model: Scripted) -> AsyncIterator[Stage]:
    environ = {"AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    async with staged(database_url, providers={"anthropic": model}, environ=environ) as found:
        yield found


@pytest_asyncio.fixture
async def candles(theatre: Stage, model: Scripted, db: Database) -> AsyncIterator[Shop]:
    """Acme Candles beside its Polar, with Wick, whose words come from `model`."""
    model.script, model.asked, model.opinion, model.judged = (), [], None, []
    shop = await stage.open_shop(theatre, name="Acme Candles", stock=_stock, agents=({"name": "Wick", "rules": RULES},))
    yield Shop(
        theatre.service, theatre.http, shop.organization_id, shop.secret_key, shop.publishable_key, shop.agents[0]
    )


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")
    state.add_product(organization, "Vanilla candle", prices=[seeding.fixed(6000)], description="Soy wax, 30 hours.")


US = {"country": "US", "line1": "1 Main St", "city": "Austin", "postal_code": "78701", "state": "US-TX"}


async def pay(stage: Stage, checkout_url: str, *, card: str = "ctoken_ok_1") -> None:
    """The buyer's browser pays at Polar."""
    secret = checkout_url.rsplit("/", 1)[1].split("?")[0]
    body = {
        "confirmation_token_id": card,
        "customer_email": "sam@buyer-mail.com",
        "customer_name": "Sam Visitor",
        "customer_billing_address": US,
    }
    answer = await stage.http.post(f"{stage.polar_url}/v1/checkouts/client/{secret}/confirm", json=body)
    assert answer.status_code == 200, answer.text
