from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.kit.caller import Merchant
from agentpay.kit.ids import uuid7
from agentpay.knowledge import endpoints, jobs, repository
from agentpay.knowledge.search import search
from tests.agents.app import client_of
from tests.catalog.conftest import merchant

PATH = "/v1/agent/knowledge/articles"
ARTICLE = {"type": "policy", "title": "Refunds", "content": "You have 30 days.", "url": None, "language": None}


@pytest_asyncio.fixture
async def acme(db: Database) -> UUID:
    return await merchant(db)


def caller(db: Database, organization_id: UUID) -> httpx.AsyncClient:
    return client_of(endpoints.HANDLERS, {"db": db, "merchant": Merchant(organization_id, uuid7())})


@pytest_asyncio.fixture
async def client(db: Database, acme: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(db, acme) as made:
        yield made


async def found(db: Database, organization_id: UUID, query: str) -> list[str]:
    return [answer.title for answer in await search(db, organization_id=organization_id, query=query)]


async def test_an_article_can_be_found_as_soon_as_it_is_written_and_until_it_is_deleted(
    db: Database, client: httpx.AsyncClient, acme: UUID
) -> None:
    made = await client.post(PATH, json=ARTICLE | {"url": " https://acme.example/help ", "language": "PT-br"})
    assert made.status_code == 201
    article = made.json()
    assert (article["url"], article["language"], article["modified_at"]) == ("https://acme.example/help", "pt-BR", None)
    assert article["created_at"].endswith("Z")
    assert await found(db, acme, "refunds") == ["Refunds"]

    changed = await client.patch(
        f"{PATH}/{article['id']}", json={"title": "Warranty", "content": "Two years.", "url": None}
    )
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["url"], changed.json()["type"]) == ("Warranty", None, "policy")
    assert await found(db, acme, "refunds") == []
    assert await found(db, acme, "warranty") == ["Warranty"]
    assert (await client.get(f"{PATH}/{article['id']}")).json() == changed.json()

    assert (await client.delete(f"{PATH}/{article['id']}")).status_code == 204
    assert await found(db, acme, "warranty") == []
    assert (await client.get(f"{PATH}/{article['id']}")).status_code == 404
    assert (await client.delete(f"{PATH}/{article['id']}")).status_code == 404
    assert await db.all("select word from search_words") == []


async def test_articles_are_listed_newest_first_page_by_page(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post(PATH, json=ARTICLE | {"title": f"Article {number}"})
    first = (await client.get(PATH, params={"limit": 3})).json()
    rest = (await client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    titles = [article["title"] for page in (first, rest) for article in page["items"]]
    assert titles == [f"Article {number}" for number in (4, 3, 2, 1, 0)]
    assert rest["next_cursor"] is None
    assert (await client.get(PATH, params={"cursor": "nonsense"})).status_code == 422


async def test_another_merchant_neither_sees_nor_changes_nor_finds_an_article(
    db: Database, client: httpx.AsyncClient, acme: UUID
) -> None:
    article = (await client.post(PATH, json=ARTICLE)).json()
    rival = await merchant(db, "Rival Shop")
    async with caller(db, rival) as other:
        assert (await other.get(f"{PATH}/{article['id']}")).status_code == 404
        assert (await other.patch(f"{PATH}/{article['id']}", json={"title": "Mine"})).status_code == 404
        assert (await other.delete(f"{PATH}/{article['id']}")).status_code == 404
        assert (await other.get(PATH)).json()["items"] == []
    assert await found(db, rival, "refunds") == []
    assert await found(db, acme, "refunds") == ["Refunds"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "novel"},
        {"title": ""},
        {"title": "\u200b  "},
        {"title": "x" * 201},
        {"content": ""},
        {"content": " \n "},
        {"content": "a\x00b"},
        {"content": "é" * 51_201},
        {"url": "ftp://acme.example/help"},
        {"url": "javascript:alert(1)"},
        {"url": "https://sam:secret@acme.example/"},
        {"url": "https://"},
        {"url": "https://acme.example/a b"},
        {"url": "https://acme.example:99999/"},
        {"url": "//acme.example"},
        {"language": "english"},
        {"slug": "refunds"},
    ],
    ids=str,
)
async def test_what_an_article_may_not_be_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await client.post(PATH, json=ARTICLE | wrong)).status_code == 422
    assert (await client.get(PATH)).json()["items"] == []


async def test_an_article_of_a_hundred_kibibytes_is_kept_and_quoted(
    db: Database, client: httpx.AsyncClient, acme: UUID
) -> None:
    filling = "".join(
        f"## Section {number}\n\nNothing of note about item{number}. " + "Words, words. " * 40 for number in range(150)
    )
    content = filling[: 100 * 1024 - 200] + "\n\n## The last thing\n\nThe spare key is kept under the blue flowerpot."
    made = await client.post(PATH, json=ARTICLE | {"content": content})
    assert made.status_code == 201
    answers = await search(db, organization_id=acme, query="where is the spare key?")
    assert answers[0].snippet == "The spare key is kept under the blue flowerpot."


async def test_the_count_of_words_stays_right_however_articles_change(db: Database, client: httpx.AsyncClient) -> None:
    ids = [(await client.post(PATH, json=ARTICLE | {"title": f"Candle {n}"})).json()["id"] for n in range(3)]
    await client.patch(f"{PATH}/{ids[0]}", json={"content": "# Wax\n\nSoy.\n\n# Wick\n\nCotton. " + "Long. " * 300})
    await client.patch(f"{PATH}/{ids[1]}", json={"url": "https://acme.example/"})
    await client.delete(f"{PATH}/{ids[2]}")
    held = await db.all("select word, documents from search_words")
    indexed = await db.all(
        "select lexeme as word, count(*) as documents from article_passages, unnest(search) group by 1"
    )
    assert sorted(map(str, held)) == sorted(map(str, indexed))


async def test_articles_that_an_older_release_indexed_are_indexed_again(
    db: Database, client: httpx.AsyncClient, acme: UUID
) -> None:
    await client.post(PATH, json=ARTICLE)
    await db.run("update articles set index_version = 0")
    await db.run("update article_passages set search = '''old'':1'")
    assert await found(db, acme, "refunds") == []
    assert await jobs.reindex_due(db) == 1
    assert await found(db, acme, "refunds") == ["Refunds"]
    assert await jobs.reindex_due(db) == 0


async def test_an_organization_keeps_a_bounded_number_of_articles(
    db: Database, client: httpx.AsyncClient, acme: UUID
) -> None:
    await db.run(
        "insert into articles (id, organization_id, type, title, content, index_version)"
        " select gen_random_uuid(), %(id)s, 'faq', 'Filler', 'Filler', 1 from generate_series(1, %(count)s)",
        {"id": acme, "count": repository.ARTICLES_MAX},
    )
    assert (await client.post(PATH, json=ARTICLE)).status_code == 409
