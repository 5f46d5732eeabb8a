"""The registry: which tools there are, and the one way to run a call. A tool never raises into the loop."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import fastjsonschema
import psycopg
import structlog

from agentpay.agents.tools import Tool, ToolContext
from agentpay.kit.errors import ExpectedError
from agentpay.kit.spans import NO_TRACER, Tracer
from agentpay.llm.types import Language, ToolCall, ToolResult, ToolSpec
from agentpay.turns.hold import TurnLost

log = structlog.get_logger()

CALLS_PER_STEP_MAX = 4
UNKNOWN = "unknown"
"""How observers hear of a tool that does not exist: a model may have made its name up of anything."""

OnCall = Callable[[str, str, float], None]
"""Tool, status of its result, seconds."""

LABELS: dict[str, dict[Language, str]] = {
    "search_products": {"en": "Searching the catalogue", "pt": "Procurando no catálogo"},
    "show_product": {"en": "Looking at the product", "pt": "Olhando o produto"},
    "propose_price": {"en": "Working out a price", "pt": "Calculando um preço"},
    "create_checkout": {"en": "Preparing your checkout", "pt": "Preparando o seu pagamento"},
    "validate_discount_code": {"en": "Checking the code", "pt": "Conferindo o código"},
    "check_order": {"en": "Looking up your order", "pt": "Procurando o seu pedido"},
    "search_knowledge": {"en": "Looking that up", "pt": "Consultando as informações"},
    "quote_shipping": {"en": "Checking delivery", "pt": "Consultando a entrega"},
    "check_inventory": {"en": "Checking availability", "pt": "Consultando a disponibilidade"},
    "request_human": {"en": "Asking a colleague", "pt": "Chamando um colega"},
}


class Toolbox:
    """All tools of the service, by name."""

    def __init__(self, tools: Iterable[Tool], *, tracer: Tracer = NO_TRACER) -> None:
        self.tools: Mapping[str, Tool] = {tool.name: tool for tool in tools}
        self._checks: dict[str, Callable[[Any], Any]] = {
            name: fastjsonschema.compile(tool.parameters) for name, tool in self.tools.items()
        }
        self.on_call: OnCall = _unobserved
        self._tracer = tracer

    def specs(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """What a provider is shown of the named tools, in the registry's order (a byte-stable prefix)."""
        wanted = set(names)
        return tuple(
            ToolSpec(tool.name, tool.description, tool.parameters)
            for name, tool in self.tools.items()
            if name in wanted
        )

    def check(self, call: ToolCall, *, open_names: frozenset[str]) -> str | None:
        """Why a call may not run, or None. Pure: the tool must be open now and the arguments fit its schema."""
        if call.name not in self.tools or call.name not in open_names:
            return "tool_not_open"
        try:
            self._checks[call.name](call.arguments)
        except fastjsonschema.JsonSchemaException:
            return "arguments_invalid"
        return None

    async def perform(self, call: ToolCall, *, context: ToolContext, open_names: frozenset[str]) -> ToolResult:
        """Check, then run one call: done, refused and failed are values. Raises only TurnLost (and cancellation)."""
        began, name = time.monotonic(), call.name if call.name in self.tools else UNKNOWN
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call.id,
        }
        with self._tracer.within(f"execute_tool {name}", attributes=attributes) as span:
            result = await self._perform(call, context=context, open_names=open_names)
            span.tell({"agentpay.tool.status": result.status})
            if result.status == "failed":
                span.fail("failed")
        self.on_call(name, result.status, time.monotonic() - began)
        return result

    async def _perform(self, call: ToolCall, *, context: ToolContext, open_names: frozenset[str]) -> ToolResult:
        refusal = self.check(call, open_names=open_names)
        if refusal is not None:
            return ToolResult(call.id, call.name, "refused", {"reason": refusal})
        try:
            return await self.tools[call.name].perform(context, call.arguments)
        except TurnLost:
            raise
        except ExpectedError as error:
            return ToolResult(call.id, call.name, "refused", {"reason": _snake(error.name), "text": error.detail})
        except psycopg.Error:
            raise
        except Exception as error:  # boundary: a tool's bug must not silence the agent
            log.error("tool.failed", tool=call.name, turn_id=str(context.turn_id), exc_info=error)
            return ToolResult(call.id, call.name, "failed", {"reason": "error"})


def label(tool: str, *, language: Language) -> str:
    """What the visitor reads while the tool runs."""
    return LABELS.get(tool, {"en": "Working on it", "pt": "Um momento"})[language]


def _unobserved(tool: str, status: str, seconds: float) -> None:
    """Nobody counts calls, until the composition root says who does."""


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
