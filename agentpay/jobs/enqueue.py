"""Putting a job into the table, inside the transaction of what caused it."""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from agentpay.db.doorbell import Doorbell
from agentpay.db.transaction import Tx
from agentpay.kit.ids import uuid7

TOPIC = "jobs"
ATTEMPTS_MAX = 8

_INSERT = """
insert into jobs (id, kind, arguments, dedupe_key, run_at, attempts_max)
values (%(id)s, %(kind)s, %(arguments)s, %(key)s,
  clock_timestamp() + make_interval(secs => %(delay)s), %(attempts_max)s)
on conflict (dedupe_key) where status in ('pending', 'running') do nothing
"""


class Jobs:
    """Where jobs are enqueued. One a process."""

    def __init__(self, doorbell: Doorbell) -> None:
        self._doorbell = doorbell

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
        running, nothing is added.
        """
        row = {
            "id": uuid7(),
            "kind": kind,
            "arguments": Jsonb({name: _plain(value) for name, value in (arguments or {}).items()}),
            "key": key,
            "delay": delay_seconds,
            "attempts_max": attempts_max,
        }
        if await tx.execute(_INSERT, row) and not delay_seconds:
            tx.after_commit(lambda: self._doorbell.ring(TOPIC))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
