"""What somebody looks for, read from a raw message, and how each row of an index is weighed against it. Pure.

1. `read`: the words of the question that name something, and in which order the answers are wanted.
2. `vocabulary.look_up` tells which of them any row holds, how rare they are, and what a mistyped one meant.
3. `weigh`: a `Weighing`: which rows to look at, and what each lexeme is worth: rare before common, the word itself
   before its stem's kin, before a synonym, before a guess; in a name before in a text.

A word's rarity is BM25's: ln(1 + (rows − rows with it + ½) / (rows with it + ½)).
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from agentpay.kit import synonyms, words
from agentpay.kit.spelling import TYPO_CHARACTERS_MIN, mistakes
from agentpay.kit.text import fold
from agentpay.knowledge.vocabulary import Knowledge, Known

QUESTION_CHARACTERS_MAX = 2_000
WORDS_READ_MAX = 60
TERMS_MAX = 12
LEXEMES_PER_TERM_MAX = 8
JOINED_CHARACTERS_MIN = 5
SHORT_TERMS_MAX = 3
NAMES_CACHED_MAX = 20_000
PAIRED_MAX = 5
CANDIDATES_MAX = 400
"""Rows that one statement may weigh."""

SYNONYM_SHARE = 0.6
GUESS_SHARES = {0: 1.0, 1: 0.7, 2: 0.5}
ASKING_SHARE = 0.15
RARITY_MIN = 0.15

Order = Literal["fitting", "cheapest", "dearest"]

_CHEAPEST = re.compile(
    r"\b(cheap(er|est)?|affordable|inexpensive|low(er|est)?[ -](price|cost|budget)|least expensive|barat[oa]s?|"
    r"em conta|economic[oa]s?|menor preco|mais acessive(l|is))\b"
)
_DEAREST = re.compile(r"\b(most expensive|priciest|dearest|high(er|est)[ -]price[ds]?|mais car[oa]s?|maior preco)\b")
_MONEY = re.compile(
    r"(?:us\$|r\$|ca\$|[$€£¥])\s?\d[\d.,]{0,18}k?|(?<![a-z0-9])\d[\d.,]{0,18}k?\s?(?:us\$|r\$|[$€£¥]|(?:usd|eur|gbp|brl|dollars?|dolares|bucks|"
    r"euros?|pounds|libras|reais|real|conto)\b)"
)
_LIMIT = re.compile(
    r"\b(?:between|entre|from|de)\s\d[\d.,]{0,18}\s(?:and|e|to|a|ate)\s\d[\d.,]{0,18}\b|"
    r"\b(?:under|below|over|above|than|most|least|ate|abaixo de|acima de|menos de|mais de)\s\d[\d.,]{0,18}\b"
)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One word (or phrase) of the question and the lexemes that would answer it."""

    word: str
    lexemes: tuple[str, ...]
    """The word and its stems."""
    marks: tuple[str, ...]
    """Its concepts."""
    is_asking: bool = False
    """A word of the asking (`show`, `good`): it may tip the scales, it never decides."""
    is_naming: bool = False
    """A word as written that may name a thing."""
    is_guessable: bool = False
    """It may be a typing mistake: a word that we do not know, not one that was put together."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    terms: tuple[Term, ...]
    order: Order
    asks_at_large: bool
    """Nothing in it names a thing: `what do you sell?`."""

    def lexemes(self) -> dict[str, tuple[str, ...]]:
        """What to look up: lexemes by word."""
        return {term.word: (*term.lexemes, *term.marks) for term in self.terms}

    def guessable(self) -> list[str]:
        return [term.word for term in self.terms if term.is_guessable]


class Weight(msgspec.Struct, frozen=True):
    """A lexeme and what a row is given for holding it in its name; less elsewhere."""

    lexeme: str
    points: float


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """How to find and weigh rows. A row's points are the sum over `terms` of the best lexeme it holds of each."""

    matches: tuple[str, ...]
    """Texts of tsqueries: which rows to weigh first, and which next when those are too few."""
    terms: tuple[tuple[Weight, ...], ...]
    known_share: float
    """Which share of the words that name something is known to any row."""
    is_short: bool
    """So few words that an unknown one matters."""


def read(text: str, *, asking: frozenset[str]) -> Question:
    """The question in `text`, which may be a whole chat message. `asking`: folded words that name nothing here."""
    folded = fold(text[:QUESTION_CHARACTERS_MAX])
    named = _LIMIT.sub(" ", _MONEY.sub(" ", folded))
    sequence = words.words(named)[:WORDS_READ_MAX]
    terms = {word: _term(word, is_asking=word in asking) for word in sequence if words.is_content(word)}
    for word in (*_joined(sequence), *words.compounds(named)):
        terms.setdefault(word, Term(word=word, lexemes=words.forms(word), marks=synonyms.concepts_of(word)))
    for mark in synonyms.phrases_in(sequence):
        terms.setdefault(mark, Term(word=mark, lexemes=(), marks=(mark,)))
    return Question(
        terms=tuple(terms.values()),
        order=_order(folded),
        asks_at_large=all(word in asking for word in sequence if words.is_content(word)),
    )


def weigh(question: Question, knowledge: Knowledge) -> Weighing | None:
    """None when no row holds anything that the question names."""
    weighed: list[tuple[float, int, tuple[Weight, ...]]] = []
    asking: list[tuple[Weight, ...]] = []
    for term in question.terms:
        known = _likely(term, knowledge.known.get(term.word, ()))
        if not known:
            continue
        # A word is as common as its concept: else the one row that says it otherwise would count for too much.
        documents = max(each.documents for each in known)
        rarity = rarity_of(documents, rows=knowledge.rows)
        weights = tuple(Weight(each.lexeme, _points(term, each, rarity)) for each in known[:LEXEMES_PER_TERM_MAX])
        if term.is_asking:
            asking.append(weights)
        else:
            weighed.append((max(weight.points for weight in weights), documents, weights))
    if not weighed:
        return None
    weighed = sorted(weighed, key=lambda each: -each[0])[:TERMS_MAX]
    naming = [term for term in question.terms if term.is_naming]
    known_naming = [term for term in naming if term.word in knowledge.known]
    has_phrase = any(term.word in knowledge.known for term in question.terms if not term.lexemes)
    return Weighing(
        matches=_matches([(documents, weights) for _, documents, weights in weighed]),
        terms=(*(weights for _, _, weights in weighed), *asking[: TERMS_MAX - len(weighed)]),
        known_share=1.0 if has_phrase or not naming else len(known_naming) / len(naming),
        is_short=len(naming) <= SHORT_TERMS_MAX,
    )


def lexemes_in(weighing: Weighing) -> dict[str, float]:
    """What each lexeme is worth at most: to find the passage or the name that answers best."""
    worth: dict[str, float] = {}
    for weight in (weight for term in weighing.terms for weight in term):
        worth[weight.lexeme] = max(weight.points, worth.get(weight.lexeme, 0))
    return worth


def _term(word: str, *, is_asking: bool) -> Term:
    marks = synonyms.concepts_of(word)
    return Term(
        word=word,
        lexemes=words.forms(word),
        marks=marks or (() if is_asking else synonyms.meant_concepts(word)),
        is_asking=is_asking,
        is_naming=not is_asking,
        is_guessable=not marks and not is_asking and len(word) >= TYPO_CHARACTERS_MIN and word.isalpha(),
    )


def _joined(sequence: Sequence[str]) -> list[str]:
    """Neighbours as one word (`note book`, `e book`), in case rows write them so."""
    return [
        left + right
        for left, right in itertools.pairwise(sequence)
        if len(left + right) >= JOINED_CHARACTERS_MIN and (words.is_content(left) or len(left) == 1)
    ]


def _order(folded: str) -> Order:
    if _DEAREST.search(folded):
        return "dearest"
    return "cheapest" if _CHEAPEST.search(folded) else "fitting"


def _likely(term: Term, known: Sequence[Known]) -> list[Known]:
    """Exact ones, the word and its stems first; else the guesses with the fewest mistakes."""
    exact = [each for each in known if not each.is_guess]
    if exact:
        own = [each for each in exact if each.lexeme in term.lexemes]
        # Whoever holds the word as written holds its stems too: those alone need weighing.
        stems = [each for each in own if each.lexeme != term.word]
        return [*(stems or own), *(each for each in exact if each.lexeme not in term.lexemes)]
    likely = [(found, each) for each in known if (found := mistakes(term.word, each.lexeme)) is not None]
    fewest = min((found for found, _ in likely), default=0)
    return [each for found, each in likely if found == fewest]


def _points(term: Term, known: Known, rarity: float) -> float:
    share = ASKING_SHARE if term.is_asking else 1.0
    if known.is_guess:
        share *= GUESS_SHARES[mistakes(term.word, known.lexeme) or 0]
    elif known.lexeme not in term.lexemes:
        share *= SYNONYM_SHARE if term.lexemes else 1.0
    return round(share * rarity, 4)


def rarity_of(documents: int, *, rows: int) -> float:
    """What a word that `documents` of `rows` hold is worth; a little even where all do."""
    return max(RARITY_MIN, math.log(1 + (rows - documents + 0.5) / (documents + 0.5)))


def _matches(weighed: Sequence[tuple[int, tuple[Weight, ...]]]) -> tuple[str, ...]:
    """Rows with any of the rare terms; then with all of the common ones; with two of them; with the rarest of them.

    A term is rare while all rows of the rarer ones and its own stay below `CANDIDATES_MAX`: so that a common word never
    drags in the whole catalogue, and a small catalogue is weighed whole.
    """
    rare: list[str] = []
    common: list[str] = []
    left = CANDIDATES_MAX
    for documents, weights in sorted(weighed, key=lambda each: each[0]):
        any_of = " | ".join(f"'{weight.lexeme}'" for weight in weights)
        left -= documents
        (rare if left >= 0 else common).append(f"({any_of})")
    pairs = [f"({one} & {other})" for one, other in itertools.combinations(common[:PAIRED_MAX], 2)]
    stages = (" | ".join(rare), " & ".join(common), " | ".join(pairs) if len(common) > 2 else "", "".join(common[:1]))
    return tuple(dict.fromkeys(stage for stage in stages if stage))


def score_sql(weighing: Weighing, params: dict[str, object]) -> str:
    """SQL of a row's points over its column `search`; adds what it needs to `params`.

    `ts_rank` of one lexeme is its best label's weight × 6/π², and a little more where it has several labels.
    """
    lexemes: list[str] = []
    points: list[float] = []
    sums: list[str] = []
    for weights in weighing.terms:
        ranks = []
        for weight in weights:
            lexemes.append(f"'{weight.lexeme}'")
            points.append(weight.points * SINGLE_RANK)
            place = len(lexemes)
            ranks.append(
                f"(%(points)s::float8[])[{place}]"
                f" * ts_rank(%(labels)s::real[], search, (%(lexemes)s::text[])[{place}]::tsquery)"
            )
        sums.append(ranks[0] if len(ranks) == 1 else f"greatest({', '.join(ranks)})")
    params |= {"labels": list(LABEL_WEIGHTS), "lexemes": lexemes, "points": points}
    return " + ".join(sums)


SINGLE_RANK = math.pi**2 / 6
LABEL_WEIGHTS = (0.2, 0.4, 0.55, 1.0)
"""Of labels D, C, B, A."""


def coverage(folded_name: str, worth: Mapping[str, float]) -> float:
    """Which share of a name's words the question holds, 0 to 1."""
    named = _lexemes_of_words(folded_name)
    return sum(any(lexeme in worth for lexeme in lexemes) for lexemes in named) / len(named) if named else 0.0


@lru_cache(maxsize=NAMES_CACHED_MAX)
def _lexemes_of_words(folded_name: str) -> tuple[tuple[str, ...], ...]:
    """What each of a name's words is indexed as."""
    named = words.content_words(folded_name)
    return tuple((*words.forms(word), *synonyms.concepts_of(word)) for word in named)
