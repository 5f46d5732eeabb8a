"""Storing a delivery: the one thing that happens before Polar gets its answer."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7

TYPE_CHARACTERS_MAX = 100
WEBHOOK_ID_CHARACTERS_MAX = 255


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
    envelope.type = envelope.type.replace("\x00", "")
    if envelope.timestamp is not None and envelope.timestamp.tzinfo is None:
        envelope.timestamp = None
    return envelope


async def store(db: Database, *, organization_id: UUID, webhook_id: str, envelope: Envelope, body: bytes) -> bool:
    """Store the delivery, once by its `webhook-id`. Returns whether it is new."""
    return bool(
        await db.run(
            """insert into deliveries (id, organization_id, webhook_id, type, sent_at, body)
            values (%(id)s, %(organization_id)s, %(webhook_id)s, %(type)s, coalesce(%(sent_at)s, now()), %(body)s)
            on conflict (organization_id, webhook_id) do nothing""",
            {
                "id": uuid7(),
                "organization_id": organization_id,
                "webhook_id": webhook_id[:WEBHOOK_ID_CHARACTERS_MAX],
                "type": envelope.type[:TYPE_CHARACTERS_MAX],
                "sent_at": envelope.timestamp,
                "body": body,
            },
        )
    )
