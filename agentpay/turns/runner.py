"""Turns as supervised tasks of this process: started, fenced, ended, taken over from dead processes.

Each process has one row whose lease is its heartbeat; turns name their owner. Every second each process looks for
running turns without a living owner and takes them over under a new attempt.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import psycopg
import structlog

from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import NotFound, Unavailable
from agentpay.kit.spans import NO_TRACER, Attributes, Span, Tracer
from agentpay.turns import begin, end, escalate, steps
from agentpay.turns.flush import DraftWriter, Flusher
from agentpay.turns.hold import RunningTurn, TurnLost, hold
from agentpay.turns.loop import Loop, Outcome
from agentpay.turns.prepared import Prepared

log = structlog.get_logger()

LEASE_SECONDS = 3
BEAT_SECONDS = 1.0
TAKEOVERS_PER_SWEEP = 20
RETRY_SECONDS = 1.0
TRIES_MAX = 3
TEMPLATE = "template"

APOLOGIES = {
    "en": "Sorry, something went wrong on my side. Please write that once more, or ask for a person.",
    "pt": "Desculpe, algo deu errado por aqui. Escreva de novo, por favor, ou peça para falar com uma pessoa.",
}

Prepare = Callable[[RunningTurn], Awaitable[Prepared]]


class Ended(msgspec.Struct, frozen=True):
    """How a turn of this process ended, for who counts. `provider`: who had the last word."""

    status: str
    reason: str | None
    provider: str
    seconds: float
    first_word_seconds: float | None


class Runner:
    """Runs this process's turns. One a process."""

    def __init__(
        self,
        db: Database,
        appender: Appender,
        jobs: Jobs,
        flusher: Flusher,
        loop: Loop,
        *,
        prepare: Prepare,
        process_id: UUID,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._db = db
        self._appender = appender
        self._jobs = jobs
        self._flusher = flusher
        self._loop = loop
        self._prepare = prepare
        self.process_id = process_id
        self._tracer = tracer
        self.on_end: Callable[[Ended], None] = _unobserved
        self.on_taken_over: Callable[[], None] = _nobody_counts
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._is_draining = False
        self._has_left = False
        self._row = asyncio.Lock()

    @property
    def running_count(self) -> int:
        return len(self._tasks)

    async def register(self) -> None:
        """Enter this process, so that turns may name it as their owner. Who has left does not come back."""
        async with self._row:
            if self._has_left:
                return
            await self._db.run(
                f"""insert into processes (id, lease_until)
                values (%(id)s, clock_timestamp() + interval '{LEASE_SECONDS} seconds')
                on conflict (id) do update set lease_until = excluded.lease_until""",
                {"id": self.process_id},
            )

    def start(self, turn: RunningTurn) -> None:
        """Run the turn as a task of this process, whoever listens. An earlier attempt here has lost it: it ends."""
        earlier = self._tasks.get(turn.id)
        if earlier is not None:
            earlier.cancel()
        task = asyncio.create_task(self._supervise(turn), name=f"turn {turn.id}")
        self._tasks[turn.id] = task
        task.add_done_callback(lambda done: self._forget(turn.id, done))

    async def run(self) -> None:
        """Beat and sweep until cancelled."""
        while True:
            with contextlib.suppress(psycopg.Error, Unavailable):
                await self.register()
                await self._flusher.look()
                if not self._is_draining:
                    await self.take_over()
            await asyncio.sleep(BEAT_SECONDS)

    async def take_over(self) -> int:
        """Take running turns without a living owner under a new attempt; returns how many."""
        taken = 0
        rows = await self._db.all(
            f"""select t.id, t.organization_id, t.conversation_id from turns t
            left join processes p on p.id = t.owner and p.lease_until > clock_timestamp()
            where t.status = 'running' and p.id is null
            order by t.created_at limit {TAKEOVERS_PER_SWEEP}"""
        )
        for row in rows:
            try:
                turn = await self._claim(row["id"], row["organization_id"], row["conversation_id"])
            except NotFound:
                continue  # gone with its conversation in the meantime
            if turn is not None:
                log.info("turn.taken_over", turn_id=str(turn.id), attempt=turn.attempt)
                self.on_taken_over()
                self.start(turn)
                taken += 1
        return taken

    async def drain(self, seconds: float) -> None:
        """Let running turns finish for `seconds`, then give the rest away: any process takes them over at once."""
        self._is_draining = True
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        # Checkouts may be waited for after this: a beat meanwhile would keep the turns from those who can run them.
        async with self._row:
            self._has_left = True
            with contextlib.suppress(psycopg.Error, Unavailable):
                await self._db.run("delete from processes where id = %(id)s", {"id": self.process_id})

    async def _claim(self, turn_id: UUID, organization_id: UUID, conversation_id: UUID) -> RunningTurn | None:
        async with self._db.transaction() as tx:
            await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
            turn = await tx.one(
                f"""update turns set attempt = attempt + 1, owner = %(owner)s
                where id = %(id)s and status = 'running' and not exists (
                  select 1 from processes p where p.id = turns.owner and p.lease_until > clock_timestamp())
                returning {begin.COLUMNS}""",
                {"id": turn_id, "owner": self.process_id},
                row=RunningTurn,
            )
            if turn is not None:
                await begin.tell_started(tx, self._appender, turn=turn)
        return turn

    async def _supervise(self, turn: RunningTurn) -> None:
        task = asyncio.current_task()
        assert task is not None
        lost = asyncio.Event()

        def on_lost() -> None:
            lost.set()
            task.cancel()

        writer = self._flusher.open(turn, lost=on_lost)
        try:
            with structlog.contextvars.bound_contextvars(**names_of(turn)):
                await self._trace(turn, writer, lost)
        finally:
            self._flusher.close(writer)

    async def _trace(self, turn: RunningTurn, writer: DraftWriter, lost: asyncio.Event) -> None:
        attributes: Attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.conversation.id": str(turn.conversation_id),
            "agentpay.organization_id": str(turn.organization_id),
            "agentpay.turn_id": str(turn.id),
            "agentpay.attempt": turn.attempt,
        }
        with self._tracer.within("invoke_agent", attributes=attributes) as span:
            try:
                await self._answer(turn, writer, span)
            except TurnLost:
                self._lost(turn, span)
            except asyncio.CancelledError:
                if not lost.is_set():
                    raise
                self._lost(turn, span)

    def _lost(self, turn: RunningTurn, span: Span) -> None:
        log.info("turn.lost", attempt=turn.attempt)
        span.fail("lost")

    async def _answer(self, turn: RunningTurn, writer: DraftWriter, span: Span) -> None:
        outcome: Outcome
        try:
            prepared = await self._with_retries(turn)
            agent = prepared.agent
            span.tell({"gen_ai.agent.id": str(agent.id), "agentpay.agent.version": agent.version})
            outcome = await self._loop.run(turn, prepared, writer)
        except (TurnLost, NotFound):
            raise TurnLost from None
        except Exception as error:  # boundary: a turn that fails is ended, never left running
            log.error("turn.failed", exc_info=error)
            outcome = Outcome("failed", "error", end.FinalReply())
        if outcome.status == "failed" and not writer.has_spoken:
            writer.say(await self._apology(turn))
        await self._end(turn, writer, outcome, span)

    async def _apology(self, turn: RunningTurn) -> str:
        """What a visitor reads when nothing else came of the turn: a turn ends with something they can use."""
        language = None
        with contextlib.suppress(psycopg.Error, Unavailable):
            language = await self._db.value(
                "select agent_state ->> 'language' from conversations where id = %(id)s", {"id": turn.conversation_id}
            )
        return APOLOGIES["pt" if language == "pt" else "en"]

    async def _with_retries(self, turn: RunningTurn) -> Prepared:
        """The database may be away for a moment: reading is tried again before a turn is given up."""
        for _ in range(TRIES_MAX - 1):
            try:
                return await self._prepare(turn)
            except (psycopg.OperationalError, Unavailable):
                await asyncio.sleep(RETRY_SECONDS)
        return await self._prepare(turn)

    async def _end(self, turn: RunningTurn, writer: DraftWriter, outcome: Outcome, span: Span) -> None:
        tail = await writer.take_rest()
        while True:
            try:
                following = await self._store_end(turn, outcome, tail=tail)
                break
            except (psycopg.OperationalError, Unavailable) as error:
                # Whether it was stored is unknown: `status = 'running'` decides, so asking again is safe.
                log.warning("turn.unended", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        if tail:
            writer.told(tail)
        self._tell(writer, outcome, span)
        if following is not None:
            # Of another message: neither its request nor this turn is what it belongs to.
            contextvars.Context().run(self.start, following)

    def _tell(self, writer: DraftWriter, outcome: Outcome, span: Span) -> None:
        provider = outcome.reply.llm_provider or TEMPLATE
        ended = Ended(outcome.status, outcome.reason, provider, writer.seconds, writer.first_word_seconds)
        log.info(
            "turn.completed",
            status=ended.status,
            reason=ended.reason,
            provider=provider,
            seconds=round(ended.seconds, 3),
        )
        span.tell(
            {
                "agentpay.turn.status": ended.status,
                "agentpay.turn.reason": ended.reason,
                "agentpay.first_word_seconds": ended.first_word_seconds,
                "gen_ai.provider.name": provider,
            }
        )
        if ended.status == "failed":
            span.fail(ended.reason or "failed")
        self.on_end(ended)

    async def _store_end(self, turn: RunningTurn, outcome: Outcome, *, tail: str) -> RunningTurn | None:
        """The waiting turn, if it runs now."""
        async with self._db.transaction() as tx:
            conversation = await hold(tx, turn)
            if outcome.last_step is not None:
                await steps.store(tx, outcome.last_step)
            _, following = await end.end(
                tx,
                self._appender,
                conversation=conversation,
                status=outcome.status,
                reason=outcome.reason,
                owner=self.process_id,
                turn_id=turn.id,
                attempt=turn.attempt,
                reply=msgspec.structs.replace(outcome.reply, tail=tail),
            )
            await escalate.after_failures(
                tx,
                self._appender,
                self._jobs,
                conversation=conversation,
                turn=turn,
                status=outcome.status,
                agent_state=outcome.reply.agent_state,
            )
        return following

    def _forget(self, turn_id: UUID, task: asyncio.Task[None]) -> None:
        if self._tasks.get(turn_id) is task:
            del self._tasks[turn_id]


def names_of(turn: RunningTurn) -> dict[str, str]:
    """What every log line of a turn says."""
    return {
        "turn_id": str(turn.id),
        "organization_id": str(turn.organization_id),
        "conversation_id": str(turn.conversation_id),
    }


def _unobserved(turn: Ended) -> None:
    """Nobody counts how turns end, until the composition root says who does."""


def _nobody_counts() -> None:
    """Nor takeovers."""
