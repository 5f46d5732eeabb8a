"""What a turn turned out to be, once its tools have spoken. Pure."""

from collections.abc import Sequence
from typing import Final

from agentpay.llm.template import facts
from agentpay.llm.types import ToolCall, ToolResult
from agentpay.understanding.intents import Action

_FOUND: Final = ("products", "product", "closest", "articles", "amount_text", "state")
"""Facts by which a look-up has an answer."""

NOT_RUN: Final = frozenset({"tool_not_open", "arguments_invalid", "arguments_malformed"})
"""Reasons of calls that were refused before they ran: nothing was done, so nothing is concluded from them."""


def conclude(action: Action, results: Sequence[tuple[ToolCall, ToolResult]]) -> Action:
    """What the turn turned out to be, once its tools have spoken: this is stored and seen by the next message."""
    for call, result in reversed(results):
        concluded = _concluded(call, result)
        if concluded is not None:
            return concluded
    # Nothing was offered or opened, so a "yes" to this reply must not be taken for an acceptance.
    return Action.CLARIFY if action in {Action.CALCULATE_OFFER, Action.GENERATE_CHECKOUT} else action


def _concluded(call: ToolCall, result: ToolResult) -> Action | None:
    if result.facts.get("reason") in NOT_RUN:
        return None
    if call.name == "create_checkout":
        return Action.GENERATE_CHECKOUT
    if call.name == "propose_price":
        decision = result.facts.get("decision")
        if decision == "needs_approval":
            return Action.REQUEST_APPROVAL
        return Action.CALCULATE_OFFER if decision in {"granted", "countered", "stands"} else Action.EXPLAIN_NO_DISCOUNT
    if call.name == "validate_discount_code":
        return Action.CALCULATE_OFFER if result.facts.get("valid") is True else Action.EXPLAIN_NO_DISCOUNT
    if call.name == "request_human" and result.status == "done":
        return Action.ESCALATE
    return None


def missed(action: Action, results: Sequence[tuple[ToolCall, ToolResult]]) -> bool:
    """Whether the reply left the visitor without an answer: a question back, or look-ups that found nothing."""
    if action is Action.CLARIFY:
        return True
    if action not in {Action.SEARCH_PRODUCTS, Action.SHOW_PRODUCT, Action.ANSWER_FROM_KNOWLEDGE}:
        return False
    if facts.searched_in_vain(results):
        return True
    looked = [result.facts for _, result in results]
    return bool(looked) and not any(told.get(name) for told in looked for name in _FOUND)
