"""Agents through their endpoints: versions, replacement of whole fields, tenancy, cursors, the cache."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import pytest_asyncio

from agentpay.agents import endpoints, repository
from agentpay.agents.repository import AgentsCache
from agentpay.db.engine import Database
from agentpay.kit.caller import Merchant
from agentpay.kit.errors import NotFound
from agentpay.kit.ids import uuid7
from tests.agents.app import client_of
from tests.agents.test_rules import PRODUCT, SHOWN
from tests.offers import cast


def client_for(db: Database, organization_id: UUID) -> httpx.AsyncClient:
    caller = Merchant(organization_id=organization_id, key_id=uuid7())
    return client_of(endpoints.HANDLERS, {"db": db, "merchant": caller})


@pytest_asyncio.fixture
async def acme(db: Database) -> UUID:
    return await cast.merchant(db)


@pytest_asyncio.fixture
async def api(db: Database, acme: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(db, acme) as client:
        yield client


async def made(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/v1/agents", json={"name": "Wick"} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return] # JSON


async def test_an_agent_of_a_name_only_takes_every_default_of_the_contract(api: httpx.AsyncClient, acme: UUID) -> None:
    agent = await made(api)
    assert agent["organization_id"] == str(acme)
    assert (agent["agent_type"], agent["status"], agent["version"]) == ("sales", "active", 1)
    assert agent["personality"] == {
        "tone": "friendly",
        "verbosity": "concise",
        "proactive": True,
        "greeting": "Hi! How can I help you today?",
        "language": "auto",
    }
    assert agent["tools"] == {
        "product_lookup": True,
        "payment_link": True,
        "discount_validator": True,
        "shipping_calculator": False,
        "inventory_checker": False,
        "knowledge_search": True,
        "order_lookup": True,
        "human_handoff": True,
    }
    assert agent["rules"] == SHOWN
    assert agent["config"] == {
        "llm_provider": "anthropic",
        "llm_model": None,
        "temperature": 0.7,
        "max_tokens": 1024,
        "fallback_provider": "anthropic",
        "shipping": [],
    }
    assert (agent["system_prompt"], agent["metadata"], agent["modified_at"]) == ("", {}, None)
    assert agent["created_at"].endswith("Z")
    assert (await api.get(f"/v1/agents/{agent['id']}")).json() == agent


async def test_a_patched_field_replaces_the_stored_one_as_a_whole(api: httpx.AsyncClient) -> None:
    rules = {"max_discount_percent": 20, "products": {PRODUCT: {"floor_amount": 8000}}}
    agent = await made(api, rules=rules, metadata={"team": "north"}, tools={"payment_link": False})
    answer = await api.patch(f"/v1/agents/{agent['id']}", json={"rules": {"max_discount_percent": 7.5}})
    changed = answer.json()
    assert changed["rules"] == SHOWN | {"max_discount_percent": 7.5}
    assert changed["metadata"] == {"team": "north"}
    assert changed["tools"]["payment_link"] is False
    assert changed["version"] == 2
    assert changed["modified_at"].endswith("Z")


async def test_every_change_makes_a_version_and_an_empty_one_makes_none(api: httpx.AsyncClient) -> None:
    agent = await made(api, rules={"max_discount_percent": 20})
    path = f"/v1/agents/{agent['id']}"
    await api.patch(path, json={"name": "Wick II", "rules": {"max_discount_percent": 5}})
    await api.patch(path, json={})
    await api.patch(path, json={"name": "Wick II"})
    assert (await api.delete(path)).status_code == 204
    versions = (await api.get(f"{path}/versions")).json()["items"]
    assert [(v["version"], v["deleted"], v["agent"]["name"]) for v in versions] == [
        (3, True, "Wick II"),
        (2, False, "Wick II"),
        (1, False, "Wick"),
    ]
    assert [v["agent"]["rules"]["max_discount_percent"] for v in versions] == [5, 5, 20]
    assert versions[2]["agent"] == agent


async def test_versions_have_pages(api: httpx.AsyncClient) -> None:
    agent = await made(api)
    path = f"/v1/agents/{agent['id']}"
    for number in range(4):
        await api.patch(path, json={"name": f"Wick {number}"})
    seen, cursor = [], None
    while True:
        page = (await api.get(f"{path}/versions", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["version"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [5, 4, 3, 2, 1]


async def test_two_changes_at_once_both_count(db: Database, database_url: str, api: httpx.AsyncClient) -> None:
    agent = await made(api)
    path = f"/v1/agents/{agent['id']}"
    async with await psycopg.AsyncConnection.connect(database_url) as somebody:
        await somebody.execute("select 1 from agents where id = %s for update", [agent["id"]])
        changes = [
            asyncio.create_task(api.patch(path, json={"name": "Ember"})),
            asyncio.create_task(api.patch(path, json={"system_prompt": "Sell candles."})),
        ]
        while await db.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.gather(*changes)
    now = (await api.get(path)).json()
    versions = (await api.get(f"{path}/versions")).json()["items"]
    assert (now["name"], now["system_prompt"], now["version"]) == ("Ember", "Sell candles.", 3)
    assert [version["version"] for version in versions] == [3, 2, 1]


async def test_lists_are_newest_first_filtered_and_paged(api: httpx.AsyncClient) -> None:
    for number, (agent_type, status) in enumerate(
        [("sales", "active"), ("support", "active"), ("sales", "inactive"), ("sales", "training"), ("sales", "active")]
    ):
        await made(api, name=f"Wick {number}", agent_type=agent_type, status=status)

    async def names(**params: Any) -> list[str]:
        return [agent["name"] for agent in (await api.get("/v1/agents", params=params)).json()["items"]]

    assert await names() == ["Wick 4", "Wick 3", "Wick 2", "Wick 1", "Wick 0"]
    assert await names(agent_type="sales", status="active") == ["Wick 4", "Wick 0"]
    page = (await api.get("/v1/agents", params={"limit": 2})).json()
    assert await names(limit=2, cursor=page["next_cursor"]) == ["Wick 2", "Wick 1"]
    assert (await api.get("/v1/agents", params={"status": "asleep"})).status_code >= 400
    assert (await api.get("/v1/agents", params={"cursor": "ä"})).json()["detail"][0]["loc"] == ["query", "cursor"]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"name": "   "}, ["body", "name"]),
        ({"name": "W\x00ick"}, ["body", "name"]),
        ({"rules": {"max_discount_percent": 1.001}}, ["body", "rules", "max_discount_percent"]),
        ({"rules": {"products": {"x": {}}}}, ["body", "rules", "products", "x"]),
        ({"metadata": {"": "x"}}, ["body", "metadata", ""]),
        (
            {"config": {"shipping": [{"country": "BR", "amount": 1, "currency": "brl", "days": 1}] * 2}},
            ["body", "config", "shipping", 1],
        ),
    ],
)
async def test_what_types_cannot_say_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], loc: list[Any]
) -> None:
    answer = await api.post("/v1/agents", json={"name": "Wick"} | body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == loc


@pytest.mark.parametrize(
    "body",
    [
        {"nickname": "W"},
        {"name": "W" * 101},
        {"system_prompt": "x" * 16_001},
        {"agent_type": "closer"},
        {"rules": {"max_discount_percent": 101}},
        {"rules": {"max_discount": 10}},
        {"rules": None},
        {"tools": {"teleport": True}},
        {"config": {"temperature": 3}},
        {"config": {"shipping": [{"country": "Brazil", "amount": 1, "currency": "brl", "days": 1}]}},
        {"personality": {"language": "fr"}},
    ],
)
async def test_a_typo_or_a_value_out_of_range_does_not_pass_silently(
    api: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    assert (await api.post("/v1/agents", json={"name": "Wick"} | body)).status_code in {400, 422}
    assert (await api.get("/v1/agents")).json()["items"] == []


async def test_rival_shop_sees_nothing(db: Database, api: httpx.AsyncClient) -> None:
    agent = await made(api)
    path = f"/v1/agents/{agent['id']}"
    async with client_for(db, await cast.merchant(db, name="Rival Shop")) as rival:
        assert (await rival.get("/v1/agents")).json()["items"] == []
        for answer in (
            await rival.get(path),
            await rival.patch(path, json={"name": "Mine"}),
            await rival.delete(path),
            await rival.get(f"{path}/versions"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (404, "ResourceNotFound")
    assert (await api.get(path)).json() == agent


async def test_a_deleted_agent_is_not_found_but_its_rules_still_bind(
    db: Database, api: httpx.AsyncClient, acme: UUID
) -> None:
    agent = await made(api, rules={"max_discount_percent": 20})
    agent_id = UUID(agent["id"])
    await api.delete(f"/v1/agents/{agent_id}")
    assert (await api.get(f"/v1/agents/{agent_id}")).status_code == 404
    assert (await api.delete(f"/v1/agents/{agent_id}")).status_code == 404
    assert (await repository.get_rules(db, organization_id=acme, agent_id=agent_id)).max_discount_basis_points == 2000
    with pytest.raises(NotFound):
        await repository.get_rules(db, organization_id=uuid7(), agent_id=agent_id)
    was = await repository.find_version(db, organization_id=acme, agent_id=agent_id, version=1)
    assert was is not None
    assert was.name == "Wick"


async def test_the_hot_path_knows_every_change_at_once(db: Database, api: httpx.AsyncClient, acme: UUID) -> None:
    """Another replica's cache: nobody tells it of the change."""
    cache = AgentsCache(db)
    assert await cache.agents_of(organization_id=acme) == ()
    wick = await made(api, rules={"max_discount_percent": 20})
    [kept] = await cache.agents_of(organization_id=acme)
    assert (await cache.agents_of(organization_id=acme))[0] is kept
    await api.patch(f"/v1/agents/{wick['id']}", json={"rules": {"max_discount_percent": 5}})
    [changed] = await cache.agents_of(organization_id=acme)
    assert (changed.version, changed.rules.max_discount_basis_points) == (2, 500)
    await made(api, name="Ember")
    assert [agent.name for agent in await cache.agents_of(organization_id=acme)] == ["Wick", "Ember"]
    await api.delete(f"/v1/agents/{wick['id']}")
    assert [agent.name for agent in await cache.agents_of(organization_id=acme)] == ["Ember"]
    assert await cache.agents_of(organization_id=uuid7()) == ()
