"""A bounded memory of recent answers: what may be some seconds old costs no query."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remembers up to `entries_max` answers, fresh for `seconds`; the oldest goes first."""

    def __init__(self, *, seconds: float, entries_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._entries_max = entries_max
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}

    def find_fresh(self, key: K) -> tuple[V] | None:
        """The answer in a tuple, so that None can be an answer too."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= self._clock():
            return None
        return (entry[1],)

    def find_stale(self, key: K) -> tuple[V] | None:
        """The last answer, however old: for when a new one cannot be had."""
        entry = self._entries.get(key)
        return None if entry is None else (entry[1],)

    def keep(self, key: K, value: V, *, asked_at: float) -> V:
        """Remember `value`, which was true at `asked_at`: time spent asking is not added to its age."""
        self._entries.pop(key, None)
        while len(self._entries) >= self._entries_max:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (asked_at + self._seconds, value)
        return value

    def now(self) -> float:
        return self._clock()

    def __len__(self) -> int:
        return len(self._entries)
