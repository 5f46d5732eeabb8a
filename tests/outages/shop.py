"""Acme Candles on the stage of the outages."""

from agentpay.sandbox import stage as stages
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage
from tests.cast import Shop

RULES = {"max_discount_percent": 15, "require_approval_above": 15}


async def opened(stage: Stage, *, name: str = "Acme Candles") -> Shop:
    """With Wick, who speaks from templates, a synced catalogue and Polar's webhooks."""
    made = await stages.open_shop(stage, name=name, stock=_stock, agents=({"name": "Wick", "rules": RULES},))
    return Shop(stage.service, stage.http, made.organization_id, made.secret_key, made.publishable_key, made.agents[0])


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")
