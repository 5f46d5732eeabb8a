"""The words of an organization's products and articles, counted: how rare each is, and which one a typo meant."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.spelling import LONG_CHARACTERS_MIN, TYPO_CHARACTERS_MIN
from agentpay.knowledge.indexing import EVERY_ROW

Corpus = Literal["product", "article"]

GUESSES_MAX = 8
"""Known words looked at for one unknown word."""
WORDS_PER_STATEMENT = 5_000

# Two numbers, so that other uses of advisory locks cannot meet this one.
LOCK_SPACE = 4_261_118

_LOCK = "select pg_advisory_xact_lock(%(space)s, hashtext(%(corpus)s || %(organization_id)s::text))"

# The deletions of `kit.spelling`, for words long enough to be mistyped; marks and numbers are not.
_COUNT = f"""
insert into search_words (organization_id, corpus, word, documents, variants)
select %(organization_id)s, %(corpus)s, given.word, given.documents,
  case when length(given.word) >= {TYPO_CHARACTERS_MIN} and given.word !~ '[0-9~]'
    then array_prepend(given.word, array(
      select left(given.word, place - 1) || substr(given.word, place + 1)
      from generate_series(1, length(given.word)) place))
    else '{{}}' end
from unnest(%(words)s::text[], %(documents)s::bigint[]) as given(word, documents)
order by given.word
on conflict (organization_id, corpus, word) do update set documents = search_words.documents + excluded.documents
"""
_FORGET = """
delete from search_words
where organization_id = %(organization_id)s and corpus = %(corpus)s and word = any(%(words)s) and documents <= 0
"""
_FIND = """
select word, documents from search_words
where organization_id = %(organization_id)s and corpus = %(corpus)s and word = any(%(lexemes)s)
"""
_GUESS = f"""
select lost.word, guess.word as lexeme, guess.documents
from unnest(%(lost)s::text[]) as lost(word) cross join lateral (
  select held.word, held.documents from search_words held
  where held.organization_id = %(organization_id)s and held.corpus = %(corpus)s
    and (held.variants && array_prepend(lost.word, array(
        select left(lost.word, place - 1) || substr(lost.word, place + 1)
        from generate_series(1, length(lost.word)) place))
      or (length(lost.word) >= {LONG_CHARACTERS_MIN} and held.word %% lost.word and held.word !~ '[0-9~]'))
  order by similarity(held.word, lost.word) desc, held.documents desc, held.word
  limit {GUESSES_MAX}) guess
"""


class Known(msgspec.Struct, frozen=True):
    """What is known of one asked word: a lexeme that rows hold, in how many, and whether it is only similar."""

    word: str
    lexeme: str
    documents: int
    is_guess: bool


class Knowledge(msgspec.Struct, frozen=True):
    """The vocabulary's answer to one question."""

    rows: int
    """How many rows are indexed at all."""
    known: Mapping[str, Sequence[Known]]
    """By asked word; exact ones, or else guesses, most similar first."""


async def lock(tx: Tx, *, organization_id: UUID, corpus: Corpus) -> None:
    """Wait to be the only one who changes this organization's index until the transaction ends."""
    await tx.execute(_LOCK, {"space": LOCK_SPACE, "corpus": corpus, "organization_id": organization_id})


async def recount(
    tx: Tx, *, organization_id: UUID, corpus: Corpus, removed: Iterable[Sequence[str]], added: Iterable[Sequence[str]]
) -> None:
    """Count rows that went and rows that came, each given by its lexemes. The caller holds `lock`."""
    changes: Counter[str] = Counter()
    for lexemes in added:
        changes.update(lexemes)
    for lexemes in removed:
        changes.subtract(lexemes)
    changed = sorted(word for word, change in changes.items() if change)
    for start in range(0, len(changed), WORDS_PER_STATEMENT):
        part = changed[start : start + WORDS_PER_STATEMENT]
        params = {"organization_id": organization_id, "corpus": corpus, "words": part}
        await tx.execute(_COUNT, params | {"documents": [changes[word] for word in part]})
        gone = [word for word in part if changes[word] < 0]
        if gone:
            await tx.execute(_FORGET, params | {"words": gone})


async def look_up(
    source: Database | Tx,
    *,
    organization_id: UUID,
    corpus: Corpus,
    asked: Mapping[str, Sequence[str]],
    guessable: Sequence[str],
) -> Knowledge:
    """What rows hold of the `asked` words (each with the lexemes that would do).

    For those of `guessable` that no row holds, what is spelled like them.
    """
    params: dict[str, object] = {"organization_id": organization_id, "corpus": corpus}
    lexemes = {lexeme for each in asked.values() for lexeme in each}
    rows = await source.all(_FIND, params | {"lexemes": [EVERY_ROW, *sorted(lexemes)]})
    documents: dict[str, int] = {row["word"]: row["documents"] for row in rows}
    known = {
        word: [Known(word, lexeme, documents[lexeme], False) for lexeme in each if lexeme in documents]
        for word, each in asked.items()
    }
    lost = [word for word in guessable if not known[word]]
    if lost and EVERY_ROW in documents:
        for row in await source.all(_GUESS, params | {"lost": lost}):
            known[row["word"]].append(Known(row["word"], row["lexeme"], row["documents"], True))
    return Knowledge(documents.get(EVERY_ROW, 0), {word: each for word, each in known.items() if each})


async def all_planned(source: Database | Tx, sql: str, params: Mapping[str, object]) -> list[Row]:
    """Rows of a statement that PostgreSQL plans for these very parameters: a rare word wants another plan."""
    if isinstance(source, Database):
        async with source.connection() as tx:
            return await all_planned(tx, sql, params)
    cursor = source.connection.cursor(row_factory=dict_row)
    await cursor.execute(sql.encode(), params, prepare=False)
    return await cursor.fetchall()
