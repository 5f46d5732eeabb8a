"""Which tools Wick asks, and with what, before it speaks."""

from typing import Any

import msgspec
import pytest

from agentpay.llm.types import Brief, ProductFact, Stop, ToolCall, ToolResult
from tests.llm.shop import (
    ALL_TOOLS,
    BOX,
    CHECKOUT,
    LAVENDER,
    OFFER,
    TEAM,
    TIP,
    VANILLA,
    answer,
    ask,
    brief,
    done,
    failed,
    first_calls,
    refused,
    request,
    row,
)

Calls = list[tuple[str, dict[str, Any]]]
SEEN = {"focus": LAVENDER, "shown": (LAVENDER,)}
YEN = msgspec.structs.replace(LAVENDER, currency="jpy", amount=9500, price_text="¥9,500")

FIRST: tuple[tuple[str, Brief, Calls], ...] = (
    ("a hello asks nothing", brief("hi", "greet"), []),
    ("a search gets the whole message", brief("lavender candles under $70?", "search_products", intent="product_query"),
     [("search_products", {"query": "lavender candles under $70?"})]),
    ("a search for something else than a question gets the product as understood",
     brief("quero comprar vela de lavanda", "search_products", intent="purchase_intent", language="pt",
           entities={"product": "vela de lavanda"}), [("search_products", {"query": "vela de lavanda"})]),
    ("who asks for everything gets everything", brief("what do you have?", "search_products"),
     [("search_products", {"query": ""})]),
    ("who asks for the cheapest says so", brief("o mais barato?", "search_products", language="pt"),
     [("search_products", {"query": "o mais barato?"})]),
    ("o catálogo inteiro", brief("o que vocês vendem?", "search_products", language="pt"),
     [("search_products", {"query": ""})]),
    ("a product in focus is looked at", brief("tell me about it", "show_product", focus=LAVENDER),
     [("show_product", {"product_id": "p-lavender"})]),
    ("what was just told is not looked up again",
     brief("how much is it?", "show_product", previous_text="Lavender Candle costs $95.00.", **SEEN), []),
    ("two products in view are compared without a look",
     brief("which one is better?", "show_product", shown=(LAVENDER, VANILLA),
           previous_text="Lavender Candle, Vanilla Candle"), []),
    ("a discount is asked of the engine", brief("any discount?", "calculate_offer", **SEEN),
     [("propose_price", {"product_id": "p-lavender"})]),
    ("a named price goes along", brief("$80?", "calculate_offer", entities={"proposed_price": 8000}, **SEEN),
     [("propose_price", {"product_id": "p-lavender", "proposed_amount": 8000})]),
    ("a price in another currency does not",
     brief("80 euros?", "calculate_offer", entities={"proposed_price": 8000, "currency": "eur"}, **SEEN),
     [("propose_price", {"product_id": "p-lavender"})]),
    ("yen have no cents",
     brief("8000?", "calculate_offer", entities={"proposed_price": 800000}, focus=YEN, shown=(YEN,)),
     [("propose_price", {"product_id": "p-lavender", "proposed_amount": 8000})]),
    ("a percentage goes along", brief("10% off?", "calculate_offer", entities={"discount_percent": 10}, **SEEN),
     [("propose_price", {"product_id": "p-lavender", "discount_percent": 10})]),
    ("a volume goes along", brief("discount for 5?", "calculate_offer", entities={"quantity": 5}, **SEEN),
     [("propose_price", {"product_id": "p-lavender", "quantity": 5})]),
    ("a fixed price is not haggled over", brief("discount?", "calculate_offer", focus=TIP, shown=(TIP,)), []),
    ("a discount without a product asks back", brief("discount?", "calculate_offer"), []),
    ("a discount on a product never shown looks for it first",
     brief("discount on the lavender candle?", "calculate_offer", entities={"product": "lavender candle"}),
     [("search_products", {"query": "lavender candle"})]),
    ("the page's product is introduced before its price is asked",
     brief("discount?", "calculate_offer", focus=LAVENDER), [("show_product", {"product_id": "p-lavender"})]),
    ("a coupon is checked, not haggled over",
     brief("I have SAVE", "calculate_offer", entities={"coupon_code": "SAVE"}, **SEEN),
     [("validate_discount_code", {"code": "SAVE", "product_id": "p-lavender"})]),
    ("a checkout opens for the focus", brief("send the link", "generate_checkout", **SEEN),
     [("create_checkout", {"product_id": "p-lavender"})]),
    ("the open checkout is meant before what was shown last",
     brief("where do I pay?", "generate_checkout", checkouts=(CHECKOUT,), focus=VANILLA, shown=(VANILLA, LAVENDER)),
     [("create_checkout", {"product_id": "p-lavender"})]),
    ("a checkout carries the standing offer", brief("yes", "generate_checkout", offers=(OFFER,), **SEEN),
     [("create_checkout", {"product_id": "p-lavender", "offer_id": "o-1"})]),
    ("without a focus the standing offer is meant", brief("yes", "generate_checkout", offers=(OFFER,)),
     [("create_checkout", {"product_id": "p-lavender", "offer_id": "o-1"})]),
    ("another product's offer is left alone",
     brief("send the link", "generate_checkout", offers=(OFFER,), focus=VANILLA, shown=(VANILLA, LAVENDER)),
     [("create_checkout", {"product_id": "p-vanilla"})]),
    ("a coupon called valid before is used",
     brief("yes", "generate_checkout", previous_text="The code SAVE works. Shall I open the checkout?", **SEEN),
     [("create_checkout", {"product_id": "p-lavender", "discount_code": "SAVE"})]),
    ("a coupon called invalid before is not",
     brief("yes", "generate_checkout", previous_text="SAVE doesn't work here. Shall I open the checkout?", **SEEN),
     [("create_checkout", {"product_id": "p-lavender"})]),
    ("pay what you want needs to be told how much",
     brief("I'll take it", "generate_checkout", focus=TIP, shown=(TIP,)), []),
    ("pay what you want takes what was said",
     brief("12 dollars", "generate_checkout", entities={"proposed_price": 1200}, focus=TIP, shown=(TIP,)),
     [("create_checkout", {"product_id": "p-tip", "amount": 1200})]),
    ("seats go along",
     brief("5 seats, send the link", "generate_checkout", entities={"quantity": 5}, focus=TEAM, shown=(TEAM,)),
     [("create_checkout", {"product_id": "p-team", "seats": 5})]),
    ("a question goes to the articles", brief("return policy?", "answer_from_knowledge", intent="return_request"),
     [("search_knowledge", {"query": "return policy?"})]),
    ("an order is looked up", brief("where is order 77?", "check_order", intent="order_status",
                                    entities={"order_reference": "77"}), [("check_order", {"order_reference": "77"})]),
    ("a refund looks at the order and the terms", brief("refund!", "check_order", intent="refund_request"),
     [("check_order", {}), ("search_knowledge", {"query": "refund!"})]),
    ("delivery is quoted", brief("to Brazil?", "quote_shipping", entities={"country": "BR"}),
     [("quote_shipping", {"country": "BR"})]),
    ("delivery without a country reads the articles", brief("shipping?", "quote_shipping"),
     [("search_knowledge", {"query": "shipping?"})]),
    ("stock of several is checked", brief("are 5 in stock?", "check_inventory", entities={"quantity": 5}, **SEEN),
     [("check_inventory", {"product_id": "p-lavender", "quantity": 5})]),
    ("stock is checked", brief("in stock?", "check_inventory", **SEEN),
     [("check_inventory", {"product_id": "p-lavender"})]),
    ("a person is asked for", brief("a human please", "escalate", intent="human_request"),
     [("request_human", {"reason": "The visitor asked for a person."})]),
    ("a person is asked for once", brief("a human please", "escalate", intent="human_request", handoff="asked"), []),
)  # fmt: skip


@pytest.mark.parametrize(("asked", "calls"), [case[1:] for case in FIRST], ids=[case[0] for case in FIRST])
def test_first_calls(asked: Brief, calls: Calls) -> None:
    assert first_calls(asked) == calls


def test_a_closed_tool_is_never_asked() -> None:
    for _, asked, calls in FIRST:
        for name, _ in calls:
            rest = tuple(tool for tool in ALL_TOOLS if tool != name)
            assert name not in [called for called, _ in first_calls(asked, tools=rest)]


def test_an_argument_that_the_schema_does_not_know_is_left_out() -> None:
    asked = request(brief("discount for 5?", "calculate_offer", entities={"quantity": 5}, **SEEN))
    narrow = msgspec.structs.replace(
        asked,
        tools=tuple(
            msgspec.structs.replace(tool, parameters={"type": "object", "properties": {"product_id": {}}})
            for tool in asked.tools
        ),
    )
    _, reply = ask(narrow)
    assert [call.arguments for call in reply.tool_calls] == [{"product_id": "p-lavender"}]


def test_nothing_found_looks_at_everything_once() -> None:
    asked = brief("do you have soap?", "search_products", entities={"product": "soap"})
    reply, asked_tools = answer(asked, {"search_products": lambda arguments: {"products": [], "total": 0}})
    assert asked_tools == ["search_products", "search_products"]
    assert reply.stop is Stop.DONE


def test_what_is_no_product_may_stand_in_an_article() -> None:
    asked = brief("do you offer gift wrapping?", "search_products", intent="product_query")
    article = {"title": "Gifts", "snippet": "We wrap gifts for free."}
    toolbox = {
        "search_products": lambda arguments: {"products": [] if arguments["query"] else [row(LAVENDER)]},
        "search_knowledge": lambda arguments: {"articles": [article]},
    }
    reply, asked_tools = answer(asked, toolbox)
    assert asked_tools == ["search_products", "search_knowledge"]
    assert "We wrap gifts for free." in reply.text
    article["snippet"] = article["title"] = "Shipping takes a week"
    reply, asked_tools = answer(asked, toolbox)
    assert asked_tools == ["search_products", "search_knowledge", "search_products"]
    assert "Lavender Candle" in reply.text


def test_others_are_looked_for_beyond_the_first_few() -> None:
    asked = brief("what else do you have?", "search_products", intent="product_query", **SEEN)
    assert first_calls(asked) == [("search_products", {"query": "", "limit": 6})]


def test_a_price_for_a_product_never_shown_is_found_introduced_and_asked_in_one_turn() -> None:
    asked = brief(
        "discount on lavender?", "calculate_offer", intent="price_negotiation", entities={"product": "lavender"}
    )
    toolbox = {
        "search_products": lambda arguments: {"products": [row(LAVENDER)], "total": 1},
        "propose_price": lambda arguments: {"decision": "granted", "amount_text": "$85.00", "list_text": "$95.00"},
    }
    reply, asked_tools = answer(asked, toolbox)
    assert asked_tools == ["search_products", "propose_price"]
    assert "$85.00" in reply.text


def test_no_price_is_asked_for_what_was_found_instead() -> None:
    """The visitor wanted soap; that the shop has one other thing does not make it what he wants a discount for."""
    asked = brief("discount on soap?", "calculate_offer", intent="price_negotiation", entities={"product": "soap"})
    found = iter(([], [row(LAVENDER)]))
    reply, asked_tools = answer(asked, {"search_products": lambda arguments: {"products": next(found)}})
    assert "propose_price" not in asked_tools
    assert reply.text


def test_a_general_question_without_an_article_may_name_a_product() -> None:
    toolbox = {
        "search_knowledge": lambda arguments: {"articles": []},
        "search_products": lambda arguments: {"products": [row(BOX)], "total": 1},
    }
    reply, asked_tools = answer(brief("candle box subscription", "answer_from_knowledge"), toolbox)
    assert asked_tools == ["search_knowledge", "search_products"]
    assert "$29.00 per month" in reply.text


def test_a_question_beyond_the_description_goes_to_the_articles() -> None:
    asked = brief(
        "is it vegan?", "show_product", intent="product_query", previous_text="Lavender Candle: $95.00", **SEEN
    )
    article = {"title": "Materials", "snippet": "All our candles are vegan but the beeswax ones."}
    reply, asked_tools = answer(asked, {"search_knowledge": lambda arguments: {"articles": [article]}})
    assert asked_tools == ["search_knowledge"]
    assert "vegan but the beeswax ones" in reply.text


def test_a_question_that_the_description_answers_is_answered_from_it() -> None:
    asked = brief("how long does it burn?", "show_product", intent="product_query",
                  previous_text="Lavender Candle: $95.00", **SEEN)  # fmt: skip
    reply, asked_tools = answer(asked, {})
    assert asked_tools == []
    assert "Burns for sixty hours." in reply.text


@pytest.mark.parametrize("outcome", [refused, failed], ids=["refused", "failed"])
def test_a_tool_that_gives_nothing_is_not_asked_again(outcome: Any) -> None:
    for _, asked, calls in FIRST:
        if len(calls) != 1:
            continue
        name, arguments = calls[0]
        _, result = outcome(name, "other") if outcome is refused else outcome(name)
        told = (ToolCall("1", name, arguments), result)
        _, reply = ask(request(asked, results=(told,)))
        assert name not in [call.name for call in reply.tool_calls if call.arguments == arguments]


def test_after_many_calls_of_a_model_it_only_speaks() -> None:
    results = tuple(
        (ToolCall(str(n), "search_knowledge", {"query": str(n)}), ToolResult(str(n), "search_knowledge", "done"))
        for n in range(8)
    )
    _, reply = ask(request(brief("lavender?", "search_products"), results=results))
    assert reply.stop is Stop.DONE


def test_a_paid_checkout_is_not_opened_again_in_the_turn() -> None:
    asked = brief("send the link", "generate_checkout", checkouts=(CHECKOUT,), **SEEN)
    opened = done("create_checkout", status="open", amount_text="$85.00")
    _, reply = ask(request(asked, results=(opened,)))
    assert reply.stop is Stop.DONE


def test_the_cheapest_of_a_list_is_one_product() -> None:
    asked = brief("a mais barata", "show_product", intent="product_query", language="pt", shown=(LAVENDER, VANILLA),
                  previous_text="Lavender Candle ou Vanilla Candle?")  # fmt: skip
    assert first_calls(asked) == [("show_product", {"product_id": "p-vanilla"})]


def test_a_product_is_compared_by_its_own_words_only() -> None:
    named: tuple[ProductFact, ...] = (LAVENDER, VANILLA, BOX)
    asked = brief("lavender or vanilla?", "show_product", intent="product_query", shown=named)
    _, reply = ask(request(asked))
    assert "Lavender Candle" in reply.text
    assert "Vanilla Candle" in reply.text
    assert "Candle Box" not in reply.text
