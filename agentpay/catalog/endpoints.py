"""`GET /v1/products` and `POST /v1/agent/knowledge/search`: what agents find, for the merchant's eyes. Secret key only.

The knowledge search is here because it covers products too, and this package stands above `knowledge`.
"""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from agentpay.catalog import cards, repository, schemas
from agentpay.catalog.price_limits import limits_of
from agentpay.catalog.repository import CatalogProduct, Position
from agentpay.catalog.search import Found, search
from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Merchant
from agentpay.kit.limits import LIST_LIMIT_DEFAULT, MESSAGE_CHARACTERS_MAX
from agentpay.kit.wire import Limit
from agentpay.knowledge import schemas as knowledge
from agentpay.knowledge import search as articles
from agentpay.knowledge.passages import SNIPPET_CHARACTERS_MAX
from agentpay.organizations import repository as organizations

RANK_OFFSET = 60
"""Of reciprocal rank fusion: how little the first places of two lists differ."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR_PATTERN = "^A[A-Za-v][A-Za-z0-9_-]{30}$"
"""24 bytes in URL-safe base64; it begins as all moments from 1970 to 8820 do: no cursor is past the last `datetime`."""

_CURSOR = re.compile(CURSOR_PATTERN)


@get("/v1/products", status_code=200, operation_id="list_products", tags=["products"])
async def list_products(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    asked: Annotated[str | None, QueryParameter(name="query", max_length=MESSAGE_CHARACTERS_MAX)] = None,
    currency: Annotated[str | None, QueryParameter(name="currency", pattern="^[A-Za-z]{3}$")] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: Annotated[
        str | None,
        QueryParameter(
            description="`next_cursor` of the page before; a ranked list has one page.",
            schema_extra={"pattern": CURSOR_PATTERN},
        ),
    ] = None,
) -> schemas.ProductPage:
    """The catalogue as the agent sees it: sellable products, ranked for `query`, else newest first."""
    organization = await organizations.get(db, organization_id=merchant.organization_id)
    shown_in = (currency or organization.default_currency).lower()
    before = decode_position(cursor)
    if asked is None or not asked.strip():
        return await _page(db, merchant.organization_id, currency=shown_in, limit=limit, before=before)
    limits = limits_of(asked, {}, currency=shown_in)
    found = await search(db, organization_id=merchant.organization_id, query=asked, limits=limits, limit=limit)
    items = [schemas.product_public(each.product, currency=shown_in, score=each.score) for each in found]
    return schemas.ProductPage(items, None)


@post("/v1/agent/knowledge/search", status_code=200, operation_id="search_knowledge", tags=["knowledge"])
async def search_knowledge(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], data: JSONBody[knowledge.KnowledgeSearch]
) -> knowledge.KnowledgeItems:
    """What an agent would find for a question: articles and products, best first, with the sentences that answer."""
    organization_id = merchant.organization_id
    lists: list[list[knowledge.KnowledgeItem]] = []
    if "article" in data.kinds:
        answers = await articles.search(
            db, organization_id=organization_id, query=data.query, language=data.language, limit=data.limit
        )
        lists.append([_article_item(answer) for answer in answers])
    if "product" in data.kinds:
        organization = await organizations.get(db, organization_id=organization_id)
        limits = limits_of(data.query, {}, currency=organization.default_currency)
        found = await search(
            db, organization_id=organization_id, query=data.query, limits=limits, limit=data.limit, needs_name=True
        )
        lists.append([_product_item(each) for each in found])
    return knowledge.KnowledgeItems(_fused(lists)[: data.limit])


HANDLERS = [list_products, search_knowledge]


async def _page(
    db: Database, organization_id: UUID, *, currency: str, limit: int, before: Position | None
) -> schemas.ProductPage:
    products = await repository.list_products(db, organization_id=organization_id, limit=limit + 1, before=before)
    shown = products[:limit]
    more = len(products) > limit
    return schemas.ProductPage(
        [schemas.product_public(product, currency=currency) for product in shown],
        encode_position(shown[-1].position) if more else None,
    )


def encode_position(position: Position) -> str:
    """An opaque cursor: microseconds since 1970 and the product's id, because Polar's ids tell no order."""
    created_at, product_id = position
    microseconds = (created_at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(microseconds.to_bytes(8, "big") + product_id.bytes).decode()


def decode_position(cursor: str | None) -> Position | None:
    """Raises `Invalid` at ["query","cursor"] for what is not a cursor of this list."""
    if cursor is None:
        return None
    if _CURSOR.fullmatch(cursor) is None:
        raise pages.not_a_cursor()
    raw = base64.urlsafe_b64decode(cursor)
    return EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], "big")), UUID(bytes=raw[8:])


def _article_item(answer: articles.Answer) -> knowledge.KnowledgeItem:
    return knowledge.KnowledgeItem(
        kind="article",
        id=answer.article_id,
        title=answer.title,
        snippet=answer.snippet,
        score=answer.score,
        url=answer.url,
    )


def _product_item(found: Found) -> knowledge.KnowledgeItem:
    product: CatalogProduct = found.product
    return knowledge.KnowledgeItem(
        kind="product",
        id=product.product_id,
        title=product.name,
        snippet=cards.description(product.product, characters_max=SNIPPET_CHARACTERS_MAX),
        score=found.score,
        url=None,
    )


def _fused(lists: Sequence[Sequence[knowledge.KnowledgeItem]]) -> list[knowledge.KnowledgeItem]:
    """One list by reciprocal rank: scores of two searches cannot be compared, places can. Articles win a tie."""
    ranked: list[tuple[float, Any]] = [
        (1 / (RANK_OFFSET + place), item) for items in lists for place, item in enumerate(items)
    ]
    return [item for _, item in sorted(ranked, key=lambda pair: -pair[0])]
