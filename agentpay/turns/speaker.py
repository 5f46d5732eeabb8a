"""Who words a turn's answers: the agent's models while they can be trusted and paid, else the template.

A model that overstepped, failed behind its first word, or cannot be paid is not asked again in this turn: the template
takes the step over, with the tool results that are there, so the visitor reads one coherent answer.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final, Protocol

import msgspec
import structlog

from agentpay.db.engine import Database
from agentpay.db.transaction import forbid_transaction
from agentpay.kit.text import storable
from agentpay.llm import prices
from agentpay.llm.models import DEFAULT_MODELS
from agentpay.llm.port import Provider, ProviderFailed
from agentpay.llm.types import Reply, Request, Stop, ToolCall, Usage, Words
from agentpay.turns import spending
from agentpay.turns.guard.guard import Guard
from agentpay.turns.guard.known import Known
from agentpay.turns.hold import RunningTurn
from agentpay.turns.spending import Purse

log = structlog.get_logger()

CALLS_PER_STEP_MAX: Final = 4
MALFORMED_STEPS_MAX: Final = 2
BREAK: Final = "\n\n"
_SENTENCE_ENDS: Final = (".", "!", "?", "…", ":", "\n")


class Models(Protocol):
    """The configured models, asked in order until one speaks (`llm.chain.Chain`)."""

    def reply(self, request: Request, names: Sequence[str]) -> AsyncGenerator[Words | Reply]: ...


class Says(Protocol):
    """Where words go (`flush.DraftWriter`)."""

    def say(self, text: str) -> None: ...


class Question(msgspec.Struct, frozen=True):
    """One step's question, in the two forms that providers read, and what the answer may name."""

    for_models: Request
    for_template: Request
    known: Known


class Speaker:
    """One turn's voice. `reason` says at the end why no model spoke where one was wanted."""

    def __init__(
        self,
        db: Database,
        models: Models,
        template: Provider,
        *,
        turn: RunningTurn,
        purse: Purse,
        names: Sequence[str],
        writer: Says,
        on_guard: Callable[[str], None],
    ) -> None:
        self._db = db
        self._models = models
        self._template = template
        self._turn = turn
        self._purse = purse
        self._names = tuple(names)
        self._writer = writer
        self._on_guard = on_guard
        self._said = ""
        self._wants_break = False
        self._malformed_steps = 0
        self.reason: str | None = None
        self.usage = Usage()
        self.cost = 0

    def say_again(self, text: str) -> None:
        """Words of a step that an earlier attempt finished: its draft is gone, they are not."""
        self._begin_part()
        self._say(text)

    async def ask(self, question: Question, *, step: int) -> Reply:
        """The whole reply of one step, its words said; `text` is what was said of it. Raises TurnLost."""
        forbid_transaction()
        self._begin_part()
        before = len(self._said)
        reply = await self._ask_models(question, step=step) if self._names else None
        if reply is not None:
            return _numbered(reply, step=step, said=self._said[before:].strip())
        return await self._ask_template(question.for_template, before=before)

    async def conclude(self, question: Question, *, reason: str) -> Reply:
        """The last words of a turn that ran out of steps or time: what is known, without further tools."""
        self._give_up(reason)
        self._begin_part()
        request = msgspec.structs.replace(question.for_template, tools=())
        return await self._ask_template(request, before=len(self._said))

    async def _ask_models(self, question: Question, *, step: int) -> Reply | None:
        """None: the template is to take this step over."""
        request = question.for_models
        most = micros_max(request, self._names)
        if not await spending.reserve(self._db, self._turn, self._purse, step=step, micros=most):
            self._give_up("over_budget")
            return None
        spent = most  # until the provider tells better
        try:
            reply = await self._listen(question)
            if reply is not None:
                spent = prices.cost_micros(reply.usage, reply.model) + reply.lost_micros
                self.usage = added(self.usage, reply.usage)
        except ProviderFailed as failure:
            log.warning("provider.failed", turn_id=str(self._turn.id), reason=failure.reason)
            spent = most if failure.spoke else prices.cost_micros(failure.usage, failure.model)
            spent += failure.lost_micros
            self._give_up("models_down")
            return None
        finally:
            self.cost += spent
            await spending.settle(self._db, self._turn, self._purse, step=step, micros=spent)
        if reply is None or not self._is_usable(reply):
            self._give_up(None)
            return None
        if reply.stop is Stop.TRUNCATED and not reply.tool_calls:
            self._say("…")
        return reply

    async def _listen(self, question: Question) -> Reply | None:
        """Pass words on as far as the guard lets them. None: the model overstepped; it is not heard to the end."""
        guard = Guard(question.known)
        async with aclosing(self._models.reply(question.for_models, self._names)) as pieces:
            async for piece in pieces:
                self._say(guard.close() if isinstance(piece, Reply) else guard.feed(piece.text))
                if guard.violation is not None:
                    log.warning("guard.stopped", turn_id=str(self._turn.id), kind=guard.violation)
                    self._on_guard(guard.violation)
                    return None
                if isinstance(piece, Reply):
                    return piece
        raise AssertionError("a provider must end with a Reply")

    def _is_usable(self, reply: Reply) -> bool:
        """Every stop reason has its ending; False: the template answers."""
        if reply.stop is Stop.REFUSED:
            return False
        if reply.malformed_calls:
            self._malformed_steps += 1
            return self._malformed_steps < MALFORMED_STEPS_MAX
        return bool(reply.tool_calls or reply.text.strip())

    def _give_up(self, reason: str | None) -> None:
        """No model is asked again in this turn."""
        self._names = ()
        self.reason = self.reason or reason

    async def _ask_template(self, request: Request, *, before: int) -> Reply:
        self._begin_part()
        async for piece in self._template.reply(request):
            if isinstance(piece, Words):
                self._say(piece.text)
            else:
                return msgspec.structs.replace(piece, text=self._said[before:].strip())
        raise AssertionError("a provider must end with a Reply")

    def _begin_part(self) -> None:
        """What is said next is a new part of the answer."""
        self._wants_break = bool(self._said)

    def _say(self, text: str) -> None:
        if self._wants_break and text.strip():
            self._wants_break = False
            # A sentence that was broken off is shown to be.
            whole = self._said.rstrip().endswith(_SENTENCE_ENDS)
            text = (BREAK if whole else "…" + BREAK) + text.lstrip()
        if text:
            self._said += text
            self._writer.say(text)


def micros_max(request: Request, names: Sequence[str]) -> int:
    """The most that a question to any of these providers can cost. The agent's `llm_model` belongs to the first."""
    tokens = prices.estimate_tokens(request.system) + prices.estimate_tokens(
        msgspec.json.encode((request.messages, request.tools)).decode()
    )
    asked = [DEFAULT_MODELS[name] for name in names]
    asked[0] = request.model or asked[0]
    return max(prices.reserve_micros(tokens, request.max_tokens, model) for model in asked)


def added(left: Usage, right: Usage) -> Usage:
    return Usage(
        input_tokens=left.input_tokens + right.input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        cache_read_tokens=left.cache_read_tokens + right.cache_read_tokens,
        cache_write_tokens=left.cache_write_tokens + right.cache_write_tokens,
    )


def _numbered(reply: Reply, *, step: int, said: str) -> Reply:
    """Calls under ids of ours: unique in the turn, the same at every replay, nothing that a provider made up.

    Malformed calls are among `tool_calls` too, so that each gets its refusal. What no database holds is left out.
    """
    calls = (*reply.tool_calls, *reply.malformed_calls)[:CALLS_PER_STEP_MAX]
    numbered = tuple(
        ToolCall(f"call_{step}_{position}", storable(call.name), storable(call.arguments))
        for position, call in enumerate(calls, start=1)
    )
    return msgspec.structs.replace(
        reply, text=said, tool_calls=numbered, malformed_calls=numbered[len(reply.tool_calls) :]
    )
