"""Tables of who calls how often, and what was answered: idempotency keys and rate windows. Logs, pruned by age."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, one_of


class IdempotencyKey(Base):
    """The first answer to a key, kept 24 hours per caller. Messages refer to their turn instead of a body."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]  # method, path, raw body
    status: Mapped[str] = mapped_column(server_default="running")
    turn_id: Mapped[UUID | None]  # no foreign key: turns stand above; erasure deletes by conversation
    message_id: Mapped[UUID | None]
    response_status: Mapped[int | None] = mapped_column(sa.Integer)
    response_body: Mapped[bytes | None]  # secrets shown once are left out
    response_headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    locked_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    __table_args__ = (
        one_of("status", ("running", "done")),
        sa.CheckConstraint("caller ~ '^(admin|organization|conversation):'", name="caller"),
        sa.CheckConstraint("length(key) between 1 and 255", name="key"),
        sa.CheckConstraint("octet_length(request_hash) = 32", name="request_hash"),
        sa.CheckConstraint(
            "status = 'running' or message_id is not null or response_status is not null", name="answer"
        ),
        sa.Index("ix_idempotency_keys_created_at", "created_at", postgresql_using="brin"),
    )


class RateWindow(Base):
    """How much of a bucket was used in a window that starts at `window_start` by the database's clock."""

    __tablename__ = "rate_windows"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(sa.Integer)

    __table_args__ = (sa.Index("ix_rate_windows_window_start", "window_start", postgresql_using="brin"),)
