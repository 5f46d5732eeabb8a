"""Ranked search in the mirror: raw messages in, the products they are about out. Sellable ones only.

Two statements: what the question's words mean in this catalogue (`vocabulary`), then candidates weighed by
`question.weigh`. What the question names but faintly is cut off; a question that names nothing known finds nothing;
one that names nothing at all (`what do you sell?`) gets the newest.
"""

from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog.mirror import CORPUS
from agentpay.catalog.price_limits import Limits
from agentpay.catalog.repository import COLUMNS, CatalogProduct, product_of
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import words
from agentpay.knowledge import question as questions
from agentpay.knowledge import vocabulary
from agentpay.knowledge.question import CANDIDATES_MAX, Order, Question, Weighing

ASKING = words.ASKING_WORDS | words.SHOP_WORDS
RANKED_MIN = 24
"""Rows that are ranked again by their names, whatever the limit."""
SHARE_MIN = 0.2
"""What scores less than this share of the best is not what was asked for."""
SHARE_MIN_SORTED = 0.6
"""The same where price, not fit, decides the order."""
KNOWN_SHARE_MIN = 0.5
"""Of a short question's words, where no name holds any: `motor oil` is not about a soap with olive oil."""
NAME_BONUS = 0.25
SOLD_OUT_SHARE = 0.9

_WITHIN = """
and (%(price_max)s::bigint is null or (amounts ->> %(currency)s)::bigint <= %(price_max)s)
and (%(price_min)s::bigint is null or (amounts ->> %(currency)s)::bigint >= %(price_min)s)
and (not %(in_stock)s or stock is null or stock > 0)
"""
_RANKED = """
with candidates as materialized (
  select product_id, polar_created_at, {score} as score from products
  where organization_id = %(organization_id)s and is_sellable and search @@ %(match)s::tsquery {within}
  limit {candidates}),
best as (select * from candidates order by score desc, polar_created_at desc, product_id limit %(ranked)s)
select {columns}, best.score, (select count(*) from candidates) as total
from best join products using (product_id) where organization_id = %(organization_id)s
order by best.score desc, polar_created_at desc, product_id
"""
_AT_LARGE = """
select {columns}, 1.0::float8 as score from products
where organization_id = %(organization_id)s and is_sellable {within}
order by {order} limit %(limit)s
"""
_ORDERS: dict[Order, str] = {
    "fitting": "polar_created_at desc, product_id desc",
    "cheapest": "amount asc nulls last, polar_created_at desc, product_id",
    "dearest": "amount desc nulls last, polar_created_at desc, product_id",
}


class Found(msgspec.Struct, frozen=True):
    """A product and how well it fits, 1 = the best of this search."""

    product: CatalogProduct
    score: float


async def search(
    source: Database | Tx, *, organization_id: UUID, query: str, limits: Limits = Limits(), limit: int = 6
) -> list[Found]:
    """The products that `query` (keywords or a whole message) is about, best first; `cheap` sorts by price."""
    question = questions.read(query, asking=ASKING)
    if question.asks_at_large:
        order = "cheapest" if limits.has_price and question.order == "fitting" else question.order
        return await _at_large(source, organization_id, order=order, limits=limits, limit=limit)
    knowledge = await vocabulary.look_up(
        source,
        organization_id=organization_id,
        corpus=CORPUS,
        asked=question.lexemes(),
        guessable=question.guessable(),
    )
    weighing = questions.weigh(question, knowledge)
    if weighing is None:
        return []
    rows = await _ranked(source, organization_id, weighing=weighing, limits=limits, limit=limit)
    return _chosen(rows, question=question, weighing=weighing)[:limit]


def ranked_sql(
    organization_id: UUID, *, weighing: Weighing, match: str, limits: Limits, limit: int
) -> tuple[str, dict[str, Any]]:
    """The statement of a ranked search and its parameters."""
    params: dict[str, Any] = _params(organization_id, limits) | {"match": match, "ranked": max(limit * 2, RANKED_MIN)}
    score = questions.score_sql(weighing, params)
    columns = ", ".join(f"products.{column}" if column == "polar_created_at" else column for column in _COLUMNS)
    sql = _RANKED.format(score=score, within=_WITHIN, candidates=CANDIDATES_MAX, columns=columns)
    return sql, params


async def _ranked(
    source: Database | Tx, organization_id: UUID, *, weighing: Weighing, limits: Limits, limit: int
) -> list[Row]:
    found: dict[UUID, Row] = {}
    for match in weighing.matches:
        sql, params = ranked_sql(organization_id, weighing=weighing, match=match, limits=limits, limit=limit)
        for row in await vocabulary.all_planned(source, sql, params):
            found.setdefault(row["product_id"], row)
        if len(found) >= limit:
            break
    return list(found.values())


async def _at_large(
    source: Database | Tx, organization_id: UUID, *, order: Order, limits: Limits, limit: int
) -> list[Found]:
    sql = _AT_LARGE.format(columns=", ".join(_COLUMNS), within=_WITHIN, order=_ORDERS[order])
    rows = await vocabulary.all_planned(source, sql, _params(organization_id, limits) | {"limit": limit})
    return [Found(product_of(row), row["score"]) for row in rows]


def _params(organization_id: UUID, limits: Limits) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "currency": limits.currency,
        "price_max": limits.price_max,
        "price_min": limits.price_min,
        "in_stock": limits.in_stock,
    }


def _chosen(rows: list[Row], *, question: Question, weighing: Weighing) -> list[Found]:
    """Ranked again by how much of each name was asked for, the faint ones cut off; by price where that was asked."""
    worth = questions.lexemes_in(weighing)
    scored = [(_score(row, worth), row) for row in rows]
    scored.sort(key=lambda pair: -pair[0])
    if weighing.is_short and weighing.known_share < KNOWN_SHARE_MIN and not any(_is_named(row, worth) for row in rows):
        return []
    best = scored[0][0] if scored else 0.0
    share = SHARE_MIN if question.order == "fitting" else SHARE_MIN_SORTED
    found = [Found(product_of(row), round(score / best, 3)) for score, row in scored if score >= share * best]
    if question.order == "fitting":
        return found
    sign = 1 if question.order == "cheapest" else -1
    priced = [each for each in found if each.product.amount is not None]
    unpriced = [each for each in found if each.product.amount is None]
    return [*sorted(priced, key=lambda each: sign * (each.product.amount or 0)), *unpriced]


def _score(row: Row, worth: dict[str, float]) -> float:
    score: float = row["score"] * (1 + NAME_BONUS * questions.coverage(row["name"], worth))
    return score * SOLD_OUT_SHARE if row["stock"] == 0 else score


def _is_named(row: Row, worth: dict[str, float]) -> bool:
    return questions.coverage(row["name"], worth) > 0


_COLUMNS = COLUMNS.split(", ")
