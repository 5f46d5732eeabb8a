"""Ranked search in the mirror: raw messages in, the products they are about out. Sellable ones only.

Two statements: what the question's words mean in this catalogue (`vocabulary`), then candidates weighed as
`question.weigh` says. What the question names but faintly is cut off; a question that names nothing known finds
nothing; one that names nothing at all (`what do you sell?`) gets the newest.
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
from agentpay.knowledge.question import CANDIDATES_MAX, Order, Weighing

ASKING = words.ASKING_WORDS | words.SHOP_WORDS
RANKED_MIN = 8
"""Rows that are ranked again by their names, whatever the limit."""
SHARE_MIN = 0.25
"""What scores less than this share of the best is not what was asked for."""
SHARE_MIN_SORTED = 0.6
"""The same where price, not fit, decides the order."""
KNOWN_SHARE_MIN = 0.5
"""Of a short question's words, where no name holds any: `motor oil` is not about a soap with olive oil."""
NAMED_MIN = 2
"""So many products called what is asked for are the answer: a membership that mentions a candle is no candle."""
NAME_BONUS = 0.25
SOLD_OUT_SHARE = 0.9

_WITHIN = """
and (%(price_max)s::bigint is null or (amounts ->> %(currency)s)::bigint <= %(price_max)s)
and (%(price_min)s::bigint is null or (amounts ->> %(currency)s)::bigint >= %(price_min)s)
and (not %(in_stock)s or stock is null or stock > 0)
"""
_RANKED = f"""
select {COLUMNS}, best.folded_name, best.score from (
  select * from (
    select organization_id, product_id, polar_created_at, folded_name, {{score}} as score from product_index
    where organization_id = %(organization_id)s and search @@ %(match)s::tsquery {_WITHIN}
    limit {CANDIDATES_MAX}) candidates
  order by score desc, polar_created_at desc, product_id limit %(ranked)s) best
join products using (organization_id, product_id)
order by best.score desc, best.polar_created_at desc, product_id
"""
_AT_LARGE = f"""
select {COLUMNS} from (
  select organization_id, product_id, polar_created_at, amount from product_index
  where organization_id = %(organization_id)s {_WITHIN}
  order by {{order}} limit %(limit)s) chosen
join products using (organization_id, product_id)
order by {{chosen_order}}
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
    if isinstance(source, Database):
        async with source.connection() as tx:
            return await search(
                tx, organization_id=organization_id, query=query, limits=limits, limit=limit, needs_name=needs_name
            )
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
    if sum(term.is_naming for term in question.terms) == 1:
        rows = _called_so(rows, weighing)
    chosen = _chosen(rows, order=question.order, weighing=weighing)[:limit]
    return [Found(product_of(row), score) for row, score in chosen]


def ranked_sql(
    organization_id: UUID, *, weighing: Weighing, match: str, limits: Limits, limit: int
) -> tuple[str, dict[str, Any]]:
    """The statement of a ranked search and its parameters."""
    params: dict[str, Any] = _params(organization_id, limits) | {"match": match, "ranked": max(limit * 2, RANKED_MIN)}
    score = questions.score_sql(weighing, params)
    return _RANKED.format(score=score), params


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
    return [Found(product_of(row), 1.0) for row in rows]


def at_large_sql(organization_id: UUID, *, order: Order, limits: Limits, limit: int) -> tuple[str, dict[str, Any]]:
    """The statement for a question that names nothing, and its parameters."""
    chosen_order = ", ".join(f"chosen.{each}" for each in _ORDERS[order].split(", "))
    sql = _AT_LARGE.format(order=_ORDERS[order], chosen_order=chosen_order)
    return sql, _params(organization_id, limits) | {"limit": limit}


def _params(organization_id: UUID, limits: Limits) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "currency": limits.currency,
        "price_max": limits.price_max,
        "price_min": limits.price_min,
        "in_stock": limits.in_stock,
    }


def _called_so(rows: list[Row], weighing: Weighing) -> list[Row]:
    """Of the rows for one word those whose names hold it, where there are enough of them."""
    worth = questions.lexemes_in(weighing)
    named = [row for row in rows if _is_named(row, worth)]
    return named if len(named) >= NAMED_MIN else rows


def _chosen(rows: list[Row], *, order: Order, weighing: Weighing) -> list[tuple[Row, float]]:
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
    return [(row, round(score / best, 3)) for score, row in kept]


def _score(row: Row, worth: dict[str, float]) -> float:
    score: float = row["score"] * (1 + NAME_BONUS * questions.coverage(row["folded_name"], worth))
    return score * SOLD_OUT_SHARE if row["stock"] == 0 else score


def _is_named(row: Row, worth: dict[str, float]) -> bool:
    return questions.coverage(row["folded_name"], worth) > 0
