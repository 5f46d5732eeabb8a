from typing import Any
from uuid import UUID

import fastjsonschema
import pytest
import pytest_asyncio

from agentpay.agents.rules import Rules
from agentpay.agents.tools import ToolContext
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit.ids import uuid7
from agentpay.knowledge import passages, repository, schemas, tools
from agentpay.knowledge.search import search
from agentpay.llm.types import Language
from tests.catalog.conftest import merchant
from tests.knowledge.articles import ARTICLES, ASKED


async def write(db: Database, organization_id: UUID, *articles: dict[str, Any]) -> None:
    for article in articles:
        values = schemas.check(schemas.ArticleCreate(**{"url": None, "language": None, **article}))
        await repository.create_article(db, organization_id=organization_id, values=values)


@pytest_asyncio.fixture
async def acme(db: Database) -> UUID:
    organization_id = await merchant(db)
    await write(db, organization_id, *ARTICLES)
    return organization_id


def context(organization_id: UUID, *, language: Language = "en") -> ToolContext:
    async def hold(_: Tx) -> None:
        raise AssertionError("a reading tool writes nothing")

    return ToolContext(
        organization_id=organization_id,
        conversation_id=uuid7(),
        turn_id=uuid7(),
        call_id="call_1",
        effect_key="turn:1:call_1",
        agent_id=uuid7(),
        agent_version=1,
        rules=Rules(),
        config={},
        visitor_key="session:sam",
        is_proven_customer=False,
        external_customer_id=None,
        customer_id=None,
        currency="usd",
        language=language,
        origin=None,
        hesitation_signals=0,
        hold=hold,
    )


async def test_questions_find_the_article_that_answers_them(db: Database, acme: UUID) -> None:
    missed = []
    for query, language, title in ASKED:
        answers = await search(db, organization_id=acme, query=query, language=language)
        if title not in [answer.title for answer in answers[:1]]:
            missed.append((query, [answer.title for answer in answers]))
    assert len(missed) <= len(ASKED) // 10, missed


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hello!",
        "asdf qwerty",
        "do you sell tractors?",
        "???",
        "\u200b",
        "whats the total?",
        "do you have a parrot link?",
    ],
)
async def test_what_no_article_speaks_of_finds_nothing(db: Database, acme: UUID, query: str) -> None:
    assert await search(db, organization_id=acme, query=query) == []


async def test_an_answer_in_the_visitors_language_comes_first(db: Database, acme: UUID) -> None:
    for language, title in (("en", "How can I pay?"), ("pt", "Formas de pagamento: cartão, PIX e boleto")):
        answers = await search(db, organization_id=acme, query="boleto", language=language)
        assert answers[0].title == title
    answers = await search(db, organization_id=acme, query="cancelar", language="pt")
    assert answers[0].title == "Cancel or change a subscription", "one in another language is better than none"


async def test_a_snippet_quotes_the_sentences_that_answer(db: Database, acme: UUID) -> None:
    answer = (await search(db, organization_id=acme, query="how do I exchange a candle?", language="en"))[0]
    assert answer.snippet == (
        "To exchange a candle for another scent, write to us first and keep the parcel until we answer."
    )
    assert answer.url == "https://acme.example/help#refunds"
    assert answer.score == 1
    declined = (await search(db, organization_id=acme, query="my card was declined", language="en"))[0]
    assert declined.snippet == "If a card is declined, nothing is charged and you may try again."
    assert (await search(db, organization_id=acme, query="do you take pix?", language="en"))[0].snippet.startswith(
        "PIX"
    )


async def test_the_tool_answers_with_facts_and_names_its_sources(db: Database, acme: UUID) -> None:
    (tool,) = tools.tools(db)
    result = await tool.perform(context(acme), {"query": "can I get a refund for an opened candle?"})
    assert (result.status, result.name, result.call_id) == ("done", "search_knowledge", "call_1")
    first = result.facts["articles"][0]
    assert first["title"] == "Refunds and returns"
    assert "30 days" in first["passages"][0]
    assert result.attachments[0] == {
        "type": "source",
        "article_id": first["article_id"],
        "title": "Refunds and returns",
        "url": "https://acme.example/help#refunds",
    }
    nothing = await tool.perform(context(acme), {"query": "quantum chromodynamics"})
    assert (nothing.status, nothing.facts["articles"], nothing.attachments) == ("done", [], ())


async def test_the_tool_takes_a_question_and_nothing_else(db: Database) -> None:
    (tool,) = tools.tools(db)
    check = fastjsonschema.compile(tool.parameters)
    check({"query": "refunds"})
    for wrong in ({}, {"query": ""}, {"query": "refunds", "organization_id": "x"}, {"query": "x" * 5_000}):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            check(wrong)


async def test_nobody_finds_what_another_merchant_wrote(db: Database, acme: UUID) -> None:
    rival = await merchant(db, "Rival Shop")
    await write(db, rival, {"type": "faq", "title": "Secret recipe", "content": "Beeswax and bergamot."})
    assert await search(db, organization_id=acme, query="secret recipe bergamot") == []
    assert len(await search(db, organization_id=rival, query="secret recipe bergamot")) == 1
    assert await search(db, organization_id=rival, query="refund policy") == []


def test_an_article_is_cut_at_headings_and_between_sentences() -> None:
    content = (
        "Intro.\n\n# First\n\n" + "A sentence of some length stands here. " * 40 + "\n\n## Second\n\nShort.\n\nToo."
    )
    cut = passages.cut(content)
    assert [passage.heading for passage in cut] == ["", "First", "First", "Second"]
    assert all(len(passage.text) <= passages.PASSAGE_CHARACTERS_MAX for passage in cut)
    assert cut[-1].text == "Short.\nToo."
    assert cut[1].text.endswith(".")


@pytest.mark.parametrize(
    "content", ["", " \n ", "#", "# Only a heading", "x" * 5_000, "a\n" * 3_000, "**" * 4_000, "[" * 4_000]
)
def test_any_text_is_cut_within_limits(content: str) -> None:
    cut = passages.cut(content)
    assert all(0 < len(passage.text) <= passages.PASSAGE_CHARACTERS_MAX for passage in cut)
    assert sum(len(passage.text) for passage in cut) <= len(content)
