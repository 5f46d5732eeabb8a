"""A sensible sales agent of a few rules, in no provider's format: what a scripted model says next."""

import json
import re
from typing import Any

import msgspec

_BARGAIN = re.compile(
    r"discount|cheaper|deal|too (expensive|much)|desconto|barato|caro|\$\s?\d|r\$\s?\d", re.IGNORECASE
)
_BUY = re.compile(r"\b(buy|take it|checkout|order it|deal|i'?ll take|comprar|levar|fechar|pagar)\b", re.IGNORECASE)
_BROWSE = re.compile(
    r"\b(look|search|show|have|sell|products?|catalog|candle|hoodie|plan|gift|procur|mostr|tem|produtos?)",
    re.IGNORECASE,
)
_PRODUCT_ID = re.compile(r"product_id\W{1,8}([0-9a-zA-Z][0-9a-zA-Z-]{2,40})")
_TALK_IS_ABOUT = re.compile(r'"talk_is_about":\s?"([^"]+)"')
_AMOUNT = re.compile(r"(?:us?\$|r\$)\s?(\d+)(?:[.,](\d{2}))?", re.IGNORECASE)


class Move(msgspec.Struct, frozen=True):
    """What the agent does: says words, or calls a tool."""

    words: str = ""
    tool: str = ""
    arguments: dict[str, Any] = {}


class Heard(msgspec.Struct, frozen=True):
    """What a request says, whatever its format."""

    text: str
    """The visitor's last message."""
    tools: dict[str, dict[str, Any]]
    """Name to JSON Schema."""
    results: list[dict[str, Any]]
    """This turn's results, oldest first: `tool`, `status`, `facts`."""
    body: str
    """The whole request, to find product ids wherever they are told."""


def move(heard: Heard) -> Move:
    """The next move: look, then offer or open a checkout if that is wanted, then say what came of it."""
    last = heard.results[-1] if heard.results else None
    wants_more = bool(_BUY.search(heard.text) or _BARGAIN.search(heard.text))
    if last is not None and not (last["tool"] == "search_products" and wants_more and _product(heard)):
        return Move(words=_report(last))
    product = _product(heard)
    if product and "create_checkout" in heard.tools and _BUY.search(heard.text):
        return Move(tool="create_checkout", arguments={"product_id": product})
    if product and "propose_price" in heard.tools and _BARGAIN.search(heard.text):
        return Move(tool="propose_price", arguments={"product_id": product, **_proposal(heard)})
    if last is None and "search_products" in heard.tools and (wants_more or _BROWSE.search(heard.text)):
        return Move(tool="search_products", arguments={"query": heard.text[:200]})
    return Move(words=_report(last) if last else "Hello! I am happy to help. What are you looking for?")


def unfenced(content: str) -> dict[str, Any]:
    """A tool's result, out of the marks that name it data."""
    found: dict[str, Any] = json.loads(content[content.index("{") : content.rindex("}") + 1])
    return found


def _proposal(heard: Heard) -> dict[str, Any]:
    found = _AMOUNT.search(heard.text)
    if found is None or "proposed_amount" not in heard.tools["propose_price"].get("properties", {}):
        return {}
    return {"proposed_amount": int(found[1]) * 100 + int(found[2] or 0)}


def _product(heard: Heard) -> str | None:
    """The best of what was just found, else the product that was told of last."""
    if heard.results:
        products = _facts(heard.results[-1]).get("products", [])
        return str(products[0]["product_id"]) if products else None
    told = _TALK_IS_ABOUT.findall(heard.body) or _PRODUCT_ID.findall(heard.body)
    return str(told[-1]) if told else None


def _facts(result: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = result.get("facts", {})
    return facts


def _report(result: dict[str, Any]) -> str:
    facts = _facts(result)
    if result.get("status") != "done":
        return "I am sorry, that did not work out. Shall we look at something else?"
    if result["tool"] == "search_products":
        names = [f"{each.get('name')} ({each.get('price_text', '')})" for each in facts.get("products", [])[:3]]
        return f"Here is what I found: {', '.join(names)}." if names else "I found nothing like that, sorry."
    if result["tool"] == "propose_price":
        return f"I can do {facts.get('amount_text', 'the list price')} for you."
    if result["tool"] == "create_checkout":
        return "Your checkout is ready: the button below takes you there."
    return "Here is what I found out."
