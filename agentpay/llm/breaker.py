"""A circuit breaker: who failed often is not asked for a while. Pure state; `now` is monotonic seconds, passed in.

closed: everybody may ask. open: nobody until the wait is over. half_open: one question probes; its outcome decides.
"""

from collections import deque
from enum import StrEnum
from typing import Final

CONSECUTIVE_MAX: Final = 5
WINDOW_CALLS: Final = 20
WINDOW_CALLS_MIN: Final = 10
FAILED_PERCENT_MAX: Final = 50
OPEN_SECONDS: Final = 10.0
OPEN_SECONDS_MAX: Final = 120.0
ACCOUNT_OPEN_SECONDS: Final = 60.0
"""After a refused key or an unpaid bill: nothing but a person helps, so one probe a minute is plenty."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """One provider's. Each permitted call gets a pass and must report one outcome with it."""

    def __init__(self) -> None:
        self._passes = 0  # changes with every change of state: outcomes of an earlier state decide nothing
        self._open_until: float | None = None
        self._open_seconds = OPEN_SECONDS
        self._is_probing = False
        self._consecutive = 0
        self._window: deque[bool] = deque(maxlen=WINDOW_CALLS)

    def state(self, now: float) -> State:
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if now < self._open_until else State.HALF_OPEN

    def enter(self, now: float) -> int | None:
        """A pass to ask the provider now, or None. In half-open only one pass is out at a time."""
        state = self.state(now)
        if state is State.CLOSED:
            return self._passes
        if state is State.OPEN or self._is_probing:
            return None
        self._is_probing = True
        return self._passes

    def succeeded(self, key: int) -> None:
        """The provider answered, or refused the question for reasons of the question."""
        if key != self._passes:
            return
        if self._open_until is not None:
            self._close()
        self._consecutive = 0
        self._window.append(False)

    def failed(self, key: int, *, now: float, seconds: float | None = None, at_once: bool = False) -> None:
        """The provider failed. `seconds`: it asked us to stay away that long. `at_once`: no question has a chance."""
        if key != self._passes:
            return
        self._consecutive += 1
        self._window.append(True)
        if at_once:
            self._open(now, max(ACCOUNT_OPEN_SECONDS, seconds or 0.0))
        elif seconds:
            self._open(now, seconds)
        elif self._open_until is not None:
            self._open(now, self._open_seconds * 2)
        elif self._is_too_much():
            self._open(now, OPEN_SECONDS)

    def left(self, key: int) -> None:
        """The call was cancelled: no outcome, and the next one may probe."""
        if key == self._passes:
            self._is_probing = False

    def _is_too_much(self) -> bool:
        if self._consecutive >= CONSECUTIVE_MAX:
            return True
        calls = len(self._window)
        return calls >= WINDOW_CALLS_MIN and sum(self._window) * 100 >= calls * FAILED_PERCENT_MAX

    def _open(self, now: float, seconds: float) -> None:
        self._open_seconds = min(seconds, OPEN_SECONDS_MAX)
        self._open_until = now + self._open_seconds
        self._passes += 1
        self._is_probing = False

    def _close(self) -> None:
        self._open_until = None
        self._open_seconds = OPEN_SECONDS
        self._passes += 1
        self._is_probing = False
        self._window.clear()
