"""Who speaks in a conversation now: the AI, a person, nobody. Take, release, pause, close, each in one transaction."""

from typing import Any
from uuid import UUID

from agentpay.conversations import access, handoff
from agentpay.conversations.append import Appender, lock_living
from agentpay.conversations.enums import STATUS_FROM
from agentpay.conversations.errors import ConversationClosed
from agentpay.conversations.repository import update_fields
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.turns import begin, end
from agentpay.turns.hold import RunningTurn
from agentpay.turns.incoming import silence


class Standing:
    """Changes of who speaks. One a process; `owner` is the process that runs a turn which a change opens."""

    def __init__(self, db: Database, appender: Appender, jobs: Jobs, *, owner: UUID) -> None:
        self._db = db
        self._appender = appender
        self._jobs = jobs
        self._owner = owner

    async def request(self, *, organization_id: UUID, conversation_id: UUID, asked_by: str, reason: str | None) -> None:
        """Ask for a person; asking again changes nothing. Raises ConversationClosed."""
        async with self._db.transaction() as tx:
            conversation = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
            await handoff.request(
                tx, self._appender, self._jobs, conversation=conversation, asked_by=asked_by, reason=reason
            )

    async def take(
        self, *, organization_id: UUID, conversation_id: UUID, staff_name: str | None, reason: str | None
    ) -> None:
        """A person takes over. The running turn ends first: in no stream does AI text follow the take's event.

        Raises ConversationClosed, HandoffTaken.
        """
        async with self._db.transaction() as tx:
            conversation = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
            await silence(tx, self._appender, conversation=conversation, owner=self._owner)
            await handoff.take(
                tx, self._appender, self._jobs, conversation=conversation, staff_name=staff_name, reason=reason
            )

    async def release(self, *, organization_id: UUID, conversation_id: UUID) -> RunningTurn | None:
        """Give it back to the AI. A last visitor message that no staff answered opens a turn: the caller starts it."""
        async with self._db.transaction() as tx:
            conversation = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
            await handoff.release(tx, self._appender, self._jobs, conversation=conversation)
            if conversation["status"] != "escalated":
                return None
            return await self._answer_the_unanswered(tx, conversation)

    async def change(
        self, *, organization_id: UUID, conversation_id: UUID, status: str | None, fields: dict[str, Any]
    ) -> RunningTurn | None:
        """PATCH: set fields and status. Raises ConversationClosed; closing a closed conversation again is fine."""
        async with self._db.transaction() as tx:
            conversation = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
            if conversation["status"] == "closed" and (status != "closed" or fields):
                raise ConversationClosed
            if fields:
                await update_fields(tx, conversation_id=conversation_id, fields=fields)
            if status is None or status == conversation["status"]:
                return None
            assert conversation["status"] in STATUS_FROM[status]
            return await self._set_status(tx, conversation, status)

    async def cancel(self, *, organization_id: UUID, conversation_id: UUID, turn_id: UUID) -> RunningTurn | None:
        """Stop a turn; what was said stays, marked interrupted. An ended turn stays as it is."""
        async with self._db.transaction() as tx:
            conversation = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
            ended, following = await end.end(
                tx,
                self._appender,
                conversation=conversation,
                status="cancelled",
                reason="cancelled",
                owner=self._owner,
                turn_id=turn_id,
            )
            if not ended:
                await end.cancel_queued(tx, self._appender, conversation_id=conversation_id, turn_id=turn_id)
        return following

    async def _set_status(self, tx: Tx, conversation: Row, status: str) -> RunningTurn | None:
        ids = {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}
        if status == "active":
            if conversation["status"] == "escalated":
                await handoff.release(tx, self._appender, self._jobs, conversation=conversation)
            else:
                await update_fields(tx, conversation_id=conversation["id"], fields={"status": "active"})
                await self._appender.conversation_updated(tx, **ids)
            return await self._answer_the_unanswered(tx, conversation)
        await silence(tx, self._appender, conversation=conversation, owner=self._owner, reason=status)
        if status == "closed":
            await access.close(tx, self._appender, **ids)
        else:
            await update_fields(tx, conversation_id=conversation["id"], fields={"status": "paused"})
            await self._appender.conversation_updated(tx, **ids)
        return None

    async def _answer_the_unanswered(self, tx: Tx, conversation: Row) -> RunningTurn | None:
        sequence = await tx.value(
            """select max(sequence) from messages where conversation_id = %(id)s and role = 'user'
            having max(sequence) > coalesce((select max(sequence) from messages
              where conversation_id = %(id)s and role in ('staff', 'agent')), 0)""",
            {"id": conversation["id"]},
        )
        if sequence is None:
            return None
        _, running = await begin.open_turn(
            tx,
            self._appender,
            conversation=conversation,
            sequence=sequence,
            owner=self._owner,
            after=await self._last_answer(tx, conversation["id"]),
        )
        return running

    async def _last_answer(self, tx: Tx, conversation_id: UUID) -> int:
        return int(
            await tx.value(
                "select coalesce(max(sequence), 0) from messages"
                " where conversation_id = %(id)s and role in ('staff', 'agent')",
                {"id": conversation_id},
            )
        )
