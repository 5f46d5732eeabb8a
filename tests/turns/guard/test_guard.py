"""What an agent's words may say: checked word by word on their way out."""

from datetime import UTC, datetime

from agentpay.llm.types import OfferFact, ProductFact, ToolResult
from agentpay.turns.guard.facts import known_of
from agentpay.turns.guard.guard import Guard, Violation
from agentpay.turns.guard.known import Known

NOW = datetime(2026, 11, 25, tzinfo=UTC)
KNOWN = Known(
    amounts=frozenset({("usd", 9500), ("usd", 8500), ("brl", 4990)}),
    percents=frozenset({1000}),
    codes=frozenset({"wick10"}),
    hosts=frozenset({"acme.example"}),
    texts=("Clareira 2", "Studio 54 Pass", "Half Price Books"),
)


def said(text: str, known: Known = KNOWN) -> tuple[str, Violation | None]:
    guard = Guard(known)
    return guard.feed(text) + guard.close(), guard.violation


def test_each_word_goes_out_when_the_next_begins() -> None:
    guard = Guard(KNOWN)
    assert [guard.feed(piece) for piece in ("Hel", "lo ", "Sam", ", how", " are")] == ["", "Hello", "", " Sam,", " how"]
    assert guard.close() == " are"


def test_a_known_amount_passes_and_an_unknown_one_never_leaves() -> None:
    assert said("It costs $95.00, or $85 for you.") == ("It costs $95.00, or $85 for you.", None)
    assert said("It is yours for $80 today.") == ("It is yours for", Violation.AMOUNT)


def test_names_may_hold_numbers() -> None:
    text = "Studio 54 Pass, Clareira 2 and Half Price Books."
    assert said(text) == (text, None)


def test_what_may_be_said_comes_from_records_and_results() -> None:
    candle = ProductFact("p-1", "Lavender Candle", "7 days free, then $95.00 per month", 9500, "usd", description="$1")
    offer = OfferFact("o-1", "p-1", "Lavender Candle", "open", 8500, "$85.00", "$95.00", "usd", NOW)
    code = ToolResult("c", "validate_discount_code", "done", {"valid": True, "code": "WICK10", "text": "10 % off"})
    wrong = ToolResult("d", "validate_discount_code", "refused", {"reason": "code_invalid", "code": "SAVE99"})
    known = known_of(products=[candle], offers=[offer], results=[code, wrong], hosts=["acme.example"])
    assert {("usd", 9500), ("usd", 8500), ("usd", 1000)} <= known.amounts
    assert ("usd", 100) not in known.amounts
    assert {1052, 1053, 1000, 1100} <= known.percents
    assert known.codes == {"wick10"}
    assert any(amount == 0 for _, amount in known.amounts)
