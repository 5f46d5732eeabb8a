"""A talk with an agent that has no model, over the real service and its Polar."""

from agentpay.db.engine import Database
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage
from tests.cast import Shop


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(
        organization, "Team plan", prices=[seeding.seat_based((1, None, 1000))], recurring_interval="month"
    )


async def test_a_yes_means_the_seats_that_were_asked_for(theatre: Stage, db: Database) -> None:
    shop = await stage.open_shop(
        theatre, name="Acme Candles", stock=_stock, agents=({"name": "Wick", "config": {"llm_provider": "template"}},)
    )
    acme = Shop(
        theatre.service, theatre.http, shop.organization_id, shop.secret_key, shop.publishable_key, shop.agents[0]
    )
    sam = await acme.visitor()
    asked = await sam.say("buy the Team plan, 5 seats")
    assert "checkout" in asked["reply"]["content"]
    await sam.say("yes")
    (checkout,) = (each for each in theatre.polar.checkouts if each.organization_id == shop.polar_organization.id)
    assert checkout.seats == 5
