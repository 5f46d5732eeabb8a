"""Finding what the merchant's articles say: the best passage of each article that answers, quoted.

The same two statements as the catalogue's search. An article in the visitor's language is preferred to one in another,
but any answer is better than none.
"""

from typing import Any
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import synonyms, words
from agentpay.kit.text import fold
from agentpay.knowledge import passages, vocabulary
from agentpay.knowledge import question as questions
from agentpay.knowledge.question import CANDIDATES_MAX, Question, Weighing
from agentpay.knowledge.repository import CORPUS

ASKING = words.ASKING_WORDS | frozenset(
    (
        "take",
        "takes",
        "taking",
        "accept",
        "accepts",
        "aceita",
        "aceitam",
        "aceitar",
        "pega",
        "pegam",
        "total",
        "anytime",
    )
)
"""They name nothing that an article could be about: `do you take pix?` asks about PIX."""
HELD_SHARE_MIN = 0.6
"""Of the question's words, which an article's passage holds that speaks of none of them in its title."""
PASSAGES_MAX = 60
"""Best passages looked at; several may be of one article."""
SHARE_MIN = 0.3
"""What scores less than this share of the best answers something else."""
OTHER_LANGUAGE_SHARE = 0.35
SECOND_PASSAGE_SHARE = 0.75
"""An article's second passage is told too when it scores this much of its first."""
PASSAGES_TOLD_MAX = 2

_RANKED = """
with candidates as materialized (
  select article_id, position, {score} as score from article_passages
  where organization_id = %(organization_id)s and search @@ %(match)s::tsquery limit {candidates})
select candidates.article_id, candidates.position, passage.text, article.title, article.url, article.language,
  article.type, candidates.score * case when article.language is null or %(language)s::text is null
    or split_part(article.language, '-', 1) = %(language)s then 1.0 else {other} end as score
from candidates
join articles article on article.id = candidates.article_id and article.organization_id = %(organization_id)s
  and article.deleted_at is null
join article_passages passage using (article_id, position)
order by score desc, candidates.article_id desc, candidates.position limit {passages}
"""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An article that answers, and what it says about the question."""

    article_id: UUID
    type: str
    title: str
    url: str | None
    language: str | None
    snippet: str
    """The sentences that fit best, on one line."""
    passages: tuple[str, ...]
    """The whole passages they are from, best first: what a model answers from."""
    score: float
    """1 = the best of this search."""


async def search(
    source: Database | Tx, *, organization_id: UUID, query: str, language: str | None = None, limit: int = 5
) -> list[Answer]:
    """The articles that answer `query` (keywords or a whole message), best first.

    `language`: the visitor's (`en`, `pt`); None = all the same.
    """
    question = _read(query)
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
    rows = await _ranked(source, organization_id, weighing=weighing, language=language, limit=limit)
    worth = questions.lexemes_in(weighing)
    asked = [{each.lexeme for each in knowledge.known.get(term.word, ())} for term in question.terms if term.is_naming]
    rows = [row for row in rows if _is_about(row, asked, worth)]
    return _answers(rows, weighing)[:limit]


def _read(query: str) -> Question:
    """`do you sell tractors` asks for tractors, `where is my order` for orders."""
    question = questions.read(query, asking=ASKING | words.SHOP_WORDS)
    return questions.read(query, asking=ASKING) if question.asks_at_large else question


def _is_about(row: Row, asked: list[set[str]], worth: dict[str, float]) -> bool:
    """Whether the passage answers: its title speaks of what is asked, or it holds most of the question's words.

    `asked`: for each word that names something the lexemes that would do. One word of many somewhere in a text is a
    coincidence: `a phone number?` is not answered by a VAT number.
    """
    if questions.coverage(fold(row["title"]), worth) > 0:
        return True
    held = {
        lexeme
        for word in words.content_words(row["text"])
        for lexeme in (*words.forms(word), *synonyms.concepts_of(word))
    }
    return sum(not held.isdisjoint(lexemes) for lexemes in asked) >= HELD_SHARE_MIN * len(asked)


async def _ranked(
    source: Database | Tx, organization_id: UUID, *, weighing: Weighing, language: str | None, limit: int
) -> list[Row]:
    """The best passages, best first; rarer words are looked for first, common ones when those are too few."""
    params: dict[str, Any] = {
        "organization_id": organization_id,
        "language": language.split("-")[0].lower() if language else None,
    }
    score = questions.score_sql(weighing, params)
    sql = _RANKED.format(score=score, candidates=CANDIDATES_MAX, passages=PASSAGES_MAX, other=OTHER_LANGUAGE_SHARE)
    found: dict[tuple[UUID, int], Row] = {}
    for match in weighing.matches:
        for row in await vocabulary.all_planned(source, sql, params | {"match": match}):
            found.setdefault((row["article_id"], row["position"]), row)
        if len(found) >= limit:
            break
    return sorted(found.values(), key=lambda row: -row["score"])


def _answers(rows: list[Row], weighing: Weighing) -> list[Answer]:
    worth = questions.lexemes_in(weighing)
    kin = {weight.lexeme: weights[0].lexeme for weights in weighing.terms for weight in weights}
    best = float(rows[0]["score"]) if rows else 0.0
    grouped: dict[UUID, list[Row]] = {}
    for row in rows:
        if row["score"] >= SHARE_MIN * best:
            grouped.setdefault(row["article_id"], []).append(row)
    return [_answer(each, worth, kin, best) for each in grouped.values()]


def _answer(rows: list[Row], worth: dict[str, float], kin: dict[str, str], best: float) -> Answer:
    first = rows[0]
    told = [row for row in rows if row["score"] >= SECOND_PASSAGE_SHARE * first["score"]][:PASSAGES_TOLD_MAX]
    return Answer(
        article_id=first["article_id"],
        type=first["type"],
        title=first["title"],
        url=first["url"],
        language=first["language"],
        snippet=passages.snippet(first["text"], worth, kin=kin),
        passages=tuple(row["text"] for row in told),
        score=round(first["score"] / best, 3),
    )
