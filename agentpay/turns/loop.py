"""One turn: a visitor has written, the agent answers. The heart of AgentPay."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from psycopg.types.json import Jsonb

from agentpay.agents.repository import AgentRow
from agentpay.agents.tools import ToolContext
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import forbid_transaction
from agentpay.kit import limits
from agentpay.llm.port import Provider
from agentpay.llm.types import Brief, Entry, Reply, Request, Stop, ToolCall, ToolResult, Usage, Words
from agentpay.turns import action
from agentpay.turns.end import EndStatus, FinalReply
from agentpay.turns.flush import DraftWriter
from agentpay.turns.hold import RunningTurn, hold
from agentpay.turns.toolbox import CALLS_PER_STEP_MAX, Toolbox, label
from agentpay.understanding.intents import Action

log = structlog.get_logger()


class Prepared(msgspec.Struct):
    """What was read, understood and decided before the first question."""

    agent: AgentRow
    brief: Brief
    messages: tuple[Entry, ...]
    system: str
    open_names: frozenset[str]
    context: Callable[[ToolCall, str], ToolContext]
    """The caller of a tool, given the call and its effect key."""
    results: list[tuple[ToolCall, ToolResult]]
    steps_done: int
    open_calls: tuple[ToolCall, ...]
    agent_state: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True):
    """How a turn wants to end."""

    status: EndStatus
    reason: str | None
    reply: FinalReply


class Loop:
    """Asks, uses tools, asks again. One a process; a turn's state lives in the database and in `Prepared`."""

    def __init__(self, db: Database, appender: Appender, toolbox: Toolbox, *, provider: Provider) -> None:
        self._db = db
        self._appender = appender
        self._toolbox = toolbox
        self._provider = provider

    async def run(self, turn: RunningTurn, prepared: Prepared, writer: DraftWriter) -> Outcome:
        """Answer the visitor once; return how it ended. At most `STEPS_MAX` questions and `TURN_SECONDS_MAX` seconds.

        1. Finish the calls that a dead attempt left open. 2. Ask the provider, passing its words on. 3. Store its whole
        reply. 4. No tools wanted: done. 5. Else check and perform each call, store its result, and ask again.
        Raises TurnLost.
        """
        began = time.monotonic()
        spent = Usage()
        reply = Reply("")
        try:
            async with asyncio.timeout(limits.TURN_SECONDS_MAX):
                await self._use_tools(turn, prepared, prepared.open_calls, step=prepared.steps_done)
                for step in range(prepared.steps_done + 1, limits.STEPS_MAX + 1):
                    reply = await self._ask(self._request(prepared), writer)
                    spent = _sum(spent, reply.usage)
                    calls = reply.tool_calls[:CALLS_PER_STEP_MAX]
                    await self._store_step(turn, prepared, reply, calls, step=step)
                    if not calls:
                        return self._outcome("completed", _reason(reply), prepared, reply, spent, began)
                    await self._use_tools(turn, prepared, calls, step=step)
            reason = "steps"
        except TimeoutError:
            reason = "time"
        return self._outcome("failed", reason, prepared, reply, spent, began)

    def _request(self, prepared: Prepared) -> Request:
        return Request(
            brief=prepared.brief,
            system=prepared.system,
            messages=prepared.messages,
            tools=self._toolbox.specs(prepared.open_names),
            results=tuple(prepared.results),
            model=prepared.agent.config.llm_model or "",
            temperature=prepared.agent.config.temperature,
            max_tokens=prepared.agent.config.max_tokens,
        )

    async def _ask(self, request: Request, writer: DraftWriter) -> Reply:
        forbid_transaction()
        async for piece in self._provider.reply(request):
            if isinstance(piece, Words):
                writer.say(piece.text)
            else:
                return piece
        raise AssertionError("a provider must end with a Reply")

    async def _store_step(
        self, turn: RunningTurn, prepared: Prepared, reply: Reply, calls: tuple[ToolCall, ...], *, step: int
    ) -> None:
        """The whole reply is stored before any tool of it runs, and its calls are announced."""
        if not calls and step == 1:
            return  # answered without tools: the message itself is the record
        async with self._db.transaction() as tx:
            await hold(tx, turn)
            await tx.execute(
                """insert into turn_steps (turn_id, step, attempt, brief, reply)
                values (%(turn_id)s, %(step)s, %(attempt)s, %(brief)s, %(reply)s)
                on conflict (turn_id, step) do update set attempt = excluded.attempt, reply = excluded.reply""",
                {
                    "turn_id": turn.id,
                    "step": step,
                    "attempt": turn.attempt,
                    "brief": Jsonb(_brief_record(prepared.brief)),
                    "reply": Jsonb(msgspec.to_builtins(reply)),
                },
            )
            for call in calls:
                await self._tool_started(tx, turn, prepared, call)

    async def _use_tools(
        self, turn: RunningTurn, prepared: Prepared, calls: tuple[ToolCall, ...], *, step: int
    ) -> None:
        """In order, one after another: check, perform, store the result, tell."""
        for call in calls:
            context = prepared.context(call, f"{turn.id}:{step}:{call.id}")
            forbid_transaction()
            result = await self._toolbox.perform(call, context=context, open_names=prepared.open_names)
            prepared.results.append((call, result))
            async with self._db.transaction() as tx:
                await hold(tx, turn)
                await tx.execute(
                    """update turn_steps
                    set results = results || jsonb_build_object(%(call_id)s::text, %(result)s::jsonb)
                    where turn_id = %(turn_id)s and step = %(step)s""",
                    {
                        "call_id": call.id,
                        "result": Jsonb(msgspec.to_builtins(result)),
                        "turn_id": turn.id,
                        "step": step,
                    },
                )
                await self._appender.event(
                    tx,
                    conversation_id=turn.conversation_id,
                    type="tool.completed",
                    data={"turn_id": str(turn.id), "call_id": call.id, "tool": call.name, "status": result.status},
                )

    async def _tool_started(self, tx: Any, turn: RunningTurn, prepared: Prepared, call: ToolCall) -> None:
        await self._appender.event(
            tx,
            conversation_id=turn.conversation_id,
            type="tool.started",
            data={
                "turn_id": str(turn.id),
                "call_id": call.id,
                "tool": call.name,
                "label": label(call.name, language=prepared.brief.language),
            },
        )

    def _outcome(
        self, status: EndStatus, reason: str | None, prepared: Prepared, reply: Reply, spent: Usage, began: float
    ) -> Outcome:
        concluded = action.conclude(Action(prepared.brief.action), prepared.results)
        missed = action.missed(concluded, prepared.results)
        misses = int(prepared.agent_state.get("misses", 0)) + 1 if missed else 0
        return Outcome(
            status,
            reason,
            FinalReply(
                action=concluded.value,
                tool_calls=[_call_record(call, result) for call, result in prepared.results],
                attachments=gather_attachments(prepared.results, quick_replies=reply.quick_replies),
                author_name=prepared.agent.name,
                response_time_ms=int((time.monotonic() - began) * 1000),
                llm_provider=reply.provider,
                llm_model=reply.model,
                input_tokens=spent.input_tokens + spent.cache_read_tokens + spent.cache_write_tokens,
                output_tokens=spent.output_tokens,
                agent_state={**prepared.agent_state, "misses": misses},
            ),
        )


def gather_attachments(
    results: list[tuple[ToolCall, ToolResult]], *, quick_replies: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """The reply's attachments, each subject once (the latest), in the order of their tools; quick replies last."""
    gathered: dict[Any, dict[str, Any]] = {}
    for _, result in results:
        for attachment in result.attachments:
            gathered.pop(_subject(attachment), None)
            gathered[_subject(attachment)] = dict(attachment)
    listed = list(gathered.values())
    if quick_replies:
        listed.append({"type": "quick_replies", "options": list(quick_replies)})
    return listed


def _subject(attachment: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("offer_id", "checkout_id", "order_id", "article_id", "product_id", "url")
    return (attachment["type"], next((str(attachment[name]) for name in names if attachment.get(name)), ""))


def _reason(reply: Reply) -> str | None:
    return None if reply.stop is not Stop.EMPTY else "error"


def _call_record(call: ToolCall, result: ToolResult) -> dict[str, Any]:
    return {
        "id": call.id,
        "name": call.name,
        "arguments": call.arguments,
        "status": result.status,
        "facts": result.facts,
    }


def _brief_record(brief: Brief) -> dict[str, Any]:
    """What this step was asked under, for replay: decisions, not texts."""
    return {
        "intent": brief.intent,
        "confidence": brief.confidence,
        "action": brief.action,
        "language": brief.language,
    }


def _sum(left: Usage, right: Usage) -> Usage:
    return Usage(
        input_tokens=left.input_tokens + right.input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        cache_read_tokens=left.cache_read_tokens + right.cache_read_tokens,
        cache_write_tokens=left.cache_write_tokens + right.cache_write_tokens,
    )
