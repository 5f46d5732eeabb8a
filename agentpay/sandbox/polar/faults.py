"""What goes wrong on purpose: the next calls that fail, the next webhooks that get lost; and the calls received."""

import fnmatch
import random
from datetime import datetime
from typing import Any, Literal

import msgspec

FaultKind = Literal[
    "delay",
    "hang",
    "rate_limited",
    "server_error",
    "bad_gateway",
    "unavailable",
    "reset",
    "half_answer",
    "lost_answer",
]
WebhookFaultKind = Literal["drop", "duplicate", "late", "shuffle"]

HANG_SECONDS_DEFAULT = 60.0
DELAY_SECONDS_DEFAULT = 1.0
CALLS_MAX = 20_000


class Fault(msgspec.Struct, kw_only=True):
    """One kind of trouble for the next `times` calls that match, after `skip` matching calls went well.

    `delay` waits `seconds`, then answers. `hang` waits `seconds`, then drops the connection. `rate_limited` is a 429,
    `server_error` a text/plain 500, `bad_gateway` a 502 with an HTML page, `unavailable` the health check's 503: none
    of these does any work.
    `reset` cuts the connection before any work, `lost_answer` after the work is done, `half_answer` in mid-body.
    """

    kind: FaultKind
    method: str | None = None
    path: str = "*"
    """Shell pattern over the path, e.g. `/v1/checkouts/*`."""
    times: int = 1
    skip: int = 0
    seconds: float | None = None
    retry_after: int = 60

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and fnmatch.fnmatchcase(path, self.path)


class FaultPlan:
    """Troubles ahead, in the order in which they were added."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(
        self,
        kind: FaultKind,
        *,
        method: str | None = None,
        path: str = "*",
        times: int = 1,
        skip: int = 0,
        seconds: float | None = None,
        retry_after: int = 60,
    ) -> Fault:
        fault = Fault(
            kind=kind,
            method=method,
            path=path,
            times=times,
            skip=skip,
            seconds=seconds,
            retry_after=retry_after,
        )
        self.pending.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The trouble of this call, if any. Each call uses up one turn of the first plan entry that it matches."""
        for fault in self.pending:
            if not fault.matches(method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.pending.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        self.pending.clear()


class WebhookFault(msgspec.Struct, kw_only=True):
    """`drop`: never recorded, never sent. `duplicate`: sent twice under one id. `late`: sent after `seconds`.
    `shuffle`: sent at a random moment within `seconds`, so that events overtake each other."""

    kind: WebhookFaultKind
    type: str = "*"
    times: int = 1
    seconds: float = 1.0


class WebhookPlan:
    """What happens to the next events. `seed` makes `shuffle` repeatable."""

    def __init__(self, seed: int = 7) -> None:
        self.pending: list[WebhookFault] = []
        self._random = random.Random(seed)

    def add(self, kind: WebhookFaultKind, *, type: str = "*", times: int = 1, seconds: float = 1.0) -> WebhookFault:
        fault = WebhookFault(kind=kind, type=type, times=times, seconds=seconds)
        self.pending.append(fault)
        return fault

    def fates(self, type: str) -> list[float | None]:
        """When to send an event of this type: an entry per delivery, None for "in turn", a number for seconds later."""
        for fault in self.pending:
            if not fnmatch.fnmatchcase(type, fault.type):
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.pending.remove(fault)
            return self._fates(fault)
        return [None]

    def _fates(self, fault: WebhookFault) -> list[float | None]:
        if fault.kind == "drop":
            return []
        if fault.kind == "duplicate":
            return [None, 0.0]
        if fault.kind == "late":
            return [fault.seconds]
        return [self._random.uniform(0.0, fault.seconds)]

    def clear(self) -> None:
        self.pending.clear()


class Call(msgspec.Struct, kw_only=True):
    """One call as it came in and what it got; `status` 0 when the connection was cut instead."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int
    at: datetime
    organization_id: str | None = None
