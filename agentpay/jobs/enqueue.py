"""Putting a job into the table, inside the transaction of what caused it."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.db.doorbell import Doorbell
from agentpay.db.transaction import Tx
from agentpay.jobs.errors import ArgumentsTooLarge
from agentpay.jobs.repository import ATTEMPTS_MAX
from agentpay.kit.ids import uuid7

TOPIC: Final = "jobs"
ARGUMENTS_BYTES_MAX: Final = 64 * 1024

# Takes a job's id and in how many seconds it is due. Must neither block nor raise: whether it arrives does not matter.
Push = Callable[[UUID, float], None]

_INSERT = """
insert into jobs (id, kind, arguments, dedupe_key, run_at, attempts_max)
values (%(id)s, %(kind)s, %(arguments)s, %(key)s,
  clock_timestamp() + make_interval(secs => %(delay)s), %(attempts_max)s)
on conflict (dedupe_key) where status in ('pending', 'running') do nothing
"""


class Jobs:
    """Where jobs are enqueued. One a process. `push` tells another wake-up than the doorbell: Redis."""

    def __init__(self, doorbell: Doorbell, *, push: Push | None = None) -> None:
        self._doorbell = doorbell
        self._push = push

    async def enqueue(
        self,
        tx: Tx,
        kind: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        delay_seconds: float = 0,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        """Store a job that commits with `tx`; workers hear of it after the commit.

        `arguments` hold ids only (as text), never texts or secrets. While a job with the same `key` is pending or
        running, nothing is added. Raises ArgumentsTooLarge.
        """
        plain = {name: _plain(value) for name, value in (arguments or {}).items()}
        if len(msgspec.json.encode(plain)) > ARGUMENTS_BYTES_MAX:
            raise ArgumentsTooLarge(f"{kind}: more than {ARGUMENTS_BYTES_MAX} bytes of arguments")
        job_id = uuid7()
        row = {
            "id": job_id,
            "kind": kind,
            "arguments": Jsonb(plain),
            "key": key,
            "delay": delay_seconds,
            "attempts_max": attempts_max,
        }
        if await tx.execute(_INSERT, row):
            tx.after_commit(lambda: self._tell(job_id, delay_seconds))

    def _tell(self, job_id: UUID, delay_seconds: float) -> None:
        if self._push is not None:
            self._push(job_id, delay_seconds)
        if not delay_seconds:
            self._doorbell.ring(TOPIC)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
