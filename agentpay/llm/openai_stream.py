"""A chat-completions stream, read. Pure: bytes that may be cut anywhere in, words and one reply out.

Servers that call themselves compatible differ: usage, ids, indexes, finish reasons and the last line may be missing,
arguments may come in one piece or as an object. Each of these is understood here.
"""

from collections.abc import Hashable
from typing import Any, Final, Never

import msgspec

from agentpay.llm import failures, prices
from agentpay.llm.collect import Collected
from agentpay.llm.port import ProviderFailed
from agentpay.llm.sse import EventSplitter, StreamTooLong
from agentpay.llm.types import Reply, Stop, Usage

NAME: Final = "openai"

_DONE: Final = b"[DONE]"
_STOPS: Final = {
    "stop": Stop.DONE,
    "tool_calls": Stop.TOOLS,
    "function_call": Stop.TOOLS,
    "length": Stop.TRUNCATED,
    "content_filter": Stop.REFUSED,
}
"""A reason that is not listed ends like `stop`: what came is what there is."""


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Part(msgspec.Struct):
    text: str | None = None


class _Delta(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Cached(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    code: str | int | None = None


class _Chunk(msgspec.Struct):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Counts | None = None
    error: _Error | str | None = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode


class OpenAIReader:
    """Reads one reply. `asked` is the body that was sent: its length is the estimate where a server counts nothing."""

    def __init__(self, *, model: str, asked: bytes) -> None:
        self.heard = 0
        self.is_over = False
        self.is_finished = False
        self._asked = asked
        self._model = model
        self._counted: Usage | None = None
        self._events = EventSplitter()
        self._collected = Collected()
        self._stop: str | None = None
        self._is_refused = False
        self._latest: Hashable = None
        self._ids: dict[Hashable, str] = {}

    @property
    def is_whole(self) -> bool:
        """Why it stops was said, or that it is done."""
        return self._stop is not None or self.is_over

    @property
    def usage(self) -> Usage:
        """As the server counted, else our own conservative estimate of what was asked and said."""
        if self._counted is not None:
            return self._counted
        if not self.heard:
            return Usage()
        told = self._asked.decode(errors="replace")
        return Usage(prices.estimate_tokens(told), prices.estimate_tokens(self._collected.written))

    def feed(self, chunk: bytes) -> str:
        """The words that `chunk` brought. Raises ProviderFailed for an error and for what is no chunk."""
        try:
            found = self._events.feed(chunk)
        except StreamTooLong:
            raise failures.failed(failures.OVERSIZED) from None
        return "".join([self._take(data) for data in found if not self.is_over])

    def finish(self) -> str:
        """The words of a last line that nobody ended; if it was cut within, it brings none."""
        try:
            return "".join([self._take(data) for data in self._events.flush() if not self.is_over])
        except (ProviderFailed, StreamTooLong):
            return ""

    def reply(self) -> Reply:
        """The whole answer. Raises ProviderFailed(`broken_stream`) if the stream ended before it was whole."""
        if not self.is_whole:
            raise failures.failed(failures.BROKEN_STREAM)
        stop = Stop.REFUSED if self._is_refused else _STOPS.get(self._stop or "", Stop.DONE)
        return self._collected.reply(stop=stop, usage=self.usage, provider=NAME, model=self._model)

    def _take(self, data: bytes) -> str:
        if data.strip() == _DONE:
            # Without a word and without a reason nothing was answered.
            self.is_over = self.is_finished = bool(self.heard) or self._stop is not None
            return ""
        try:
            chunk = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise failures.failed(failures.MALFORMED) from None
        if chunk.error is not None:
            _fail(chunk.error)
        self._model = chunk.model or self._model
        self._count(chunk.usage)
        return "".join([self._choice(choice) for choice in chunk.choices or () if choice.index == 0])

    def _choice(self, choice: _Choice) -> str:
        words = self._delta(choice.delta) if choice.delta is not None else ""
        if choice.finish_reason:
            self._stop = choice.finish_reason
            self.heard += 1
        return words

    def _delta(self, delta: _Delta) -> str:
        content = delta.content
        text = content if isinstance(content, str) else "".join(part.text or "" for part in content or ())
        self.heard += bool(text or delta.tool_calls or delta.refusal or delta.reasoning or delta.reasoning_content)
        self._is_refused = self._is_refused or bool(delta.refusal)
        for call in delta.tool_calls or ():
            self._call(call, call.function or _Function())
        said = self._collected.say(text) if text else ""
        if self._collected.is_full:
            self.is_over = True
        return said

    def _call(self, call: _Call, function: _Function) -> None:
        key = self._key(call, function)
        if key not in self._ids:
            self._collected.begin_call(key, id=call.id or "", name=function.name or "")
        self._collected.name_call(key, id=call.id or "", name=function.name or "")
        self._ids[key] = self._ids.get(key) or call.id or ""
        self._latest = key
        if isinstance(function.arguments, dict):
            self._collected.fill_call(key, function.arguments)
        elif function.arguments:
            self._collected.extend_call(key, function.arguments)

    def _key(self, call: _Call, function: _Function) -> Hashable:
        """Which call a piece belongs to: by index, unless its id, or a whole call before it, says that it is new."""
        if call.index is None and not call.id and not function.name and self._latest is not None:
            return self._latest
        if call.index is None:
            same = [key for key, id in self._ids.items() if call.id and id == call.id]
            return same[0] if same else ("new", len(self._ids))
        moved = self._latest if self._is_moved(call.index) else call.index
        known = self._ids.get(moved)
        if known is None:
            return moved
        is_other = call.id != known if call.id and known else self._collected.has_whole_arguments(moved)
        return ("again", call.index, len(self._ids)) if function.name and is_other else moved

    def _is_moved(self, index: int) -> bool:
        """The latest call shares its index with an earlier one."""
        return isinstance(self._latest, tuple) and self._latest[:2] == ("again", index)

    def _count(self, counts: _Counts | None) -> None:
        """Cached tokens are part of the prompt's at OpenAI; ours never overlap."""
        if counts is None or counts.prompt_tokens is None:
            return
        details = counts.prompt_tokens_details or _Cached()
        read, written = details.cached_tokens or 0, details.cache_write_tokens or 0
        fresh = max(0, counts.prompt_tokens - read - written)
        self._counted = Usage(fresh, counts.completion_tokens or 0, read, written)


def _fail(error: _Error | str) -> Never:
    if isinstance(error, str):
        raise failures.failed(failures.SERVER_ERROR)
    if isinstance(error.code, int):
        raise failures.failed(failures.of_answer(error.code, error.type))
    raise failures.failed(failures.of_type(error.code, error.type) or failures.SERVER_ERROR)
