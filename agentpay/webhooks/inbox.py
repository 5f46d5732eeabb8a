"""Receiving a delivery: verified, stored, then acknowledged. Nothing else happens before Polar gets its answer.

Deliveries that arrive while a write is under way are stored by the next one, in one statement and one commit: under
load that is most of the cost, alone it costs nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotAllowed
from agentpay.kit.ids import uuid7
from agentpay.organizations.secrets import Vault
from agentpay.webhooks.apply import TOPIC
from agentpay.webhooks.signature import is_genuine

TYPE_CHARACTERS_MAX = 100
WEBHOOK_ID_CHARACTERS_MAX = 255
BATCH_MAX = 200
BATCH_BYTES_MAX = 4 * 1024 * 1024

OnReceived = Callable[[str, int], None]
"""Outcome (`stored`, `repeated`, `refused`) and of how many deliveries."""

_STORE = """
insert into deliveries (id, organization_id, webhook_id, type, sent_at, body)
select id, organization_id, webhook_id, type, coalesce(sent_at, now()), body
from unnest(%b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::timestamptz[], %b::bytea[])
  as given(id, organization_id, webhook_id, type, sent_at, body)
on conflict (organization_id, webhook_id) do nothing
"""


class Envelope(msgspec.Struct):
    """What is read before storing. Anything else waits."""

    type: str = ""
    timestamp: datetime | None = None


_decoder = msgspec.json.Decoder(Envelope)


def open_envelope(body: bytes) -> Envelope:
    """Type and time of a body; empty for one that is no JSON: it is stored all the same, and ignored."""
    try:
        envelope = _decoder.decode(body)
    except msgspec.DecodeError:
        return Envelope()
    envelope.type = envelope.type.replace("\x00", "")[:TYPE_CHARACTERS_MAX]
    if envelope.timestamp is not None and envelope.timestamp.tzinfo is None:
        envelope.timestamp = None
    return envelope


class Sent(msgspec.Struct, frozen=True, eq=False):
    """A genuine delivery on its way into the table, and who waits for it to be there."""

    organization_id: UUID
    webhook_id: str
    envelope: Envelope
    body: bytes
    stored: "asyncio.Future[None]"


class Inbox:
    """Takes what Polar sends. One a process."""

    def __init__(
        self, db: Database, doorbell: Doorbell, vault: Vault, *, clock: Clock, observe: OnReceived = lambda *_: None
    ) -> None:
        self._db = db
        self._doorbell = doorbell
        self._vault = vault
        self._clock = clock
        self._observe = observe
        self._waiting: deque[Sent] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def receive(
        self, *, organization_id: UUID, webhook_id: str, timestamp: str, signatures: str, body: bytes
    ) -> None:
        """Store a genuine delivery, once by its `webhook_id`; when this returns, it is committed.

        Raises `NotAllowed` for what Polar did not sign with this organization's secret: that is stored nowhere.
        """

        def fits(secrets: list[str]) -> bool:
            return is_genuine(
                secrets=secrets,
                webhook_id=webhook_id,
                timestamp=timestamp,
                signatures=signatures,
                body=body,
                now=self._clock().timestamp(),
            )

        # A secret that was set or rotated a moment ago on another replica is not remembered here yet.
        if not fits(await self._vault.remembered(self._db, organization_id, "webhook")) and not fits(
            await self._vault.valid(self._db, organization_id, "webhook")
        ):
            self._observe("refused", 1)
            raise NotAllowed("The webhook's signature is missing or wrong.")
        await self._store(organization_id, webhook_id[:WEBHOOK_ID_CHARACTERS_MAX], body)

    async def _store(self, organization_id: UUID, webhook_id: str, body: bytes) -> None:
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(Sent(organization_id, webhook_id, open_envelope(body), body, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="inbox")
        await stored

    async def _write(self) -> None:
        """Until nobody waits. What cannot be stored fails whoever waits for it, and no other delivery."""
        while self._waiting:
            batch = take(self._waiting)
            try:
                await self._insert(batch)
            except (psycopg.DataError, psycopg.IntegrityError):
                await self._one_by_one(batch)
            except BaseException as error:  # boundary: the requests that wait answer for it
                tell(batch, error)
                if not isinstance(error, Exception):
                    raise
            else:
                tell(batch, None)

    async def _one_by_one(self, batch: Sequence[Sent]) -> None:
        for sent in batch:
            try:
                await self._insert([sent])
            except Exception as error:  # boundary: the request that waits answers for it
                tell([sent], error)
            else:
                tell([sent], None)

    async def _insert(self, batch: Sequence[Sent]) -> None:
        columns = (
            [uuid7() for _ in batch],
            [sent.organization_id for sent in batch],
            [sent.webhook_id for sent in batch],
            [sent.envelope.type for sent in batch],
            [sent.envelope.timestamp for sent in batch],
            [sent.body for sent in batch],
        )
        stored = await self._db.run(_STORE, columns)
        if stored:
            self._doorbell.ring(TOPIC)
            self._observe("stored", stored)
        if len(batch) > stored:
            self._observe("repeated", len(batch) - stored)


def take(waiting: deque[Sent]) -> list[Sent]:
    """The next batch, in order of arrival: at least one, bounded in number and bytes."""
    batch = [waiting.popleft()]
    size = len(batch[0].body)
    while waiting and len(batch) < BATCH_MAX and size + len(waiting[0].body) <= BATCH_BYTES_MAX:
        batch.append(waiting.popleft())
        size += len(batch[-1].body)
    return batch


def tell(batch: Sequence[Sent], error: BaseException | None) -> None:
    """Wake those who still wait."""
    for sent in batch:
        if sent.stored.done():
            continue
        if error is None:
            sent.stored.set_result(None)
        elif isinstance(error, Exception):
            sent.stored.set_exception(error)
        else:
            sent.stored.cancel()
