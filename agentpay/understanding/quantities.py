"""How many of it the visitor wants, and how much off."""

import re
from typing import Final

from agentpay.understanding.amounts import Figure, Kind
from agentpay.understanding.cues import NEAR_CHARACTERS, after, before, cue
from agentpay.understanding.intents import Intent
from agentpay.understanding.names import names
from agentpay.understanding.numbers import THOUSANDTHS

QUANTITY_MAX: Final = 100_000
BARE_QUANTITY_MAX: Final = 1_000 * THOUSANDTHS
"""A larger number without a noun is an amount or a number of something else."""

PERCENT_CUE_CHARACTERS: Final = 14

_PHRASES: Final = (
    (re.compile(r"\b(?:half a dozen|half dozen|meia duzia)\b"), 6),
    (re.compile(r"\b(?:two dozen|duas duzias)\b"), 24),
    (re.compile(r"\b(?:a dozen|one dozen|dozen of|uma duzia|1 duzia)\b"), 12),
    (re.compile(r"\b(?:a couple|couple of|um par de|both of them)\b"
                r"(?! (?:of )?(?:days?|weeks?|hours?|minutes?|months?|questions?|years?|times?|things?)\b)"), 2),
    (re.compile(r"\b(?:(?:just|only) (?:one|1)|(?:so|apenas|somente) (?:um|uma|1)|(?:um|uma) so|um apenas)\b"), 1),
)  # fmt: skip
_EXPLICIT: Final = re.compile(
    r"\b(?:x|qty:? ?|quantity:? ?|quantidade:? ?) ?(?P<count>\d{1,5})\b|\b(?P<times>\d{1,4}) ?x (?=[a-z]{3})"
)
_NEXT_WORD: Final = re.compile(r"(?: ?x)? (?P<word>[a-z][a-z'-]*)")
_PARTITIVES: Final = frozenset(
    {"of", "desses", "dessas", "deles", "delas", "desse", "dessa", "dos", "das", "more", "mais", "extra"}
)
_FOR_AMOUNT: Final = re.compile(r" (?:for|por) (?:us|r)?[$€£]? ?\d")
"""After the 2 of "2 for $30"."""

_OPENING: Final = re.compile(r"(?:yes|yeah|ok|okay|sure|and|sim|e|entao|so)?[ ,.!]*")
"""Before the 2 of "ok, 2 please"."""

_CLOSING: Final = re.compile(
    r"(?: ?(?:please|pls|plz|por favor|pf|pfv|thanks|mesmo|so|then|entao|ai|pra mim|for me|now|agora|total|unidades?|"
    r"units?|licen[cs]as?|and go ahead|e manda|[!.,?]+)){0,6} *(?:$|[,.!?])"
)
_FOR_SO_MANY: Final = re.compile(r"\b(?:for|para|pra|p) $")
_HEADS: Final = frozenset(
    {
        "people",
        "persons",
        "users",
        "employees",
        "colleagues",
        "members",
        "pessoas",
        "usuarios",
        "funcionarios",
        "colegas",
    }
)
"""`I'll take it for 5 people` buys five seats; `5 people told me` buys nothing."""

_BUYING_INTENTS: Final = frozenset({Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY})
_COUNTING_INTENTS: Final = _BUYING_INTENTS | {Intent.PRICE_NEGOTIATION}
_DISCOUNT_INTENTS: Final = _COUNTING_INTENTS | {Intent.GENERAL_QUESTION, None}


def find_quantity(folded: str, figures: list[Figure], *, intent: Intent | None, asked: str) -> int | None:
    """The number of pieces, seats or copies; needs a digit or a number word."""
    plain = [figure for figure in figures if figure.kind is Kind.PLAIN]
    if asked == "how_many" and plain:
        return _whole(plain[0])
    for pattern, count in _PHRASES:
        if pattern.search(folded):
            return count
    if intent in _COUNTING_INTENTS:
        for match in _EXPLICIT.finditer(folded):
            if match["times"] is None or not after("installments").match(folded, match.end("times") + 1):
                return _bounded(int(match["count"] or match["times"]))
    if intent in _BUYING_INTENTS:
        plain = [figure for figure in figures if figure.kind is Kind.PLAIN or _is_for_people(folded, figure)]
    for figure in plain:
        if _counts(folded, figure, intent) and (quantity := _whole(figure)) is not None:
            return quantity
    return None


def _is_for_people(folded: str, figure: Figure) -> bool:
    following = _NEXT_WORD.match(folded, figure.end)
    before_it = folded[max(0, figure.start - NEAR_CHARACTERS) : figure.start]
    return following is not None and following["word"] in _HEADS and _FOR_SO_MANY.search(before_it) is not None


def _counts(folded: str, figure: Figure, intent: Intent | None) -> bool:
    if intent in _BUYING_INTENTS and _is_for_people(folded, figure):
        return True
    if figure.words and figure.thousandths == THOUSANDTHS:
        return False  # "one" and "um" are pronouns and articles before they are numbers
    text = folded[max(0, figure.start - NEAR_CHARACTERS) : figure.start]
    if intent in _COUNTING_INTENTS and _FOR_AMOUNT.match(folded, figure.end):
        return before("old price").search(text) is None
    following = _NEXT_WORD.match(folded, figure.end)
    if following is not None and (following["word"] in _PARTITIVES or not names().uncounted(following["word"])):
        return before("not counting").search(text) is None
    if intent not in _COUNTING_INTENTS or figure.thousandths > BARE_QUANTITY_MAX:
        return False
    if intent is Intent.PRICE_NEGOTIATION:
        return before("if bought").search(text) is not None
    wanted = before("wanted").search(text) is not None or _OPENING.fullmatch(text) is not None
    return wanted and _CLOSING.match(folded, figure.end) is not None


def _whole(figure: Figure) -> int | None:
    count, rest = divmod(figure.thousandths, THOUSANDTHS)
    return _bounded(count) if not rest else None


def _bounded(count: int) -> int | None:
    return count if 1 <= count <= QUANTITY_MAX else None


def find_discount(folded: str, figures: list[Figure], *, intent: Intent | None) -> float | int | None:
    """The discount in percent that the visitor asks for or names; whole ones as int."""
    if intent not in _DISCOUNT_INTENTS:
        return None
    if cue("half price").search(folded):
        return 50
    for figure in figures:
        if figure.kind is Kind.PERCENT and 0 < figure.thousandths <= 100 * THOUSANDTHS and _is_off(folded, figure):
            whole, rest = divmod(figure.thousandths, THOUSANDTHS)
            return figure.thousandths / THOUSANDTHS if rest else whole
    return None


def _is_off(folded: str, figure: Figure) -> bool:
    around = folded[max(0, figure.start - PERCENT_CUE_CHARACTERS) : figure.end + PERCENT_CUE_CHARACTERS]
    return "off" in around or "desc" in around or cue("no discount").search(around) is None
