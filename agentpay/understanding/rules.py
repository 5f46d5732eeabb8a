"""The cases that need no weighing: short answers to a clear question, and attempts to reprogram the agent."""

from typing import Final

from agentpay.understanding.context import Context
from agentpay.understanding.cues import cue
from agentpay.understanding.intents import Intent
from agentpay.understanding.lexicon import Hit

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


def decide(folded: str, tokens: list[str], hits: list[Hit], context: Context) -> Intent | None:
    """The intent where it is beyond doubt; None where the model must weigh."""
    if cue("injection").search(folded):
        return Intent.GENERAL_QUESTION
    if not (context.asked or context.action):
        return None
    words = [token for token in tokens if token not in ("?", "!")]
    if not words or len(words) > ANSWER_WORDS_MAX or "?" in tokens:
        return None
    return _answer(words, _covered(words, tokens, hits), context)


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
