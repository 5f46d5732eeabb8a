"""Offers over HTTP: the merchant's lists and decisions, the conversation's list, and who sees what."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.kit.caller import Member, Merchant, Visitor
from agentpay.kit.ids import uuid7
from agentpay.offers import endpoints
from agentpay.offers.errors import OfferExpired, OfferPending, OfferUnavailable
from tests.agents.app import client_of
from tests.offers.cast import Shop

PUBLIC = {
    "id", "conversation_id", "product_id", "quantity", "status", "list_amount", "amount", "currency",
    "discount_percent", "reasons", "expires_at", "created_at",
}  # fmt: skip


def client_for(acme: Shop, *, organization_id: UUID | None = None, **more: Any) -> httpx.AsyncClient:
    merchant = Merchant(organization_id=organization_id or acme.organization_id, key_id=uuid7())
    return client_of(
        endpoints.HANDLERS, {"db": acme.db, "appender": acme.appender, "merchant": merchant, "member": merchant} | more
    )


@pytest_asyncio.fixture
async def acme(db: Database) -> Shop:
    return await Shop.open(db, require_approval_above=12, max_offers_per_conversation=9)


@pytest_asyncio.fixture
async def api(acme: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(acme) as client:
        yield client


async def haggle(acme: Shop, session: str = "sam") -> UUID:
    """One open offer, one that waits."""
    candle = await acme.sells()
    visit = await acme.talks_to(candle, session=session)
    await acme.ask(visit, candle)
    await acme.ask(visit, candle)
    return visit.conversation_id


async def test_the_merchant_lists_filters_and_pages(acme: Shop, api: httpx.AsyncClient) -> None:
    conversations = [await haggle(acme, f"visitor {n}") for n in range(3)]
    everything = (await api.get("/v1/offers")).json()["items"]
    assert [offer["status"] for offer in everything] == ["pending_approval", "open"] * 3
    assert set(everything[0]) == PUBLIC | {"agent_id", "agent_version", "void_reason"}
    pending = (await api.get("/v1/offers", params={"status": "pending_approval"})).json()["items"]
    assert [offer["conversation_id"] for offer in pending] == [str(one) for one in reversed(conversations)]
    one = (await api.get("/v1/offers", params={"conversation_id": str(conversations[0])})).json()["items"]
    assert len(one) == 2
    seen, cursor = [], None
    while True:
        page = (await api.get("/v1/offers", params={"limit": 4} | ({"cursor": cursor} if cursor else {}))).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == everything
    assert (await api.get("/v1/offers", params={"status": "asleep"})).status_code >= 400


async def test_one_offer_as_the_contract_shows_it(acme: Shop, api: httpx.AsyncClient) -> None:
    await haggle(acme)
    (offer,) = await acme.offers(status="open")
    shown = (await api.get(f"/v1/offers/{offer['id']}")).json()
    assert shown["discount_percent"] == 10
    assert (shown["list_amount"], shown["amount"], shown["currency"], shown["quantity"]) == (10_000, 9_000, "usd", 1)
    assert shown["expires_at"].endswith("Z")
    assert shown["created_at"].endswith("Z")


async def test_approve_as_offered_without_a_body(acme: Shop, api: httpx.AsyncClient) -> None:
    await haggle(acme)
    (pending,) = await acme.offers(status="pending_approval")
    answer = await api.post(f"/v1/offers/{pending['id']}/approve")
    assert (answer.status_code, answer.json()["status"], answer.json()["amount"]) == (200, "open", 8_400)
    again = await api.post(f"/v1/offers/{pending['id']}/approve", json={})
    assert (again.status_code, again.json()["error"]) == (409, "OfferUnavailable")


async def test_approve_at_another_amount(acme: Shop, api: httpx.AsyncClient) -> None:
    await haggle(acme)
    (pending,) = await acme.offers(status="pending_approval")
    path = f"/v1/offers/{pending['id']}/approve"
    refused = await api.post(path, json={"amount": 8_000})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "amount"])
    for body in ({"amount": -1}, {"valid_minutes": 0}, {"valid_minutes": 20_000}, {"price": 1}, {"amount": "9"}):
        assert (await api.post(path, json=body)).status_code in {400, 422}
    answer = await api.post(path, json={"amount": 8_900, "valid_minutes": 30})
    assert (answer.status_code, answer.json()["amount"]) == (200, 8_900)


async def test_decline(acme: Shop, api: httpx.AsyncClient) -> None:
    await haggle(acme)
    (pending,) = await acme.offers(status="pending_approval")
    answer = await api.post(f"/v1/offers/{pending['id']}/decline")
    assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    assert (await api.post(f"/v1/offers/{pending['id']}/approve")).json()["error"] == "OfferUnavailable"


async def test_rival_shop_sees_and_decides_nothing(acme: Shop, api: httpx.AsyncClient) -> None:
    conversation_id = await haggle(acme)
    (pending,) = await acme.offers(status="pending_approval")
    rival = await Shop.open(acme.db, name="Rival Shop")
    async with client_for(acme, organization_id=rival.organization_id) as client:
        assert (await client.get("/v1/offers")).json()["items"] == []
        listed = await client.get("/v1/offers", params={"conversation_id": str(conversation_id)})
        assert listed.json()["items"] == []
        path = f"/v1/offers/{pending['id']}"
        for answer in (
            await client.get(path),
            await client.post(f"{path}/approve", json={}),
            await client.post(f"{path}/decline"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (404, "ResourceNotFound")
    assert (await api.get(path)).json()["status"] == "pending_approval"


async def test_a_visitor_sees_the_offers_of_his_conversation_and_no_inner_field(acme: Shop) -> None:
    conversation_id = await haggle(acme)
    await haggle(acme, "alex")
    token = Visitor(organization_id=acme.organization_id, conversation_id=conversation_id, token_hash=b"")
    visitor = Member(
        organization_id=acme.organization_id, conversation_id=conversation_id, is_staff=False, caller=token
    )
    async with client_for(acme, member=visitor) as client:
        items = (await client.get(f"/v1/agent/conversations/{conversation_id}/offers")).json()["items"]
    assert [offer["status"] for offer in items] == ["pending_approval", "open"]
    assert all(set(offer) == PUBLIC for offer in items)


@pytest.mark.parametrize("error", [OfferExpired, OfferPending, OfferUnavailable])
def test_the_named_conflicts(error: Any) -> None:
    assert (error().status, error().body["error"]) == (409, error.__name__)
