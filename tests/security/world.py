"""A merchant who has everything: for tests that ask what a stranger could do with it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage
from tests.cast import Shop, Visitor
from tests.turns.conftest import pay

RULES = {"max_discount_percent": 15, "require_approval_above": 15}
SETTLE_SECONDS_MAX = 15.0
SETTLE_LOOK_SECONDS = 0.02


@dataclass
class House:
    """A shop of the stage with its first visitor. `ids` has one real id for each path parameter of the document."""

    stage: Stage
    shop: Shop
    identity_secret: str
    polar_token: str
    sam: Visitor
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def http(self) -> httpx.AsyncClient:
        return self.shop.http

    @property
    def organization_id(self) -> UUID:
        return self.shop.organization_id

    def credentials(self) -> dict[str, dict[str, str]]:
        """The headers of each credential of this merchant."""
        return {"secret key": self.shop.secret, "publishable key": self.shop.page, "token": self.sam.headers}


async def open_house(theatre: Stage, *, name: str, **organization: Any) -> House:
    """A merchant through the front door: a sale, an article, webhooks, keys."""
    house = await open_door(theatre, name=name, **organization)
    await _sell(house)
    await _collect_ids(house)
    return house


async def open_door(theatre: Stage, *, name: str, **organization: Any) -> House:
    """A merchant who has only just opened, and Sam, who has not said anything yet."""
    made = await stage.open_shop(
        theatre, name=name, stock=_stock, agents=({"name": "Wick", "rules": RULES},), **organization
    )
    shop = Shop(
        theatre.service, theatre.http, made.organization_id, made.secret_key, made.publishable_key, made.agents[0]
    )
    sam = await shop.visitor(context={"page_title": f"{name} candles"})
    return House(theatre, shop, made.identity_secret, made.polar_token, sam)


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")
    engraving = seeding.custom_field(organization, "engraving", now=state.now())
    state.custom_fields.put(engraving)
    state.add_product(
        organization,
        "Wedding cake stand",
        prices=[seeding.fixed(4000)],
        attached_fields=[entities.AttachedField(custom_field_id=engraving.id, required=False)],
    )


async def _sell(house: House) -> None:
    """Sam looks, haggles, accepts, pays; the order arrives by webhook."""
    sam = house.sam
    await sam.say("tell me about the lavender candle")
    haggled = await sam.say("any discount?")
    (offer,) = [each for each in haggled["reply"]["attachments"] if each["type"] == "offer"]
    accepted = await sam.post(f"/offers/{offer['offer_id']}/accept")
    assert accepted.status_code == 201, accepted.text
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await pay(house.stage, accepted.json()["url"])
        await stream.until("order.created", status="paid")
    house.ids |= {
        "offer_id": offer["offer_id"],
        "checkout_id": accepted.json()["id"],
        "turn_id": haggled["id"],
        "message_id": haggled["reply"]["id"],
        "conversation_id": sam.id,
    }


async def _collect_ids(house: House) -> None:
    shop = house.shop
    article = await shop.post(
        "/v1/agent/knowledge/articles", {"type": "faq", "title": "Returns", "content": "Within 30 days."}
    )
    assert article.status_code == 201, article.text
    (order,) = (await shop.get("/v1/orders")).json()["items"]
    keys = (await shop.get(f"/v1/organizations/{shop.organization_id}/keys")).json()["items"]
    house.ids |= {
        "article_id": article.json()["id"],
        "order_id": order["id"],
        "agent_id": shop.agent["id"],
        "organization_id": str(shop.organization_id),
        "key_id": keys[0]["id"],
        "delivery_id": (await settled_deliveries(house))[0]["id"],
    }


async def settled_deliveries(house: House) -> list[dict[str, Any]]:
    """Polar's webhooks, once none of them waits any more."""
    async with asyncio.timeout(SETTLE_SECONDS_MAX):
        while True:
            assert house.stage.polar.settle is not None
            await house.stage.polar.settle()
            items: list[dict[str, Any]] = (await house.shop.get("/v1/webhook-deliveries?limit=100")).json()["items"]
            if items and all(item["status"] != "received" for item in items):
                return items
            await asyncio.sleep(SETTLE_LOOK_SECONDS)
