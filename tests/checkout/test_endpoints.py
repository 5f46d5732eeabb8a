"""Over HTTP: 201 for a new checkout, 200 for one that was there, 202 while Polar does not answer, named conflicts."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest_asyncio

from agentpay.checkout.endpoints import HANDLERS
from agentpay.checkout.performer import Performer
from agentpay.kit.caller import Member, Merchant
from agentpay.kit.clock import utc_now
from tests.agents.app import client_of
from tests.checkout.test_buy import code
from tests.checkout.world import World

Client = httpx.AsyncClient


class Impatient(Performer):
    """Waits a moment instead of fifteen seconds."""

    async def settle(self, *, organization_id: UUID, checkout_id: UUID, seconds: float = 0.3) -> None:
        await super().settle(organization_id=organization_id, checkout_id=checkout_id, seconds=seconds)


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[Client]:
    """As Sam's browser, or as Acme's server for the routes that need a secret key."""
    merchant = Merchant(world.organization_id, uuid4())
    member = Member(world.organization_id, world.conversation_id, False, merchant)
    values: dict[str, Any] = {
        "member": member,
        "merchant": merchant,
        "db": world.db,
        "polar": world.gateway,
        "appender": world.appender,
        "jobs": world.jobs,
        "performer": Impatient(world.db, world.gateway, world.appender, world.jobs),
        "clock": utc_now,
        "coupon_tries_per_conversation": 5,
    }
    async with client_of(HANDLERS, values) as made:
        yield made


def checkouts(world: World) -> str:
    return f"/v1/agent/conversations/{world.conversation_id}/checkouts"


def accept(world: World, offer_id: UUID) -> str:
    return f"/v1/agent/conversations/{world.conversation_id}/offers/{offer_id}/accept"


async def test_buy_now_answers_201_and_then_200_with_the_same(world: World, client: Client) -> None:
    candle = await world.product()
    first = await client.post(checkouts(world), json={"product_id": candle.id})
    assert first.status_code == 201
    body = first.json()
    assert set(body) == {
        "id", "polar_checkout_id", "conversation_id", "product_id", "offer_id", "seats", "status", "reason", "url",
        "amount", "currency", "expires_at", "created_at",
    }  # fmt: skip
    assert (body["status"], body["amount"], body["url"].startswith(world.url)) == ("open", 9500, True)
    assert body["expires_at"].endswith("Z")
    again = await client.post(checkouts(world), json={"product_id": candle.id})
    assert (again.status_code, again.json()) == (200, body)

    one = await client.get(f"{checkouts(world)}/{body['id']}")
    assert one.json() == body
    listed = await client.get(checkouts(world))
    assert listed.json() == {"items": [body], "next_cursor": None}


async def test_accepting_answers_alike(world: World, client: Client) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    first = await client.post(accept(world, offer_id))
    assert (first.status_code, first.json()["amount"], first.json()["offer_id"]) == (201, 8500, str(offer_id))
    again = await client.post(accept(world, offer_id))
    assert (again.status_code, again.json()) == (200, first.json())


async def test_while_polar_does_not_answer_the_checkout_is_being_made(world: World, client: Client) -> None:
    candle = await world.product()
    world.state.faults.add("server_error", times=1000)
    answer = await client.post(checkouts(world), json={"product_id": candle.id})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["url"]) == ("creating", None)
    assert "checkout.perform" in await world.job_kinds()


async def test_named_conflicts_and_mistakes(world: World, client: Client) -> None:
    candle = await world.product()
    unknown = await client.post(checkouts(world), json={"product_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["error"]) == (409, "ProductUnavailable")
    expired = await client.post(accept(world, await world.offer(candle, 8500, seconds=-1)))
    assert (expired.status_code, expired.json()["error"]) == (409, "OfferExpired")
    typo = await client.post(checkouts(world), json={"product_id": candle.id, "seat": 3})
    assert typo.status_code == 422
    seats = await client.post(checkouts(world), json={"product_id": candle.id, "seats": 3})
    assert seats.json()["detail"][0]["loc"] == ["body", "seats"]
    guess = await client.post(checkouts(world), json={"product_id": candle.id, "discount_code": "NOPE"})
    assert guess.json()["detail"][0]["loc"] == ["body", "discount_code"]
    missing = await client.post(accept(world, uuid4()))
    assert (missing.status_code, missing.json()["error"]) == (404, "ResourceNotFound")
    stranger = await client.get(f"{checkouts(world)}/{uuid4()}")
    assert stranger.status_code == 404


async def test_polars_trouble_with_a_code_is_503_without_a_word_of_polars(world: World, client: Client) -> None:
    candle = await world.product()
    world.state.faults.add("server_error", times=1000)
    answer = await client.post(checkouts(world), json={"product_id": candle.id, "discount_code": "WAX20"})
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "Internal Server Error" not in answer.text


async def test_an_offer_that_polar_no_longer_carries_is_a_conflict(world: World, client: Client) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    candle.is_archived = True
    answer = await client.post(accept(world, offer_id))
    assert (answer.status_code, answer.json()["error"]) == (409, "ProductUnavailable")
    again = await client.post(accept(world, offer_id))
    assert again.status_code == 409


async def test_a_coupon_price_is_shown(world: World, client: Client) -> None:
    candle = await world.product()
    await code(world)
    answer = await client.post(checkouts(world), json={"product_id": candle.id, "discount_code": "wax20"})
    assert (answer.status_code, answer.json()["amount"]) == (201, 7600)


async def test_asking_for_an_open_checkout_has_polar_asked_too(world: World, client: Client) -> None:
    checkout = await world.buy(await world.product())
    await client.get(f"{checkouts(world)}/{checkout['id']}")
    assert "checkout.look" in await world.job_kinds()


async def test_the_merchant_lists_orders_and_sees_what_was_below_the_bound(world: World, client: Client) -> None:
    checkout = await world.buy(await world.product())
    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    body = (await client.get("/v1/orders")).json()
    assert body["next_cursor"] is None
    (shown,) = body["items"]
    assert shown["order_id"] == str(order["polar_order_id"])
    assert (shown["status"], shown["total_amount"], shown["below_bound"]) == ("paid", 9500, False)
    for id in (order["id"], order["polar_order_id"]):
        assert (await client.get(f"/v1/orders/{id}")).json() == shown
    assert (await client.get("/v1/orders?below_bound=true")).json()["items"] == []
    assert len((await client.get(f"/v1/orders?conversation_id={world.conversation_id}")).json()["items"]) == 1
    assert (await client.get("/v1/orders?status=refunded")).json()["items"] == []
    assert (await client.get("/v1/orders?status=nonsense")).status_code == 422
    assert (await client.get(f"/v1/orders/{uuid4()}")).status_code == 404


async def test_lists_go_on_behind_their_cursor(world: World, client: Client) -> None:
    for number in range(3):
        await world.buy(await world.product(f"Candle {number}"))
    first = (await client.get(f"{checkouts(world)}?limit=2")).json()
    rest = (await client.get(f"{checkouts(world)}?limit=2&cursor={first['next_cursor']}")).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert (await client.get(f"{checkouts(world)}?cursor=nonsense")).status_code == 422
