"""A reply as it grows, whatever protocol it comes in: bounded words, bounded calls, one named ending. Pure."""

from collections.abc import Hashable
from typing import Any, Final, Protocol

import msgspec

from agentpay.llm.types import Reply, Stop, ToolCall, Usage

REPLY_BYTES_MAX: Final = 64 * 1024
ARGUMENTS_BYTES_MAX: Final = 16 * 1024
CALLS_MAX: Final = 16
"""Of one reply; what comes after is dropped, as if never asked for."""


class Reader(Protocol):
    """One provider's protocol: bytes in, words out, then the reply."""

    heard: int
    """Grows with every piece of content, also of calls and thoughts; pings do not count."""
    is_over: bool
    """Nothing that counts will follow: stop reading."""
    is_finished: bool
    """The provider itself ended the stream: only its last byte is missing."""

    @property
    def usage(self) -> Usage:
        """What it has cost so far."""
        ...

    @property
    def is_whole(self) -> bool:
        """The answer is complete; only counts and farewells may follow, and their lack spoils nothing."""
        ...

    def feed(self, chunk: bytes) -> str:
        """The words that `chunk` brought, often none. Raises ProviderFailed."""
        ...

    def finish(self) -> str:
        """The words of an event that the closing stream left without its last line end. Raises ProviderFailed."""
        ...

    def reply(self) -> Reply:
        """The whole answer, once the stream ended. Raises ProviderFailed if it ended too early."""
        ...


class _Call(msgspec.Struct):
    id: str
    name: str
    json: list[str] = []
    bytes: int = 0
    whole: dict[str, Any] | None = None


class Collected:
    """Words and calls so far."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._bytes = 0
        self._calls: dict[Hashable, _Call] = {}
        self.is_full = False

    @property
    def text(self) -> str:
        return "".join(self._words)

    @property
    def written(self) -> str:
        """Words and arguments, to estimate what was not counted."""
        return self.text + "".join(piece for call in self._calls.values() for piece in call.json)

    def say(self, words: str) -> str:
        """Take words; returns what of them fits into a reply, and sets `is_full` where one ends by our own bound."""
        room = REPLY_BYTES_MAX - self._bytes
        size = len(words) if words.isascii() else len(words.encode(errors="replace"))
        if size > room:
            self.is_full = True
            words = words.encode(errors="replace")[:room].decode(errors="ignore")
        self._bytes += size
        if words:
            self._words.append(words)
        return words

    def begin_call(self, key: Hashable, *, id: str, name: str) -> None:
        """A call was announced; one beyond `CALLS_MAX` is dropped with all that belongs to it."""
        if key not in self._calls and len(self._calls) < CALLS_MAX:
            self._calls[key] = _Call(id, name)

    def name_call(self, key: Hashable, *, id: str = "", name: str = "") -> None:
        """What an announcement left open came later."""
        if (call := self._calls.get(key)) is not None:
            call.id, call.name = call.id or id, call.name or name

    def extend_call(self, key: Hashable, json: str) -> None:
        """A piece of a call's arguments."""
        if (call := self._calls.get(key)) is not None and call.bytes <= ARGUMENTS_BYTES_MAX:
            call.bytes += len(json.encode(errors="replace"))
            call.json.append(json)

    def fill_call(self, key: Hashable, arguments: dict[str, Any]) -> None:
        """A call's arguments in one piece."""
        if (call := self._calls.get(key)) is not None and call.whole is None:
            call.whole = arguments

    def has_whole_arguments(self, key: Hashable) -> bool:
        """Whether a call's arguments are complete already: more of them would belong to another call."""
        call = self._calls.get(key)
        return call is not None and bool(call.json or call.whole) and _arguments(call) is not None

    def reply(self, *, stop: Stop, usage: Usage, provider: str, model: str) -> Reply:
        """The reply. `stop` is what the provider said; what is really there decides between done, tools and empty."""
        text = self.text
        sound, malformed = self._sorted_calls() if stop is not Stop.REFUSED else ((), ())
        return Reply(
            text,
            tool_calls=sound,
            malformed_calls=malformed,
            stop=_ending(Stop.TRUNCATED if self.is_full else stop, text=text, calls=len(sound) + len(malformed)),
            usage=usage,
            provider=provider,
            model=model,
        )

    def _sorted_calls(self) -> tuple[tuple[ToolCall, ...], tuple[ToolCall, ...]]:
        sound: list[ToolCall] = []
        malformed: list[ToolCall] = []
        taken: set[str] = set()
        for number, call in enumerate(self._calls.values(), 1):
            id = call.id if call.id and call.id not in taken else f"{call.id or 'call'}_{number}"
            taken.add(id)
            arguments = _arguments(call)
            kept = sound if arguments is not None and call.name else malformed
            kept.append(ToolCall(id, call.name or "unknown", arguments or {}))
        return tuple(sound), tuple(malformed)


def _arguments(call: _Call) -> dict[str, Any] | None:
    """A call's arguments, or None unless they are one JSON object. Nothing at all is an empty object."""
    if call.whole is not None and not call.json:
        size = len(msgspec.json.encode(call.whole))
        return call.whole if size <= ARGUMENTS_BYTES_MAX else None
    if call.bytes > ARGUMENTS_BYTES_MAX:
        return None
    text = "".join(call.json)
    if not text.strip():
        return {}
    try:
        return msgspec.json.decode(text.encode(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _ending(stop: Stop, *, text: str, calls: int) -> Stop:
    if stop is Stop.REFUSED:
        return stop
    if not calls and not text.strip():
        return Stop.EMPTY
    if stop is Stop.TRUNCATED:
        return stop
    return Stop.TOOLS if calls else Stop.DONE
