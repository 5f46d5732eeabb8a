"""What the linear model sees of a message: words, pieces of words, concepts, and the question it may answer."""

from itertools import combinations, islice, pairwise
from typing import Final, NamedTuple

from agentpay.understanding.context import Context
from agentpay.understanding.lexicon import Hit
from agentpay.understanding.names import noun_kind
from agentpay.understanding.places import is_country
from agentpay.understanding.tokens import CODE, EMAIL, LAUGH, MONEY, NUMBER, ORDER, PERCENT, TIMES, URL

PIECE_LETTERS: Final = 4
PIECES_CHARACTERS_MAX: Final = 400
"""Characters cut into pieces: bounds the work on long messages."""

SHORT_WORDS_MAX: Final = 6
"""Up to this many words a message may be an answer that means nothing without the question."""

SIZE_STEPS: Final = (0, 1, 2, 3, 4, 5, 8, 14)
"""Numbers of words from which a message counts as longer."""

PAIRS_MAX: Final = 200
"""Pairs of concepts looked at: bounds the work on long messages."""

_OPEN_TOKENS: Final = frozenset({"?", "!"})


class Features(NamedTuple):
    """Three families, each weighed by its own size, so that long messages do not shout."""

    words: list[str]
    pieces: list[str]
    concepts: list[str]


_MARKS: Final = {
    EMAIL: "email", URL: "url", ORDER: "order_mark", MONEY: "money", PERCENT: "percent", NUMBER: "number", CODE: "code",
    TIMES: "times", LAUGH: "laugh",
}  # fmt: skip


def describe(tokens: list[str], hits: list[Hit], context: Context) -> Features:
    """The features of a message; names are stable, they are the model's vocabulary."""
    return Features(_words(tokens), _pieces(tokens), _concepts(tokens, hits, context))


def _words(tokens: list[str]) -> list[str]:
    padded = ["^", *tokens, "$"]
    pairs = [f"{a} {b}" for a, b in pairwise(padded)]
    return list({*tokens, *pairs})


def _pieces(tokens: list[str]) -> list[str]:
    text = f" {' '.join(tokens)} "[:PIECES_CHARACTERS_MAX]
    return list({text[i : i + PIECE_LETTERS] for i in range(len(text) - PIECE_LETTERS + 1)})


def _concepts(tokens: list[str], hits: list[Hit], context: Context) -> list[str]:
    hits = [*hits, *(Hit(at, at + 1, kind) for at, token in enumerate(tokens) if (kind := _kind_of(token)))]
    found = {hit.concept for hit in hits}
    names = {f"k:{concept}" for concept in found}
    line = _longest_line(hits)
    names.update([f"k:{a}>{b}" for a, b in pairwise(["^", *line, "$"])])
    names.update([f"k:{a}+{b}" for a, b in islice(combinations(sorted(found), 2), PAIRS_MAX)])
    words = [token for token in tokens if token not in _OPEN_TOKENS]
    names.update(_shape(tokens, words))
    if len(words) <= SHORT_WORDS_MAX:
        names.update(_answer(words, found, context))
    elif context.asked or context.action:
        names.update((f"long:{context.action}", f"long:{context.asked}"))
    return list(names)


def _kind_of(token: str) -> str:
    return _MARKS.get(token) or noun_kind(token) or ("country" if is_country(token) else "")


def _longest_line(hits: list[Hit]) -> list[str]:
    """Concepts from left to right, at each place only the longest, without overlaps."""
    line: list[str] = []
    reached = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.concept)):
        if hit.start >= reached:
            line.append(hit.concept)
            reached = hit.end
    return line


def _shape(tokens: list[str], words: list[str]) -> list[str]:
    size = len(words)
    shape = [f"n:{max(step for step in SIZE_STEPS if step <= size)}"]
    if "?" in tokens:
        shape.append("?")
    if "!" in tokens:
        shape.append("!")
    if words:
        shape.append(f"first:{words[0]}")
    return shape


def _answer(words: list[str], found: set[str], context: Context) -> list[str]:
    asked, action = context.asked or "none", context.action or "none"
    kind = _kind(words, found)
    names = [f"asked:{asked}", f"action:{action}", f"kind:{kind}", f"asked:{asked}|{kind}", f"action:{action}|{kind}"]
    names += [f"asked:{asked}|{kind}|{action}"]
    names += [f"asked:{asked}|k:{concept}" for concept in found]
    names += [f"action:{action}|k:{concept}" for concept in found]
    names += [f"topic:{topic}|{kind}" for topic in context.topics]
    return names


def _kind(words: list[str], found: set[str]) -> str:
    if not words:
        return "empty"
    marks = [word for word in words if word.startswith("<")]
    if marks and len(words) <= 3:
        return marks[0]
    for kind in ("no", "not", "unsure", "later", "deal", "yes", "thanks"):
        if kind in found:
            return kind
    return "short" if len(words) <= 3 else "other"
