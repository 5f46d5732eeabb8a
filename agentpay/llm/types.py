"""What is asked of a provider and what comes back. Values only."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

Language = Literal["en", "pt"]


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as the provider sees it. `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: dict[str, Any]


class ToolResult(msgspec.Struct, frozen=True):
    """What a tool's call came to. `facts` are ours (JSON, money in minor units and as text in `…_text` fields)."""

    call_id: str
    name: str
    status: Literal["done", "refused", "failed"]
    facts: dict[str, Any] = {}
    attachments: tuple[dict[str, Any], ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """One entry of the talk, oldest first. `results` answer the calls of the entry before."""

    role: Literal["user", "agent", "staff", "system", "tool"]
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


class Personality(msgspec.Struct, frozen=True):
    tone: Literal["friendly", "professional", "casual"] = "friendly"
    verbosity: Literal["concise", "medium", "detailed"] = "concise"
    proactive: bool = True
    greeting: str = ""


class ProductFact(msgspec.Struct, frozen=True):
    """A product that this conversation was shown, as the visitor saw it."""

    product_id: str
    name: str
    price_text: str
    """List price with terms, e.g. `$29.00 per month, 7 days free`."""
    amount: int | None = None
    currency: str | None = None
    negotiable: bool = False
    amount_type: str = "fixed"
    recurring_interval: str | None = None
    description: str = ""


class OfferFact(msgspec.Struct, frozen=True):
    offer_id: str
    product_id: str
    product_name: str
    status: str
    amount: int
    amount_text: str
    list_text: str
    currency: str
    expires_at: datetime


class CheckoutFact(msgspec.Struct, frozen=True):
    checkout_id: str
    product_id: str
    product_name: str
    status: str
    amount_text: str
    offer_id: str | None = None
    reason: str | None = None


class OrderFact(msgspec.Struct, frozen=True):
    order_id: str
    product_name: str
    status: str
    amount_text: str
    created_at: datetime


class Brief(msgspec.Struct, frozen=True):
    """What our own code understood and decided about this turn; the template provider answers from it alone."""

    language: Language
    intent: str
    confidence: float
    entities: dict[str, Any]
    action: str
    """One of INTENTS.md's actions, decided by `turns/action.py`."""
    agent_type: Literal["sales", "support", "payment"]
    agent_name: str
    organization_name: str
    personality: Personality
    text: str
    """The visitor's words that this turn answers, cleaned."""
    now: datetime
    is_first_reply: bool = False
    focus: ProductFact | None = None
    """The product the talk is about: named now, else last shown or offered, else the page's."""
    shown: tuple[ProductFact, ...] = ()
    """Most recently shown first, at most 8."""
    offers: tuple[OfferFact, ...] = ()
    """Of this conversation, newest first, at most 4, whatever their status."""
    checkouts: tuple[CheckoutFact, ...] = ()
    orders: tuple[OrderFact, ...] = ()
    is_proven_customer: bool = False
    customer_name: str | None = None
    handoff: Literal["none", "asked", "taken"] = "none"
    stuck: bool = False
    """The last replies did not help: offer a person."""
    previous_action: str | None = None
    previous_text: str | None = None


class Request(msgspec.Struct, frozen=True):
    """One question. `system` and `messages` are for models, `brief` for the template; both describe the same turn."""

    brief: Brief
    system: str
    messages: tuple[Entry, ...]
    tools: tuple[ToolSpec, ...]
    """The tools that are open in this step."""
    results: tuple[tuple[ToolCall, ToolResult], ...] = ()
    """Calls of this turn's earlier steps with what they came to, in order."""
    model: str = ""
    """Empty = the provider's default (`llm/models.py`)."""
    temperature: float = 0.7
    """Sent to models that still take one: none of Anthropic's, of OpenAI's only those that do not reason."""
    max_tokens: int = 1024
    tool_choice: str | None = None
    """The tool that must be called, by name; None = the model decides."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


class Stop(StrEnum):
    """How a reply ended. Each has a named ending in the loop."""

    DONE = "done"
    TOOLS = "tools"
    TRUNCATED = "truncated"
    """At `max_tokens`, at the context window or at our own bound: the words end in the middle."""
    REFUSED = "refused"
    """The provider withdrew its answer: use neither its words nor (there are none) its calls."""
    EMPTY = "empty"
    """Neither words nor calls, whatever the provider says why."""


class Words(msgspec.Struct, frozen=True):
    """A piece of the reply's text as it comes."""

    text: str


class Reply(msgspec.Struct, frozen=True):
    """The whole answer to one question; always the last thing a provider yields."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    malformed_calls: tuple[ToolCall, ...] = ()
    """Calls whose arguments were no JSON object, or cut, or too long. Their `arguments` are empty: never perform one,
    refuse it towards the model (a `refused` result like any other) so that it can ask again."""
    stop: Stop = Stop.DONE
    usage: Usage = Usage()
    provider: str = "template"
    model: str = "template"
    lost_micros: int = 0
    """What failed tries before this answer cost, in micro-dollars: counted by their providers, so paid."""
    quick_replies: tuple[str, ...] = ()
    """Template only: short answers to offer as buttons."""
