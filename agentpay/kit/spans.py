"""What took how long, inside of what: the port to a tracing system, and the tracer that does nothing.

Attributes hold names, ids, counts and kinds of errors, never what anybody wrote. `agentpay/tracing.py` speaks
OpenTelemetry.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Literal, Protocol

Value = str | int | float | Sequence[str]
Attributes = Mapping[str, Value | None]
"""None is left out."""

Kind = Literal["internal", "server", "client", "consumer"]


class Span(Protocol):
    def rename(self, name: str) -> None: ...

    def tell(self, attributes: Attributes) -> None: ...

    def fail(self, kind: str) -> None:
        """It went wrong: a short kind of error, never a message."""

    def end(self) -> None: ...


class Tracer(Protocol):
    def begin(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> Span:
        """A span inside the current one, which the caller ends: for what may end in another task's hands."""

    def within(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> AbstractContextManager[Span]:
        """The current span as long as the block runs. An exception that leaves the block fails it."""


class _Nothing:
    def rename(self, name: str) -> None:
        """Nobody hears."""

    def tell(self, attributes: Attributes) -> None:
        """Nobody hears."""

    def fail(self, kind: str) -> None:
        """Nobody hears."""

    def end(self) -> None:
        """Nobody hears."""

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nobody hears."""


class _NoTracer:
    def begin(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> Span:
        return _NOTHING

    def within(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> AbstractContextManager[Span]:
        return _NOTHING


_NOTHING: Final = _Nothing()
NO_TRACER: Final[Tracer] = _NoTracer()
"""For processes that nobody traces: a call costs nothing to speak of."""
