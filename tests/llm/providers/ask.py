"""Questions for providers, and what comes of them."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentpay.llm.port import Provider, ProviderFailed
from agentpay.llm.speaking import Patience
from agentpay.llm.types import Brief, Entry, Personality, Reply, Request, ToolSpec, Words

# Long where a busy machine may be slow, short where waiting is what is tested.
PATIENT = Patience(first=20, between=20)
PATIENCE = {
    "timeout_first_word": Patience(first=0.1, between=20),
    "timeout_between_words": Patience(first=20, between=0.1),
}
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BRIEF = Brief(
    language="en", intent="greeting", confidence=1.0, entities={}, action="greet", agent_type="sales",
    agent_name="Wick", organization_name="Acme Candles", personality=Personality(), text="Hi", now=NOW,
)  # fmt: skip
PRODUCT = {"type": "object", "properties": {"product_id": {"type": "string"}}, "required": ["product_id"]}
SEARCH = ToolSpec(
    "search_products", "Find products.", {"type": "object", "properties": {"query": {"type": "string"}}}
)  # fmt: skip
PROPOSE = ToolSpec("propose_price", "Work out a price.", PRODUCT)
CHECKOUT = ToolSpec("create_checkout", "Open a checkout.", PRODUCT)
TOOLS = (SEARCH, PROPOSE, CHECKOUT)


class Answered(msgspec.Struct, frozen=True):
    """The pieces of words and the reply or the failure that ended them."""

    words: list[str]
    reply: Reply | None = None
    failure: ProviderFailed | None = None


def question(text: str = "Hi", **fields: Any) -> Request:
    """Sam's question to Wick."""
    fields = {"messages": (Entry("user", text),), "tools": TOOLS, "system": "You are Wick of Acme Candles.", **fields}
    return Request(brief=BRIEF, **fields)


async def collect(stream: AsyncIterator[Words | Reply]) -> Answered:
    """Everything a provider says. It must end with exactly one reply or a failure."""
    words: list[str] = []
    reply: Reply | None = None
    try:
        async for piece in stream:
            assert reply is None, "nothing may follow the reply"
            if isinstance(piece, Words):
                words.append(piece.text)
            else:
                reply = piece
    except ProviderFailed as failure:
        assert reply is None
        return Answered(words, failure=failure)
    assert reply is not None, "a provider ends with a reply"
    return Answered(words, reply)


async def ask(provider: Provider, request: Request | None = None) -> Answered:
    return await collect(provider.reply(request or question()))


async def leave_after_the_first_word(provider: Provider) -> str:
    """Sam closes the window as soon as something came."""
    stream = provider.reply(question())
    async with contextlib.aclosing(stream) as pieces:  # type: ignore[type-var] # every provider is a generator
        async for piece in pieces:
            return piece.text
    raise AssertionError("not a word")
