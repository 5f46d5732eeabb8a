from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest_asyncio

from agentpay.catalog import endpoints
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.caller import Merchant
from agentpay.kit.ids import uuid7
from agentpay.knowledge import repository, schemas
from tests.agents.app import client_of
from tests.catalog.conftest import merchant, stock
from tests.catalog.goods import fixed, goods, product_id, seats
from tests.catalog.shop import OFF_THE_SHELF, SHOP

SEARCH = "/v1/agent/knowledge/search"


def caller(db: Database, organization_id: UUID) -> httpx.AsyncClient:
    return client_of(endpoints.HANDLERS, {"db": db, "merchant": Merchant(organization_id, uuid7())})


@pytest_asyncio.fixture
async def client(db: Database, jobs: Jobs, acme: UUID) -> AsyncIterator[httpx.AsyncClient]:
    await stock(db, jobs, acme, [*SHOP, *OFF_THE_SHELF])
    async with caller(db, acme) as made:
        yield made


async def test_the_catalogue_is_listed_as_the_agent_sees_it(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = (await client.get("/v1/products", params={"limit": 20} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [product["name"] for product in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(data["name"] for data in SHOP)


async def test_a_query_ranks_the_list_and_tells_how_well_each_fits(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/products", params={"query": "do you have a keyboard?", "limit": 3})).json()
    first = page["items"][0]
    assert page["next_cursor"] is None
    assert first["product_id"] == str(product_id("Kumo 65 Mechanical Keyboard"))
    assert first["score"] == 1
    assert first["price"] == {
        "amount": 14900,
        "currency": "usd",
        "amount_type": "fixed",
        "recurring_interval": None,
        "recurring_interval_count": None,
        "trial": None,
        "from": False,
        "minimum_amount": None,
        "preset_amount": None,
        "seats": None,
    }
    assert (first["price_text"], first["availability"], first["benefits"]) == (
        "$149.00",
        "in_stock",
        ["Two-year warranty"],
    )
    assert [price["currency"] for price in first["prices"]] == ["usd", "eur"]
    assert first["created_at"].endswith("Z")
    assert (await client.get("/v1/products", params={"query": "xyzzy plugh"})).json() == {
        "items": [],
        "next_cursor": None,
    }
    limited = await client.get("/v1/products", params={"query": "candles under $27", "currency": "USD"})
    assert {product["name"] for product in limited.json()["items"]} <= {
        "Lavender Sleep Candle",
        "Vela Manhã Clara: Laranja e Alecrim",
        "Candle Care Kit",
    }


async def test_wrong_parameters_are_refused(client: httpx.AsyncClient) -> None:
    for wrong in (
        {"limit": 0},
        {"limit": 101},
        {"cursor": "nonsense"},
        {"cursor": "é"},
        {"cursor": "nonsense", "query": "candles"},
        {"currency": "dollars"},
        {"query": "x" * 4001},
    ):
        assert (await client.get("/v1/products", params=wrong)).status_code == 422, wrong


async def test_products_of_the_same_moment_are_neither_lost_nor_repeated(db: Database, jobs: Jobs) -> None:
    organization_id = await merchant(db, "Twins")
    await stock(db, jobs, organization_id, [goods(f"Candle {number}") for number in range(7)])
    async with caller(db, organization_id) as client:
        first = (await client.get("/v1/products", params={"limit": 4})).json()
        rest = (await client.get("/v1/products", params={"limit": 4, "cursor": first["next_cursor"]})).json()
    assert len({product["product_id"] for page in (first, rest) for product in page["items"]}) == 7


async def test_terms_of_seats_and_trials_are_on_the_price(db: Database, jobs: Jobs) -> None:
    organization_id = await merchant(db, "Plans")
    team = goods("Team", seats((1, None, 900), minimum=2), recurring_interval="month")
    solo = goods("Solo", fixed(900), recurring_interval="month", trial_interval="day", trial_interval_count=7)
    await stock(db, jobs, organization_id, [team, solo])
    async with caller(db, organization_id) as client:
        items = {product["name"]: product for product in (await client.get("/v1/products")).json()["items"]}
    assert items["Team"]["price"]["seats"] == {"minimum": 2, "maximum": None}
    assert items["Team"]["price"]["from"] is True
    assert items["Solo"]["price"]["trial"] == {"interval": "day", "interval_count": 7}
    assert items["Solo"]["price_text"] == "7 days free, then $9.00 per month"


async def test_articles_and_products_are_searched_together(db: Database, client: httpx.AsyncClient, acme: UUID) -> None:
    made = schemas.ArticleCreate(
        type="guide",
        title="Caring for your candle",
        content="Welcome.\n\n# Wick\n\nTrim the wick to five millimetres before each burn.",
        url="https://acme.example/care",
    )
    article = await repository.create_article(db, organization_id=acme, values=schemas.check(made))
    found = await client.post(SEARCH, json={"query": "how do I trim the wick?"})
    assert found.status_code == 200
    items = found.json()["items"]
    assert items[0] == {
        "kind": "article",
        "id": str(article.id),
        "title": "Caring for your candle",
        "snippet": "Trim the wick to five millimetres before each burn.",
        "score": 1.0,
        "url": "https://acme.example/care",
    }
    assert (items[1]["kind"], items[1]["title"], items[1]["url"]) == ("product", "Candle Care Kit", None)
    only = (await client.post(SEARCH, json={"query": "wick", "kinds": ["product"], "limit": 1})).json()["items"]
    assert [item["kind"] for item in only] == ["product"]
    for query in ("xyzzy plugh", "hello!", "?"):
        assert (await client.post(SEARCH, json={"query": query})).json() == {"items": []}
    for wrong in (
        {},
        {"query": ""},
        {"query": "x", "kinds": ["page"]},
        {"query": "x", "kinds": []},
        {"query": "x", "limit": 21},
    ):
        assert (await client.post(SEARCH, json=wrong)).status_code in (400, 422), wrong
