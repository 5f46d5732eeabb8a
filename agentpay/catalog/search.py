"""Ranked search in the mirror: raw messages in, the products they are about out. Sellable ones only.

Three statements: what the question's words mean in this catalogue (`vocabulary`), candidates weighed as
`question.weigh` says, the few products that are told. What the question names but faintly is cut off; a question that
names nothing known finds nothing; one that names nothing at all (`what do you sell?`) gets the newest.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog.mirror import CORPUS
from agentpay.catalog.price_limits import Limits
from agentpay.catalog.repository import CatalogProduct, products_by_ids
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import words
from agentpay.knowledge import question as questions
from agentpay.knowledge import vocabulary
from agentpay.knowledge.question import CANDIDATES_MAX, Order, Weighing

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
select product_id, folded_name, stock, amount, score from (
  select product_id, folded_name, stock, amount, polar_created_at, {score} as score from product_index
  where organization_id = %(organization_id)s and search @@ %(match)s::tsquery {within}
  limit {candidates}) candidates
order by score desc, polar_created_at desc, product_id limit %(ranked)s
"""
_AT_LARGE = """
select product_id from product_index
where organization_id = %(organization_id)s {within}
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
    source: Database | Tx,
    *,
    organization_id: UUID,
    query: str,
    limits: Limits = Limits(),
    limit: int = 6,
    needs_name: bool = False,
) -> list[Found]:
    """The products that `query` (keywords or a whole message) is about, best first; `cheap` sorts by price.

    `needs_name`: a query that names nothing finds nothing, instead of the newest.
    """
    question = questions.read(query, asking=ASKING)
    if question.asks_at_large:
        if needs_name:
            return []
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
    chosen = _chosen(rows, order=question.order, weighing=weighing)[:limit]
    return await _fetched(source, organization_id, chosen)


def ranked_sql(
    organization_id: UUID, *, weighing: Weighing, match: str, limits: Limits, limit: int
) -> tuple[str, dict[str, Any]]:
    """The statement of a ranked search and its parameters."""
    params: dict[str, Any] = _params(organization_id, limits) | {"match": match, "ranked": max(limit * 2, RANKED_MIN)}
    score = questions.score_sql(weighing, params)
    return _RANKED.format(score=score, within=_WITHIN, candidates=CANDIDATES_MAX), params


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
    sql, params = at_large_sql(organization_id, order=order, limits=limits, limit=limit)
    rows = await vocabulary.all_planned(source, sql, params)
    return await _fetched(source, organization_id, [(row["product_id"], 1.0) for row in rows])


def at_large_sql(organization_id: UUID, *, order: Order, limits: Limits, limit: int) -> tuple[str, dict[str, Any]]:
    """The statement for a question that names nothing, and its parameters."""
    sql = _AT_LARGE.format(within=_WITHIN, order=_ORDERS[order])
    return sql, _params(organization_id, limits) | {"limit": limit}


def _params(organization_id: UUID, limits: Limits) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "currency": limits.currency,
        "price_max": limits.price_max,
        "price_min": limits.price_min,
        "in_stock": limits.in_stock,
    }


async def _fetched(source: Database | Tx, organization_id: UUID, chosen: Sequence[tuple[UUID, float]]) -> list[Found]:
    ids = [product_id for product_id, _ in chosen]
    products = await products_by_ids(source, organization_id=organization_id, product_ids=ids)
    scores = dict(chosen)
    return [Found(product, scores[product.product_id]) for product in products if product.is_sellable]


def _chosen(rows: list[Row], *, order: Order, weighing: Weighing) -> list[tuple[UUID, float]]:
    """Ranked again by how much of each name was asked for, the faint ones cut off; by price where that was asked."""
    worth = questions.lexemes_in(weighing)
    scored = [(_score(row, worth), row) for row in rows]
    scored.sort(key=lambda pair: -pair[0])
    if weighing.is_short and weighing.known_share < KNOWN_SHARE_MIN and not any(_is_named(row, worth) for row in rows):
        return []
    best = scored[0][0] if scored else 0.0
    share = SHARE_MIN if order == "fitting" else SHARE_MIN_SORTED
    kept = [(score, row) for score, row in scored if score >= share * best]
    if order != "fitting":
        sign = 1 if order == "cheapest" else -1
        kept.sort(key=lambda pair: (pair[1]["amount"] is None, sign * (pair[1]["amount"] or 0)))
    return [(row["product_id"], round(score / best, 3)) for score, row in kept]


def _score(row: Row, worth: dict[str, float]) -> float:
    score: float = row["score"] * (1 + NAME_BONUS * questions.coverage(row["folded_name"], worth))
    return score * SOLD_OUT_SHARE if row["stock"] == 0 else score


def _is_named(row: Row, worth: dict[str, float]) -> bool:
    return questions.coverage(row["folded_name"], worth) > 0
