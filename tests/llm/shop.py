"""Acme Candles without a database: facts as the tools give them, and one turn of its agent Wick for Sam."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from agentpay.kit.limits import STEPS_MAX
from agentpay.llm.template.provider import TemplateProvider
from agentpay.llm.types import (
    Brief,
    CheckoutFact,
    OfferFact,
    OrderFact,
    Personality,
    ProductFact,
    Reply,
    Request,
    Stop,
    ToolCall,
    ToolResult,
    ToolSpec,
    Words,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LAVENDER = ProductFact(
    product_id="p-lavender", name="Lavender Candle", price_text="$95.00", amount=9500, currency="usd", negotiable=True,
    description="Hand-poured beeswax with French lavender. Burns for sixty hours. Comes in a glass jar.",
)  # fmt: skip
VANILLA = ProductFact(
    product_id="p-vanilla", name="Vanilla Candle", price_text="$60.00", amount=6000, currency="usd", negotiable=True,
    description="Soy wax with Bourbon vanilla. Burns for forty hours.",
)  # fmt: skip
BOX = ProductFact(
    product_id="p-box", name="Candle Box", price_text="$29.00 per month", amount=2900, currency="usd", negotiable=True,
    recurring_interval="month", description="A new candle each month.",
)  # fmt: skip
GUIDE = ProductFact(
    product_id="p-guide", name="Candle Guide", price_text="free", amount=0, currency="usd", amount_type="free",
    description="How to pour your own.",
)  # fmt: skip
TIP = ProductFact(
    product_id="p-tip", name="Tip Jar", price_text="pay what you want, from $5.00", amount=500, currency="usd",
    amount_type="custom", description="Support our workshop.",
)  # fmt: skip
TEAM = ProductFact(
    product_id="p-team", name="Team Plan", price_text="$10.00 per seat per month", amount=1000, currency="usd",
    amount_type="seat_based", recurring_interval="month", description="Workshops for teams.",
)  # fmt: skip
GOODS = (LAVENDER, VANILLA, BOX, GUIDE, TIP, TEAM)

OFFER = OfferFact(
    offer_id="o-1", product_id="p-lavender", product_name="Lavender Candle", status="open", amount=8500,
    amount_text="$85.00", list_text="$95.00", currency="usd", expires_at=NOW + timedelta(minutes=60),
)  # fmt: skip
CHECKOUT = CheckoutFact(
    checkout_id="c-1", product_id="p-lavender", product_name="Lavender Candle", status="open", amount_text="$85.00"
)
ORDER = OrderFact(order_id="r-1", product_name="Lavender Candle", status="paid", amount_text="$85.00", created_at=NOW)

PARAMETERS: dict[str, tuple[str, ...]] = {
    "search_products": ("query", "limit", "price_max", "price_min", "currency"),
    "show_product": ("product_id",),
    "check_inventory": ("product_id", "quantity"),
    "quote_shipping": ("country", "product_id"),
    "search_knowledge": ("query",),
    "propose_price": ("product_id", "proposed_amount", "discount_percent", "quantity"),
    "validate_discount_code": ("code", "product_id"),
    "create_checkout": ("product_id", "offer_id", "amount", "seats", "discount_code"),
    "check_order": ("order_reference",),
    "request_human": ("reason",),
}
ALL_TOOLS = tuple(PARAMETERS)

Answer = Callable[[dict[str, Any]], ToolResult | dict[str, Any]]


def spec(name: str) -> ToolSpec:
    properties = {argument: {} for argument in PARAMETERS[name]}
    return ToolSpec(name, name, {"type": "object", "properties": properties, "additionalProperties": False})


def brief(text: str, action: str, *, intent: str = "general_question", language: str = "en", **fields: Any) -> Brief:
    """Sam's message to Wick, understood and decided."""
    known: dict[str, Any] = {
        "confidence": 0.9,
        "entities": {},
        "agent_type": "sales",
        "agent_name": "Wick",
        "organization_name": "Acme Candles",
        "personality": Personality(),
        "now": NOW,
    }
    return Brief(**{**known, **fields}, language=language, intent=intent, action=action, text=text)  # type: ignore[arg-type]


def request(
    asked: Brief, *, tools: tuple[str, ...] = ALL_TOOLS, results: tuple[tuple[ToolCall, ToolResult], ...] = ()
) -> Request:
    return Request(brief=asked, system="", messages=(), tools=tuple(map(spec, tools)), results=results)


def ask(question: Request) -> tuple[list[str], Reply]:
    """What the provider yields: the words, then the reply. It never waits for anything, so no event loop is needed."""
    pieces = TemplateProvider().reply(question)
    texts: list[str] = []
    while isinstance(piece := _next(pieces), Words):
        texts.append(piece.text)
    with pytest.raises(StopAsyncIteration):
        _next(pieces)
    return texts, piece


def _next(pieces: AsyncIterator[Words | Reply]) -> Words | Reply:
    with pytest.raises(StopIteration) as told:
        pieces.__anext__().__await__().send(None)
    return cast("Words | Reply", told.value.value)


def first_calls(asked: Brief, *, tools: tuple[str, ...] = ALL_TOOLS) -> list[tuple[str, dict[str, Any]]]:
    _, reply = ask(request(asked, tools=tools))
    return [(call.name, call.arguments) for call in reply.tool_calls]


def done(name: str, **facts: Any) -> tuple[ToolCall, ToolResult]:
    return ToolCall("1", name, {}), ToolResult("1", name, "done", facts)


def refused(name: str, reason: str, **facts: Any) -> tuple[ToolCall, ToolResult]:
    return ToolCall("1", name, {}), ToolResult("1", name, "refused", {"reason": reason, **facts})


def failed(name: str) -> tuple[ToolCall, ToolResult]:
    return ToolCall("1", name, {}), ToolResult("1", name, "failed", {"reason": "error"})


def row(product: ProductFact) -> dict[str, Any]:
    """A product as search_products tells it."""
    names = ("product_id", "name", "price_text", "description", "amount", "currency", "negotiable", "amount_type",
             "recurring_interval")  # fmt: skip
    return {name: getattr(product, name) for name in names}


def say(asked: Brief, *results: tuple[ToolCall, ToolResult], tools: tuple[str, ...] = ALL_TOOLS) -> Reply:
    """The final answer, given what the tools said; the provider must not ask for more."""
    _, reply = ask(request(asked, tools=tools, results=results))
    assert reply.stop is Stop.DONE, reply.tool_calls
    return reply


def answer(
    asked: Brief, toolbox: Mapping[str, Answer], *, tools: tuple[str, ...] = ALL_TOOLS
) -> tuple[Reply, list[str]]:
    """One whole turn: tools are performed until there are words. Returns the reply and the names of the tools asked."""
    reply, results = answer_with_results(asked, toolbox, tools=tools)
    return reply, [call.name for call, _ in results]


def answer_with_results(
    asked: Brief, toolbox: Mapping[str, Answer], *, tools: tuple[str, ...] = ALL_TOOLS
) -> tuple[Reply, list[tuple[ToolCall, ToolResult]]]:
    results: list[tuple[ToolCall, ToolResult]] = []
    for _ in range(STEPS_MAX):
        _, reply = ask(request(asked, tools=tools, results=tuple(results)))
        if reply.stop is Stop.DONE:
            return reply, results
        results.extend((call, _performed(call, toolbox)) for call in reply.tool_calls)
    raise AssertionError(f"no words after {STEPS_MAX} steps: {[call for call, _ in results]}")


def _performed(call: ToolCall, toolbox: Mapping[str, Answer]) -> ToolResult:
    told = toolbox[call.name](call.arguments) if call.name in toolbox else {}
    return told if isinstance(told, ToolResult) else ToolResult(call.id, call.name, "done", told)
