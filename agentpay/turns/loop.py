"""One turn: a visitor has written, the agent answers. The heart of AgentPay."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from agentpay.conversations.append import Appender, NewEvent
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx, forbid_transaction
from agentpay.kit import limits
from agentpay.llm.port import Provider
from agentpay.llm.types import Language, Reply, ToolCall, ToolResult
from agentpay.turns import conclusion, steps
from agentpay.turns.end import EndStatus, FinalReply
from agentpay.turns.facts import StepDone
from agentpay.turns.flush import DraftWriter
from agentpay.turns.hold import RunningTurn, hold
from agentpay.turns.prepared import Prepared, question
from agentpay.turns.speaker import Models, Question, Speaker
from agentpay.turns.steps import StepRecord
from agentpay.turns.toolbox import Toolbox, label
from agentpay.understanding.intents import Action


class Outcome(msgspec.Struct, frozen=True):
    """How a turn wants to end."""

    status: EndStatus
    reason: str | None
    reply: FinalReply
    last_step: StepRecord | None = None
    """The question that was answered in words alone: stored with the end."""


class Loop:
    """Asks, uses tools, asks again. One a process; a turn's state lives in the database and in `Prepared`."""

    def __init__(
        self, db: Database, appender: Appender, toolbox: Toolbox, *, models: Models, template: Provider
    ) -> None:
        self._db = db
        self._appender = appender
        self._toolbox = toolbox
        self._models = models
        self._template = template
        self.seconds_max: float = limits.TURN_SECONDS_MAX
        self.on_guard: Callable[[str], None] = _unobserved

    async def run(self, turn: RunningTurn, prepared: Prepared, writer: DraftWriter) -> Outcome:
        """Answer the visitor once; return how it ended. At most `STEPS_MAX` questions and `TURN_SECONDS_MAX` seconds.

        1. Finish what a dead attempt left open. 2. Ask, passing words on. 3. Store the whole reply. 4. No tools wanted:
        done. 5. Else check and perform each call, store its result, and ask again. Out of steps or time, the template
        says what is known by then. Raises TurnLost.
        """
        began = time.monotonic()
        speaker = self._speaker(turn, prepared, writer)
        try:
            async with asyncio.timeout(self.seconds_max):
                last = await self._answer(turn, prepared, speaker)
            reason = speaker.reason if last else "steps"
        except TimeoutError:
            last, reason = None, "time"
        reply = last.reply if last else await speaker.conclude(self._question(prepared), reason=reason or "steps")
        # Where the template answered at once, the message itself is the record.
        is_plain = last is None or (last.step == 1 and last.reply.provider == self._template.name)
        return self._outcome(reason, prepared, reply, speaker, began, last_step=None if is_plain else last)

    def _speaker(self, turn: RunningTurn, prepared: Prepared, writer: DraftWriter) -> Speaker:
        return Speaker(
            self._db,
            self._models,
            self._template,
            turn=turn,
            purse=prepared.purse,
            names=prepared.providers,
            writer=writer,
            on_guard=self.on_guard,
        )

    async def _answer(self, turn: RunningTurn, prepared: Prepared, speaker: Speaker) -> StepRecord | None:
        """The step whose reply wants no more tools, not stored yet; None when the steps are used up."""
        for done in prepared.steps:
            speaker.say_again(done.said)
        if prepared.steps:
            await self._use_tools(turn, prepared)
        for step in range(len(prepared.steps) + 1, limits.STEPS_MAX + 1):
            asked = self._question(prepared)
            reply = await speaker.ask(asked, step=step)
            record = StepRecord(turn, step, asked.for_models, reply)
            if not reply.tool_calls:
                return record
            await self._store_step(record, prepared)
            malformed = frozenset(call.id for call in reply.malformed_calls)
            prepared.steps.append(StepDone(reply.text, reply.tool_calls, malformed=malformed))
            await self._use_tools(turn, prepared)
        return None

    def _question(self, prepared: Prepared) -> Question:
        return question(prepared, self._toolbox.specs)

    async def _store_step(self, record: StepRecord, prepared: Prepared) -> None:
        """The whole reply is stored before any tool of it runs, and its calls are announced."""
        turn, language = record.turn, prepared.brief.language
        async with self._db.transaction() as tx:
            await hold(tx, turn)
            await steps.store(tx, record)
            started = [_tool_started(turn, call, language=language) for call in record.reply.tool_calls]
            await self._appender.events(tx, *started, conversation_id=turn.conversation_id)

    async def _use_tools(self, turn: RunningTurn, prepared: Prepared) -> None:
        """The last step's open calls, in order, one after another: check, perform, store the result, tell."""
        step = len(prepared.steps)
        for call in prepared.steps[-1].open_calls:
            context = prepared.context(call, f"{turn.id}:{step}:{call.id}")
            forbid_transaction()
            done = prepared.steps[-1]
            if call.id in done.malformed:
                result = ToolResult(call.id, call.name, "refused", {"reason": "arguments_malformed"})
            else:
                result = await self._toolbox.perform(call, context=context, open_names=prepared.open_names)
            prepared.steps[-1] = msgspec.structs.replace(done, results=(*done.results, result))
            async with self._db.transaction() as tx:
                await hold(tx, turn)
                await self._tool_completed(tx, turn, call, result, step=step)

    async def _tool_completed(
        self, tx: Tx, turn: RunningTurn, call: ToolCall, result: ToolResult, *, step: int
    ) -> None:
        await tx.execute(
            """update turn_steps
            set results = results || jsonb_build_object(%(call_id)s::text, %(result)s::jsonb)
            where turn_id = %(turn_id)s and step = %(step)s""",
            {"call_id": call.id, "result": Jsonb(msgspec.to_builtins(result)), "turn_id": turn.id, "step": step},
        )
        await self._appender.event(
            tx,
            conversation_id=turn.conversation_id,
            type="tool.completed",
            data={"turn_id": str(turn.id), "call_id": call.id, "tool": call.name, "status": result.status},
        )

    def _outcome(
        self,
        reason: str | None,
        prepared: Prepared,
        reply: Reply,
        speaker: Speaker,
        began: float,
        *,
        last_step: StepRecord | None,
    ) -> Outcome:
        results = prepared.results
        concluded = conclusion.conclude(Action(prepared.brief.action), results)
        missed = conclusion.missed(concluded, results)
        misses = int(prepared.agent_state.get("misses", 0)) + 1 if missed else 0
        usage = speaker.usage
        return Outcome(
            "completed",
            reason,
            FinalReply(
                action=concluded.value,
                tool_calls=[_call_record(call, result) for call, result in results],
                attachments=gather_attachments(results, quick_replies=reply.quick_replies),
                author_name=prepared.agent.name,
                response_time_ms=int((time.monotonic() - began) * 1000),
                llm_provider=reply.provider,
                llm_model=reply.model,
                input_tokens=usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
                output_tokens=usage.output_tokens,
                cost=speaker.cost,
                agent_state={**prepared.agent_state, "misses": misses},
            ),
            last_step,
        )


def _tool_started(turn: RunningTurn, call: ToolCall, *, language: Language) -> NewEvent:
    shown = {"call_id": call.id, "tool": call.name, "label": label(call.name, language=language)}
    return NewEvent("tool.started", {"turn_id": str(turn.id), **shown})


def _unobserved(kind: str) -> None:
    """Nobody counts what the guard stopped, until the composition root says who does."""


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


def _call_record(call: ToolCall, result: ToolResult) -> dict[str, Any]:
    return {
        "id": call.id,
        "name": call.name,
        "arguments": call.arguments,
        "status": result.status,
        "facts": result.facts,
    }
