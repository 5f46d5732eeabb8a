"""The cases that need no weighing: short answers to a clear question, messages that mean one thing, and attempts to
reprogram the agent.
"""

import re
from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.context import Context
from agentpay.understanding.cues import cue
from agentpay.understanding.intents import Intent
from agentpay.understanding.lexicon import Hit
from agentpay.understanding.places import is_country
from agentpay.understanding.resources import sections

ANSWER_WORDS_MAX: Final = 4
"""A longer answer says more than yes, no or a value."""

_YES_TO: Final = {
    "purchase": Intent.CHECKOUT_READY,
    "offer": Intent.CHECKOUT_READY,
    "human": Intent.HUMAN_REQUEST,
    "refund": Intent.REFUND_REQUEST,
    "return": Intent.RETURN_REQUEST,
    "order": Intent.ORDER_STATUS,
    "destination": Intent.SHIPPING_QUESTION,
    "support": Intent.SUPPORT_REQUEST,
    "more_info": Intent.PRODUCT_QUERY,
    "paid": Intent.PAYMENT_CONFIRMATION,
}
_NO_TO: Final = {
    "purchase": Intent.HESITATION,
    "offer": Intent.HESITATION,
    "anything_else": Intent.GREETING,
    "paid": Intent.PAYMENT_ISSUE,
}
_VALUE_FOR: Final = {
    "order": Intent.ORDER_STATUS,
    "refund": Intent.REFUND_REQUEST,
    "return": Intent.RETURN_REQUEST,
    "payment_issue": Intent.PAYMENT_ISSUE,
    "destination": Intent.SHIPPING_QUESTION,
    "how_many": Intent.PURCHASE_INTENT,
    "price": Intent.PRICE_NEGOTIATION,
    "budget": Intent.PRODUCT_QUERY,
    "support": Intent.SUPPORT_REQUEST,
}
_ASSENTS: Final = frozenset({"yes", "deal", "please", "want", "thanks"})
_REFUSALS: Final = frozenset({"no", "not", "thanks", "please"})
_VALUES: Final = frozenset({"<number>", "<order>", "<code>", "<email>", "<money>"})
_OFFERING: Final = frozenset({"calculate_offer", "generate_checkout", "request_approval"})
_HAGGLING: Final = frozenset({"calculate_offer", "explain_no_discount", "request_approval"})
"""After these actions an amount and a "more" are about the price."""


class _Whole(NamedTuple):
    """What a message of a section of data/whole.txt means, unless it follows one of these questions or actions."""

    intent: Intent
    not_asked: frozenset[str] = frozenset()
    not_after: frozenset[str] = frozenset()


_WHOLE: Final = {
    "count": _Whole(Intent.PURCHASE_INTENT, frozenset({"price", "how_many"})),
    "superlative": _Whole(Intent.PRODUCT_QUERY),
    "limit": _Whole(Intent.PRODUCT_QUERY, frozenset({"price", "offer", "purchase"}), _HAGGLING),
    "more": _Whole(Intent.PRODUCT_QUERY, frozenset({"price", "offer"}), _HAGGLING),
    "address": _Whole(Intent.GENERAL_QUESTION, frozenset({"email", *_VALUE_FOR}) - {"price", "budget", "how_many"}),
}
_COUNT_WORDS: Final = "two|three|four|five|six|seven|eight|nine|ten|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez"
_PARTS: Final = {
    "{opening}": "(?:(?:please|pls|hi|hey|hello|ok|okay|and|so|then|well|yes|just|let me|can i|could i|i'?d like to"
    "|i want to|oi|ola|sim|entao|e|so|por favor|quero|queria)[ ,.!]+){0,3}",
    "{n}": rf"(?:[2-9]|1\d|20|{_COUNT_WORDS})",
    "{of it}": "(?: (?:of (?:them|those|these|it)|dess[ea]s|del[ea]s|disso|pieces|units|copies|pecas|unidades|please"
    "|pls|por favor|then|entao)){0,3}",
    "{people}": "(?:people|persons|users|seats|employees|colleagues|members|of us|pessoas|usuarios|assentos|lugares"
    "|licencas|funcionarios|colegas)(?: please| por favor)?",
    "{amount}": r"(?:us|r)?[$€£]? ?\d[\d.,]{0,12}(?: ?(?:k|usd|dollars?|bucks|euros?|eur|pounds|gbp|reais|brl|dolares"
    r"|conto|pila|[$€£]))?(?: please| por favor)?",
    "{email}": r"[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,190}\.[a-z]{2,24}",
}
_TO_A_PLACE: Final = frozenset(
    {"to", "and", "what", "how", "about", "the", "e", "para", "pra", "pro", "o", "a", "os", "as", "hi", "ok"}
)
WHOLE_CHARACTERS_MAX: Final = 120
"""A longer message says more than one thing."""


def decide(folded: str, tokens: list[str], hits: list[Hit], context: Context) -> Intent | None:
    """The intent where it is beyond doubt; None where the model must weigh."""
    if cue("injection").search(folded):
        return Intent.GENERAL_QUESTION
    whole = _whole(folded, context) or _where_to(tokens)
    if whole is not None or not (context.asked or context.action):
        return whole
    words = [token for token in tokens if token not in ("?", "!")]
    if not words or len(words) > ANSWER_WORDS_MAX or "?" in tokens:
        return None
    return _answer(words, _covered(words, tokens, hits), context)


def _whole(folded: str, context: Context) -> Intent | None:
    """The intent of a message that one of the patterns of data/whole.txt matches as a whole."""
    said = folded.strip(" .!?,")
    if len(said) > WHOLE_CHARACTERS_MAX:
        return None
    for meaning, pattern in _whole_patterns():
        if context.asked in meaning.not_asked or context.action in meaning.not_after:
            continue
        if pattern.fullmatch(said):
            return meaning.intent
    return None


def _where_to(tokens: list[str]) -> Intent | None:
    """`and to Brazil?` asks for its delivery."""
    words = [token for token in tokens if token not in ("?", "!")]
    places = [word for word in words if is_country(word)]
    is_all = bool(places) and len(words) > len(places) and all(word in _TO_A_PLACE or word in places for word in words)
    return Intent.SHIPPING_QUESTION if is_all else None


@cache
def _whole_patterns() -> tuple[tuple[_Whole, re.Pattern[str]], ...]:
    return tuple(
        (_WHOLE[name], re.compile("|".join(map(_spelled, forms)))) for name, forms in sections("whole.txt").items()
    )


def _spelled(form: str) -> str:
    for name, pattern in _PARTS.items():
        form = form.replace(name, pattern)
    return form


def _answer(words: list[str], concepts: frozenset[str] | None, context: Context) -> Intent | None:
    if len(words) <= 2 and words[-1] in _VALUES and context.asked in _VALUE_FOR:
        return _VALUE_FOR[context.asked]
    if concepts is None:
        return None
    if "yes" in concepts and concepts <= _ASSENTS:
        if not context.asked and context.action in _OFFERING:
            return Intent.CHECKOUT_READY
        return _YES_TO.get(context.asked)
    if "no" in concepts and concepts <= _REFUSALS:
        return _NO_TO.get(context.asked)
    return None


def _covered(words: list[str], tokens: list[str], hits: list[Hit]) -> frozenset[str] | None:
    """The concepts of the longest hits if they cover every word of the message; None if a word says something else."""
    concepts: set[str] = set()
    reached = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start > reached and any(token in words for token in tokens[reached : hit.start]):
            return None
        if hit.start >= reached:
            options = {other.concept for other in hits if (other.start, other.end) == (hit.start, hit.end)}
            concepts.update(options & (_ASSENTS | _REFUSALS) or options)
            reached = hit.end
    return frozenset(concepts) if not any(token in words for token in tokens[reached:]) else None
