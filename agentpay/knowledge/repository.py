"""Articles and their passages. Always through their organization; a deleted article is not found and nowhere quoted."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import Conflict, NotFound
from agentpay.kit.ids import uuid7
from agentpay.kit.wire import in_utc
from agentpay.kit.words import INDEX_VERSION
from agentpay.knowledge import indexing, passages, vocabulary
from agentpay.knowledge.passages import Passage
from agentpay.knowledge.schemas import ArticlePublic

CORPUS: vocabulary.Corpus = "article"
ARTICLES_MAX = 2_000
"""Of one organization."""
REINDEX_MAX = 20

COLUMNS = "id, organization_id, type, title, content, url, language, created_at, modified_at"

_INSERT = f"""
insert into articles (id, organization_id, type, title, content, url, language, index_version)
values (%(id)s, %(organization_id)s, %(type)s, %(title)s, %(content)s, %(url)s, %(language)s, 0)
returning {COLUMNS}
"""
_FIND = f"""
select {COLUMNS} from articles
where organization_id = %(organization_id)s and id = %(article_id)s and deleted_at is null
"""
_LIST = f"""
select {COLUMNS} from articles
where organization_id = %(organization_id)s and deleted_at is null and (%(before)s::uuid is null or id < %(before)s)
order by id desc limit %(limit)s
"""
_COUNT = "select count(*) from articles where organization_id = %(organization_id)s and deleted_at is null"
_UPDATE = f"""
update articles set type = %(type)s, title = %(title)s, content = %(content)s, url = %(url)s, language = %(language)s,
  modified_at = now()
where organization_id = %(organization_id)s and id = %(article_id)s and deleted_at is null returning {COLUMNS}
"""
_DELETE = """
update articles set deleted_at = now()
where organization_id = %(organization_id)s and id = %(article_id)s and deleted_at is null
"""
_DROP_PASSAGES = """
delete from article_passages where organization_id = %(organization_id)s and article_id = %(article_id)s
returning tsvector_to_array(search) as lexemes
"""
_ADD_PASSAGES = """
insert into article_passages (article_id, position, organization_id, text, search)
select %(article_id)s, given.position, %(organization_id)s, given.text, given.search::tsvector
from unnest(%(texts)s::text[], %(vectors)s::text[]) with ordinality as given(text, search, position)
"""
_INDEXED = f"""
update articles set index_version = {INDEX_VERSION}
where organization_id = %(organization_id)s and id = %(article_id)s
"""
_OUTDATED = f"""
select id, organization_id from articles where deleted_at is null and index_version <> {INDEX_VERSION}
order by id limit {REINDEX_MAX}
"""


class TooManyArticles(Conflict):
    """An organization keeps so many articles at most."""

    def __init__(self) -> None:
        super().__init__(f"At most {ARTICLES_MAX} articles.")


async def create_article(db: Database, *, organization_id: UUID, values: Mapping[str, Any]) -> ArticlePublic:
    """`values` as `schemas.check` returns them. Raises `TooManyArticles`."""
    article_id = uuid7()
    async with db.transaction() as tx:
        await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
        if await tx.value(_COUNT, {"organization_id": organization_id}) >= ARTICLES_MAX:
            raise TooManyArticles
        row = await tx.one(_INSERT, {**values, "id": article_id, "organization_id": organization_id})
        assert row is not None
        await _index(tx, organization_id=organization_id, article=row)
    return article_public(row)


async def get_article(db: Database | Tx, *, organization_id: UUID, article_id: UUID) -> ArticlePublic:
    """Raises `NotFound`."""
    row = await db.one(_FIND, {"organization_id": organization_id, "article_id": article_id})
    if row is None:
        raise NotFound
    return article_public(row)


async def list_articles(
    db: Database | Tx, *, organization_id: UUID, before: UUID | None, limit: int
) -> list[ArticlePublic]:
    """Up to `limit + 1` articles, newest first: the extra one tells that there are more."""
    params = {"organization_id": organization_id, "before": before, "limit": limit + 1}
    return [article_public(row) for row in await db.all(_LIST, params)]


async def update_article(
    db: Database, *, organization_id: UUID, article_id: UUID, changes: Mapping[str, Any]
) -> ArticlePublic:
    """`changes` as `schemas.check` returns them. Raises `NotFound`."""
    ids = {"organization_id": organization_id, "article_id": article_id}
    async with db.transaction() as tx:
        await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
        before = await tx.one(_FIND, ids)
        if before is None:
            raise NotFound
        row = await tx.one(_UPDATE, {**before, **changes, **ids})
        assert row is not None
        if (before["title"], before["content"]) != (row["title"], row["content"]):
            await _index(tx, organization_id=organization_id, article=row)
    return article_public(row)


async def delete_article(db: Database, *, organization_id: UUID, article_id: UUID) -> None:
    """Soft; its passages go at once. Raises `NotFound`."""
    ids = {"organization_id": organization_id, "article_id": article_id}
    async with db.transaction() as tx:
        await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
        if not await tx.execute(_DELETE, ids):
            raise NotFound
        removed = await _drop_passages(tx, organization_id=organization_id, article_id=article_id)
        await vocabulary.recount(tx, organization_id=organization_id, corpus=CORPUS, removed=removed, added=())


async def reindex_outdated(db: Database) -> int:
    """Index again some articles that an older release indexed by other rules; returns how many."""
    rows = await db.all(_OUTDATED)
    for row in rows:
        async with db.transaction() as tx:
            organization_id: UUID = row["organization_id"]
            await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
            article = await tx.one(_FIND, {"organization_id": organization_id, "article_id": row["id"]})
            if article is not None:
                await _index(tx, organization_id=organization_id, article=article)
    return len(rows)


def article_public(row: Row) -> ArticlePublic:
    moments = {name: in_utc(row[name]) for name in ("created_at", "modified_at")}
    return ArticlePublic(**{**row, **moments})


async def _index(tx: Tx, *, organization_id: UUID, article: Row) -> None:
    """Replace the article's passages. The caller holds the lock of the organization's articles."""
    ids = {"organization_id": organization_id, "article_id": article["id"]}
    # A long article takes a tenth of a second, which belongs to the conversations of this process.
    cut, labels = await asyncio.to_thread(_cut, article["title"], article["content"])
    removed = await _drop_passages(tx, organization_id=organization_id, article_id=article["id"])
    vectors = [indexing.vector(each) for each in labels]
    await tx.execute(_ADD_PASSAGES, {**ids, "texts": [passage.text for passage in cut], "vectors": vectors})
    added = [list(each) for each in labels]
    await vocabulary.recount(tx, organization_id=organization_id, corpus=CORPUS, removed=removed, added=added)
    await tx.execute(_INDEXED, ids)


def _cut(title: str, content: str) -> tuple[list[Passage], list[dict[str, str]]]:
    cut = passages.cut(content)
    return cut, [passages.index(title, passage) for passage in cut]


async def _drop_passages(tx: Tx, *, organization_id: UUID, article_id: UUID) -> list[list[str]]:
    """Delete an article's passages; returns their lexemes, for the caller to count off."""
    rows = await tx.all(_DROP_PASSAGES, {"organization_id": organization_id, "article_id": article_id})
    return [row["lexemes"] for row in rows]
