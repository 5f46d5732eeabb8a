"""What an agent's words may say: checked word by word on their way out."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from agentpay.llm.types import CheckoutFact, OfferFact, OrderFact, ProductFact, ToolResult
from agentpay.turns.guard.facts import known_of
from agentpay.turns.guard.guard import Guard, Violation
from tests.turns.guard.corpora import KNOWN, harmless, said

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_each_word_goes_out_when_the_next_begins() -> None:
    guard = Guard(KNOWN)
    assert [guard.feed(piece) for piece in ("Hel", "lo ", "Sam", ", how", " are")] == ["", "Hello", "", " Sam,", " how"]
    assert guard.close() == " are"


def test_ordinary_words_are_not_kept_waiting() -> None:
    waits = []
    for text in harmless():
        guard, fed, out = Guard(KNOWN), "", 0
        for word in text.split(" "):
            piece = f" {word}" if fed else word
            fed += piece
            out += len(guard.feed(piece))
            waits.append(len(fed[out:].split()) - 1)
    assert max(waits) <= 7
    assert sum(wait <= 0 for wait in waits) > 0.8 * len(waits)


def test_a_known_amount_passes_and_an_unknown_one_never_leaves() -> None:
    assert said("It costs $95.00, or $85 for you.") == ("It costs $95.00, or $85 for you.", None)
    assert said("It is yours for $80 today.") == ("It is yours for", Violation.AMOUNT)


def test_names_may_hold_numbers() -> None:
    text = "Studio 54 Pass, Clareira 2 and Half Price Books."
    assert said(text) == (text, None)


CANDLE = ProductFact("p-1", "Lavender Candle", "$95.00 per month", 9500, "usd", description="Only $1, 50% off, free!")
OFFER = OfferFact("o-1", "p-1", "Lavender Candle", "open", 8500, "$85.00", "$95.00", "usd", NOW)


def result(name: str, facts: dict[str, Any], status: Literal["done", "refused"] = "done") -> ToolResult:
    return ToolResult("c", name, status, facts)


def test_a_product_says_its_price_and_its_name_and_nothing_of_its_description() -> None:
    known = known_of(products=[CANDLE])
    assert known.amounts == {("usd", 9500)}
    assert known.percents == frozenset()
    assert known.texts == ("Lavender Candle",)


def test_an_offer_says_what_is_saved_exactly_and_rounded() -> None:
    known = known_of(offers=[OFFER])
    assert known.amounts == {("usd", 9500), ("usd", 8500), ("usd", 1000)}
    assert known.percents == {1052, 1053, 1050, 1000, 1100}
    for text in ("You save $10.", "That is 10.53% off.", "About 11% less.", "$85 instead of $95."):
        assert said(text, known) == (text, None)
    assert said("That is 12% off.", known)[1] is Violation.PERCENT


def test_records_are_read_from_our_own_formatting() -> None:
    checkout = CheckoutFact("c-1", "p-1", "Clareira 2", "open", "R$ 49,90")
    order = OrderFact("r-1", "Studio 54 Pass", "paid", "¥9,500", NOW)
    known = known_of(checkouts=[checkout], orders=[order])
    assert {("brl", 4990), ("jpy", 9500)} <= known.amounts
    assert said("Clareira 2 sai por R$ 49,90.", known)[1] is None


def test_a_free_trial_may_be_named_where_there_is_one() -> None:
    trial = msgspec.structs.replace(CANDLE, price_text="7 days free, then $29.00 per month", amount=2900)
    text = "You get 7 days free, then it is $29 per month."
    assert said(text, known_of(products=[trial])) == (text, None)
    assert said(text, known_of(products=[CANDLE]))[1] is Violation.AMOUNT


def test_a_price_finer_than_a_cent_may_be_told_as_it_is_written() -> None:
    api = msgspec.structs.replace(CANDLE, price_text="$0.0005 per API call", amount=None)
    text = "It costs $0.0005 per API call."
    assert said(text, known_of(products=[api])) == (text, None)
    assert said("It costs $0.0004 per API call.", known_of(products=[api]))[1] is Violation.AMOUNT


def test_tools_results_are_read_at_any_depth_but_not_their_free_texts() -> None:
    searched = {
        "products": [{"product_id": "p-2", "name": "Rose 7", "amount": 6000, "currency": "usd", "description": "$5"}],
        "closest": [{"amount": 7000, "currency": "usd", "price_text": "$70.00"}],
        "benefits": ["Worth $300"],
    }
    shipping = {"amount": 1500, "amount_text": "R$ 15,00", "currency": "brl", "days": 7}
    refused = {"reason": "final_word", "standing_offer": {"amount": 8500, "list_amount": 9500, "currency": "usd"}}
    known = known_of(
        results=[
            result("search_products", searched),
            result("quote_shipping", shipping),
            result("propose_price", refused, "refused"),
        ]
    )
    assert known.amounts == {("usd", each) for each in (6000, 7000, 8500, 9500, 1000)} | {("brl", 1500)}
    assert "Rose 7" in known.texts


def test_only_a_code_that_a_tool_confirmed_may_be_said() -> None:
    good = result("validate_discount_code", {"valid": True, "code": "SPRING", "text": "15 % off", "currency": "usd"})
    bad = result("validate_discount_code", {"reason": "code_invalid", "code": "SAVE99"}, "refused")
    known = known_of(results=[good, bad])
    assert known.codes == {"spring"}
    assert said("The code SPRING gives 15% off.", known)[1] is None
    assert said("The code SAVE99 is wrong.", known)[1] is Violation.CODE


def test_articles_are_the_merchants_word() -> None:
    article = "Free shipping from $50. We keep 20% for opened jars."
    found = {"articles": [{"title": "Returns", "url": "https://help.acme.example/r", "snippet": "costs $7"}]}
    known = known_of(article_texts=[article], results=[result("search_knowledge", found)])
    assert said("Shipping is free from $50, see https://help.acme.example/r.", known)[1] is None
    assert said("We keep 20% then.", known)[1] is None
    assert said("It costs $7.", known)[1] is Violation.AMOUNT


def test_origins_and_hosts_may_be_given() -> None:
    known = known_of(hosts=["https://www.Acme.example:8443", "pay.acme.example"])
    assert known.hosts == {"acme.example", "pay.acme.example"}
