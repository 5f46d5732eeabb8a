"""Table: jobs, the truth about what is to be done later."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, one_of

JOB_STATUSES = ("pending", "running", "done", "dead")


class Job(Base):
    """One thing to do. Redis, where used, holds ids only; retries, leases and dead letters live here."""

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    dedupe_key: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    run_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    attempts_max: Mapped[int] = mapped_column(sa.Integer, server_default="8")
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("status", JOB_STATUSES),
        sa.CheckConstraint("(status = 'running') = (lease_until is not null)", name="lease_until"),
        sa.Index(
            "ix_jobs_one_per_key",
            "dedupe_key",
            unique=True,
            postgresql_where=sa.text("status in ('pending', 'running')"),
        ),
        sa.Index("ix_jobs_due", "run_at", postgresql_where=sa.text("status in ('pending', 'running')")),
        sa.Index("ix_jobs_dead", "kind", postgresql_where=sa.text("status = 'dead'")),
        sa.Index("ix_jobs_finished_at", "finished_at", postgresql_where=sa.text("status in ('done', 'dead')")),
    )


class Schedule(Base):
    """When a recurring kind is due next, by the database's clock. One process of many takes each turn."""

    __tablename__ = "schedules"

    kind: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
