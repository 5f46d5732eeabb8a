"""`/v1/agent/knowledge/articles`: the merchant writes what its agents may answer from (API § 8). Secret key only.

The search over articles and products is in `catalog/endpoints.py`, which stands above both.
"""

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Merchant
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.knowledge import repository, schemas

TAGS = ["knowledge"]
PATH = "/v1/agent/knowledge/articles"


@post(PATH, status_code=201, operation_id="create_article", tags=TAGS, opt={"idempotent": True})
async def create_article(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], data: JSONBody[schemas.ArticleCreate]
) -> schemas.ArticlePublic:
    """Write an article. It can be found as soon as this answers."""
    return await repository.create_article(db, organization_id=merchant.organization_id, values=schemas.check(data))


@get(PATH, status_code=200, operation_id="list_articles", tags=TAGS)
async def list_articles(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[schemas.ArticlePublic]:
    """The organization's articles, newest first."""
    articles = await repository.list_articles(
        db, organization_id=merchant.organization_id, before=pages.decode_cursor(cursor), limit=limit
    )
    return pages.page_of(articles, limit=limit, id_of=lambda article: article.id, render=lambda article: article)


@get(PATH + "/{article_id:uuid}", status_code=200, operation_id="get_article", tags=TAGS)
async def get_article(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], article_id: FromPath[UUID]
) -> schemas.ArticlePublic:
    """One article."""
    return await repository.get_article(db, organization_id=merchant.organization_id, article_id=article_id)


@patch(PATH + "/{article_id:uuid}", status_code=200, operation_id="update_article", tags=TAGS)
async def update_article(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    article_id: FromPath[UUID],
    data: JSONBody[schemas.ArticleUpdate],
) -> schemas.ArticlePublic:
    """Change an article. What agents answer from changes with it."""
    return await repository.update_article(
        db, organization_id=merchant.organization_id, article_id=article_id, changes=schemas.check(data)
    )


@delete(PATH + "/{article_id:uuid}", status_code=204, operation_id="delete_article", tags=TAGS)
async def delete_article(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], article_id: FromPath[UUID]
) -> None:
    """Delete an article. No agent answers from it any more; sources in past messages keep their title."""
    await repository.delete_article(db, organization_id=merchant.organization_id, article_id=article_id)


HANDLERS = [create_article, list_articles, get_article, update_article, delete_article]
