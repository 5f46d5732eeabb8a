"""Which of a message's amounts the visitor offers, which are limits, and which merely quote a price."""

import re
from itertools import pairwise
from typing import Final, NamedTuple

from agentpay.understanding.amounts import Figure, Kind, minor_units
from agentpay.understanding.cues import NEAR_CHARACTERS, after, before, cue, well_before, words
from agentpay.understanding.intents import Intent
from agentpay.understanding.numbers import THOUSANDTHS

SMALL_COUNT: Final = 5 * THOUSANDTHS
"""A number word below it counts things unless something says that it is a price: "two", "um"."""

CLEARLY_A_PRICE: Final = 20 * THOUSANDTHS


class Prices(NamedTuple):
    """Minor units of `currency`; everything None where the visitor states nothing of the kind."""

    proposed: int | None = None
    maximum: int | None = None
    minimum: int | None = None
    currency: str | None = None


NO_PRICES: Final = Prices()

_STATES_PRICES: Final = frozenset(
    {Intent.PRICE_NEGOTIATION, Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY,
     Intent.GENERAL_QUESTION, Intent.HESITATION, None}
)  # fmt: skip
"""With other intents an amount is a charge, a payment or a fee."""

_BUYS: Final = frozenset({Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY})

_RANGE_BETWEEN: Final = re.compile(r" ?(?:and|e|to|a|ate|-) ?")
_DROPS_TO: Final = re.compile(r" ?(?:to|down to|por|para|pra|a) ?")
_EQUATED: Final = re.compile(r"(?<![a-z])(?P<what>[a-z]+) (?:is|was|are|e|eh|ta|esta|it's|its) *$")
_SENTENCE_START: Final = re.compile(r"(?:^|[,.!?] ?)(?:it'?s|it is|is|eh|ta|custa) *$")
_FOR_AMOUNT: Final = re.compile(r" (?:for|por) (?:us|r)?[$€£]? ?\d")
_ENDS: Final = re.compile(r" ?(?:please|pls|por favor|each|cada)? ?(?:$|[?!.,])")
_DOUBTED: Final = re.compile(r" ?(?:(?:for|por|num|numa) (?:a |um |uma )?[a-z]{0,16} ?)?\?{2,}")
_NEXT_WORD: Final = re.compile(r" (?P<word>[a-z]{2,})")
_OFFER_WORDS: Final = re.compile(r"[^.!?]{0,24}$")


class _Near(NamedTuple):
    """What stands around a figure."""

    before: str
    after: str


def read_prices(folded: str, figures: list[Figure], intent: Intent | None, *, asked: str = "") -> Prices:
    """The prices of the message as its intent means them; `asked` names the agent's question (`price`, `budget`)."""
    if intent not in _STATES_PRICES:
        return NO_PRICES
    candidates = [
        (figure, near)
        for figure in figures
        if figure.thousandths > 0 and _may_be_price(figure, near := _near(folded, figure), intent, asked)
    ]
    return _range(folded, candidates, intent) or _single(folded, candidates, intent, asked)


def _near(folded: str, figure: Figure) -> _Near:
    return _Near(
        folded[max(0, figure.start - NEAR_CHARACTERS) : figure.start], folded[figure.end : figure.end + NEAR_CHARACTERS]
    )


def _may_be_price(figure: Figure, near: _Near, intent: Intent | None, asked: str) -> bool:
    """Whether the figure is an amount of money at all: with a currency, or where one is talked about."""
    if figure.kind is not Kind.PLAIN:
        return figure.kind is Kind.MONEY
    limited = _is_limit(near)
    if intent is Intent.PRODUCT_QUERY:
        ranged = before("range").search(near.before) or before("range started").search(near.before)
        return bool(limited or asked == "budget" or ranged or well_before("least").search(near.before))
    if intent in _BUYS:
        return before("sold for").search(near.before) is not None and _ENDS.match(near.after) is not None
    if intent is not Intent.PRICE_NEGOTIATION or _FOR_AMOUNT.match(near.after):
        return False
    following = _NEXT_WORD.match(near.after)
    if following is not None and len(following["word"]) > 2 and following["word"] not in words("counts on after"):
        return limited
    offered = well_before("offers").search(near.before) is not None
    if figure.words and figure.thousandths < SMALL_COUNT:
        return offered
    told = offered or limited or asked == "price" or not near.before.strip(" \"'(")
    return told or figure.thousandths >= CLEARLY_A_PRICE or _is_quoted(near)


def _range(folded: str, candidates: list[tuple[Figure, _Near]], intent: Intent | None) -> Prices | None:
    """ "between 50 and 100", "de 50 a 100"; in a question about products "50 to 100" too."""
    for (low, near), (high, _) in pairwise(candidates):
        if low.thousandths >= high.thousandths or not _RANGE_BETWEEN.fullmatch(folded, low.end, high.start):
            continue
        if before("range").search(near.before) is not None or intent is Intent.PRODUCT_QUERY:
            currency = high.currency or low.currency
            least, most = minor_units(low.thousandths, currency), minor_units(high.thousandths, currency)
            return Prices(None, most, least, currency) if most is not None and least is not None else None
    return None


def _single(folded: str, candidates: list[tuple[Figure, _Near]], intent: Intent | None, asked: str) -> Prices:
    roles: dict[str, Figure] = {}
    followers: list[Figure | None] = [*(figure for figure, _ in candidates[1:]), None]
    for (figure, near), following in zip(candidates, followers, strict=False):
        if following is not None and _is_old_price(folded, figure, near, following):
            continue
        role = _role(near, intent, asked)
        if role:
            roles.setdefault(role, figure)
    if "proposed" in roles and intent is Intent.PRICE_NEGOTIATION:
        roles.pop("maximum", None)
    currency = next((figure.currency for figure in roles.values() if figure.currency), None)
    amounts = {role: minor_units(figure.thousandths, figure.currency or currency) for role, figure in roles.items()}
    if all(amount is None for amount in amounts.values()):
        return NO_PRICES
    return Prices(amounts.get("proposed"), amounts.get("maximum"), amounts.get("minimum"), currency)


def _is_old_price(folded: str, figure: Figure, near: _Near, following: Figure) -> bool:
    """The 95 of "from 95 to 80" and "de 95 por 80"."""
    if before("old price").search(near.before) is None:
        return False
    return _DROPS_TO.fullmatch(folded, figure.end, following.start) is not None


def _role(near: _Near, intent: Intent | None, asked: str) -> str:
    negotiates = intent is Intent.PRICE_NEGOTIATION
    if _is_limit(near):
        # "I can do 140 tops" names a price; "my budget is 140" and "at most 140" set a limit.
        offers = negotiates and well_before("limit").search(near.before) is None and _can_pay(near)
        return "proposed" if offers else "maximum"
    least = well_before("least").search(near.before) or after("least").match(near.after)
    if least and (not negotiates or cue("anything").search(near.before)):
        return "minimum"
    if asked == "budget" and intent is Intent.PRODUCT_QUERY:
        return "maximum"
    if _is_quoted(near) or _is_equated(near.before):
        return ""
    if negotiates:
        return "proposed"
    stated = intent in _BUYS or intent is Intent.GENERAL_QUESTION or intent is None
    return "proposed" if stated and well_before("price ends").search(near.before) else ""


def _is_limit(near: _Near) -> bool:
    return well_before("limit").search(near.before) is not None or after("limit").match(near.after) is not None


def _can_pay(near: _Near) -> bool:
    ends = [match.end() for match in cue("can pay").finditer(near.before)]
    return bool(ends) and _OFFER_WORDS.match(near.before, ends[-1]) is not None


def _is_quoted(near: _Near) -> bool:
    if well_before("quoted").search(near.before) or _DOUBTED.match(near.after):
        return True
    return after("quoted").match(near.after) is not None


def _is_equated(text: str) -> bool:
    """ "the course is 129" quotes; "my offer is 129" offers."""
    match = _EQUATED.search(text)
    if match is not None:
        return match["what"] not in words("offered thing")
    return _SENTENCE_START.search(text) is not None
