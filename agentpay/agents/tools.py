"""What a provider may ask for: the tool's shape, what it is told about its caller, and which switch opens it.

Packages above make their own tools (`catalog/tools.py` …); `turns/toolbox.py` gathers them. A tool never raises into
the loop: done, refused and failed are values.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal
from uuid import UUID

import msgspec

from agentpay.agents.rules import Rules
from agentpay.db.transaction import Tx
from agentpay.llm.types import Language, ToolResult

# Agent.tools switch → registry names (API § 4). propose_price comes with rules.allow_dynamic_pricing.
SWITCHES: dict[str, tuple[str, ...]] = {
    "product_lookup": ("search_products", "show_product"),
    "payment_link": ("create_checkout",),
    "discount_validator": ("validate_discount_code",),
    "shipping_calculator": ("quote_shipping",),
    "inventory_checker": ("check_inventory",),
    "knowledge_search": ("search_knowledge",),
    "order_lookup": ("check_order",),
    "human_handoff": ("request_human",),
}
PRICING_TOOL = "propose_price"


class ToolContext(msgspec.Struct, frozen=True):
    """Whom a tool works for. Nothing in it was said by a model or a visitor, but for `language`."""

    organization_id: UUID
    conversation_id: UUID
    turn_id: UUID
    call_id: str
    effect_key: str
    """`turn:step:call`: the key under which an effect is stored before it is performed."""
    agent_id: UUID
    agent_version: int
    rules: Rules
    config: dict[str, Any]
    """The agent's `config` (shipping table among it)."""
    visitor_key: str
    """`sub:<proven id>` or `session:<session id>`: the same visitor, for offers and budgets."""
    is_proven_customer: bool
    external_customer_id: str | None
    customer_id: UUID | None
    currency: str
    """The currency this visitor is quoted in."""
    language: Language
    origin: str | None
    hesitation_signals: int
    hold: Callable[[Tx], Awaitable[None]]
    """Each transaction of an acting tool begins with it: locks the conversation, then raises if the turn was lost."""
    address: str | None = None
    """A hash of the visitor's client address, where known: standing offers are counted by it too."""


Perform = Callable[[ToolContext, dict[str, Any]], Awaitable[ToolResult]]


class Tool(msgspec.Struct, frozen=True):
    """One tool of the registry. `parameters` is a strict JSON Schema (additionalProperties false).

    `perform` gets arguments that passed the schema. `acts`: it changes something; reading tools may run again.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    agent_types: tuple[Literal["sales", "support", "payment"], ...]
    acts: bool
    perform: Perform


def open_tools(switches: dict[str, bool], *, allow_dynamic_pricing: bool) -> frozenset[str]:
    """Names of the tools that an agent's configuration opens."""
    names = {name for switch, tools in SWITCHES.items() if switches.get(switch) for name in tools}
    return frozenset(names | ({PRICING_TOOL} if allow_dynamic_pricing else set()))
