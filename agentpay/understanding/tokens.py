"""From folded text to canonical words: amounts and ids become marks, slang is spelled out, stretched words shrink."""

import re
from functools import cache
from typing import Final

from agentpay.understanding.resources import lines

TOKENS_MAX: Final = 200
"""Words read of a message; who writes more has said what they want by then."""

WORD_LETTERS_MAX: Final = 40

EMAIL, URL, ORDER, MONEY, PERCENT, NUMBER, CODE, TIMES, LAUGH = (
    "<email>", "<url>", "<order>", "<money>", "<percent>", "<number>", "<code>", "<times>", "<laugh>",
)  # fmt: skip

_MARKS: Final = {
    "email": EMAIL, "url": URL, "order": ORDER, "money": MONEY, "percent": PERCENT, "times": TIMES, "code": CODE,
    "number": NUMBER, "laugh": LAUGH,
}  # fmt: skip

_TOKEN: Final = re.compile(
    r"""
      (?P<email>[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,190}\.[a-z]{2,24})
    | (?P<url>(?:https?://|www\.)\S{1,400})
    | (?P<order>\#[ ]?[a-z0-9-]{0,20}\d[\w-]{0,40} | (?<![\w])[a-z]{2,5}-\d[\w-]{0,40})
    | (?P<money>(?:us|[rcauns])?[$€£¥₹₩][ ]?\d[\d.,]{0,15}(?:[ ]?(?:k|mil)\b)?
               | (?<![\w])\d[\d.,]{0,15}[ ]?(?:[$€£¥]|(?:usd|brl|eur|gbp|dollars?|bucks?|euros?|reais|pounds?|quid
                 |contos?|pilas?|paus?|dolares|dolar|libras?|reau|reaus|mangos)\b))
    | (?P<percent>(?<![\w])\d[\d.,]{0,6}[ ]?(?:%|percent\b|per[ ]cent\b|por[ ]cento\b|pct\b))
    | (?P<times>(?<![\w])\d{1,3}[ ]?x\b)
    | (?P<number>(?<![\w])\d[\d.,]{0,30}(?![a-z0-9_-]))
    | (?P<laugh>(?<![\w])(?:k{3,}|(?:rs){2,}s?|(?:ha|he|hua|hue|ah){2,}h?|lo+l|lmao+)\b)
    | (?P<code>(?<![\w])(?:[a-z]+[-_]?\d[\w-]{0,40}|\d+[a-z_-][\w-]{0,40}))
    | (?P<word>[^\W\d_]+(?:'[^\W\d_]+){0,3})
    | (?P<sign>[?!]|[^\w\s\x00-\x7f])
    """,
    re.VERBOSE,
)
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")


def tokenize(folded: str) -> list[str]:
    """The canonical words and marks of a folded text, at most 200."""
    tokens: list[str] = []
    slang = slang_words()
    stretched = _STRETCHED.search(folded) is not None
    for match in _TOKEN.finditer(folded):
        kind = match.lastgroup
        if kind == "word":
            word = match[0]
            tokens += slang.get(word) or _plain(word, slang, stretched=stretched)
        elif kind == "sign":
            tokens.append(match[0])
        else:
            tokens.append(_MARKS[kind or ""])
        if len(tokens) >= TOKENS_MAX:
            break
    return tokens[:TOKENS_MAX]


def _plain(word: str, slang: dict[str, tuple[str, ...]], *, stretched: bool) -> tuple[str, ...]:
    """The word without apostrophes and stretched letters: `don't` → do not, `yesss` → yes."""
    if "'" in word:
        word = word.replace("'", "")
        if word in slang:
            return slang[word]
    if stretched:
        word = _STRETCHED.sub(r"\1", word)
        if word in slang:
            return slang[word]
    return (word[:WORD_LETTERS_MAX],)


@cache
def slang_words() -> dict[str, tuple[str, ...]]:
    """Sloppy spelling to the words it stands for, from data/slang.txt."""
    pairs = (line.split(" = ") for line in lines("slang.txt"))
    return {short: tuple(long.split()) for short, long in pairs}
