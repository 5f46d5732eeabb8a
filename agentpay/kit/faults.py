"""Points at which a test has this very process killed, as the kernel would: no cleanup, no last word.

Production arms nothing, and passing a point is one comparison. `AGENTPAY_FAULT=<label>#<n>` kills the process when it
reaches `label` for the n-th time; `AGENTPAY_FAULT=record` prints every label it passes to stderr. Labels come by
themselves: before and after every commit, named for the function that opened the transaction, and before and after
every call at Polar, named for method and path. What is armed is the process, hence the only mutable global here.
"""

import os
import re
import signal
import sys
from collections import Counter
from types import FrameType
from typing import Literal, Protocol

RECORD = "record"
RECORDED = "fault-point "
"""What a recording process writes before each label."""
_FORM = re.compile(r"(?P<label>.+)#(?P<number>[1-9][0-9]{0,5})")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_OWN = "agentpay."

Moment = Literal["before", "after"]


class _Trap(Protocol):
    def reached(self, label: str) -> None: ...


class _Kill:
    def __init__(self, label: str, number: int) -> None:
        self._label = label
        self._left = number

    def reached(self, label: str) -> None:
        if label == self._label:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class _Record:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def reached(self, label: str) -> None:
        self._counts[label] += 1
        print(f"{RECORDED}{label}#{self._counts[label]}", file=sys.stderr, flush=True)  # noqa: T201 (its whole purpose)


_trap: _Trap | None = None


def check(fault: str) -> None:
    """Raises ValueError unless `fault` is `record` or `<label>#<n>`."""
    if fault != RECORD and _FORM.fullmatch(fault) is None:
        raise ValueError("must be <label>#<number> or record")


def arm(fault: str | None) -> None:
    """Arm this process; None does nothing. Only commands that are a whole process call it. Raises ValueError."""
    global _trap
    if fault is None:
        return
    check(fault)
    found = _FORM.fullmatch(fault)
    _trap = _Record() if found is None else _Kill(found["label"], int(found["number"]))


def commit(moment: Moment) -> None:
    """A transaction is about to commit, or has committed. Called from inside the block that opened it."""
    if _trap is not None:
        _trap.reached(f"{moment} commit of {_opener(sys._getframe(1))}")


def call(moment: Moment, method: str, path: str) -> None:
    """A call at Polar is about to be sent, or its answer is here and nobody knows it yet."""
    if _trap is not None:
        _trap.reached(f"{moment} {method} {_ID.sub('…', path)}")


def _opener(frame: FrameType | None) -> str:
    """The function of ours that opened the transaction: the nearest one outside the database package."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_OWN) and not module.startswith(f"{_OWN}db."):
            return f"{module.removeprefix(_OWN)}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "nobody"
