"""Anthropic's event stream, read. Pure: bytes that may be cut anywhere in, words and one reply out.

Only what we use is declared; unknown events, blocks, deltas and fields pass by unseen, as Anthropic's versioning policy
asks of clients. Thoughts are counted as life and otherwise ignored.
"""

from typing import Final, Never

import msgspec

from agentpay.llm import failures, prices
from agentpay.llm.collect import Collected
from agentpay.llm.sse import EventSplitter, StreamTooLong
from agentpay.llm.types import Reply, Stop, Usage

NAME: Final = "anthropic"

_STOPS: Final = {
    "end_turn": Stop.DONE,
    "stop_sequence": Stop.DONE,
    "tool_use": Stop.TOOLS,
    "max_tokens": Stop.TRUNCATED,
    "model_context_window_exceeded": Stop.TRUNCATED,
    "pause_turn": Stop.TRUNCATED,
    "refusal": Stop.REFUSED,
}
"""A reason that is not listed ends like `end_turn`: what came is what there is."""

_CONTENT: Final = frozenset({"text_delta", "input_json_delta", "thinking_delta", "signature_delta"})


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Block(msgspec.Struct):
    type: str = ""
    id: str = ""
    name: str = ""
    text: str = ""
    input: dict[str, object] | None = None


class _Counts(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(msgspec.Struct):
    model: str = ""
    usage: _Counts | None = None


class _Error(msgspec.Struct):
    type: str = ""


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | None = None
    usage: _Counts | None = None
    error: _Error | None = None


class _Tag(msgspec.Struct):
    type: str = ""


_KNOWN: Final = frozenset({"message_start", "content_block_start", "content_block_delta", "message_delta", "error"})
_decode: Final = msgspec.json.Decoder(_Event).decode
_decode_tag: Final = msgspec.json.Decoder(_Tag).decode


class AnthropicReader:
    """Reads one reply."""

    def __init__(self, *, model: str) -> None:
        self.heard = 0
        self.is_over = False
        self.is_finished = False
        self._counted = Usage()
        self._model = model
        self._events = EventSplitter()
        self._collected = Collected()
        self._stop: str | None = None
        self._text_block: int | None = None

    @property
    def usage(self) -> Usage:
        """As counted. Output is counted at the end only: of a broken answer we estimate it, to be paid all the same."""
        written = prices.estimate_tokens(self._collected.written) if self._stop is None else 0
        return msgspec.structs.replace(self._counted, output_tokens=max(self._counted.output_tokens, written))

    @property
    def is_whole(self) -> bool:
        """Why it stops was said."""
        return self._stop is not None or self._collected.is_full

    def feed(self, chunk: bytes) -> str:
        """The words that `chunk` brought. Raises ProviderFailed for an error event and for what is no event."""
        try:
            found = self._events.feed(chunk)
        except StreamTooLong:
            raise failures.failed(failures.OVERSIZED) from None
        return "".join([self._take(data) for data in found if not self.is_over])

    def finish(self) -> str:
        """Anthropic ends every event properly: what is still open was cut."""
        return ""

    def reply(self) -> Reply:
        """The whole answer. Raises ProviderFailed(`broken_stream`) if the stream ended before it said why."""
        if not self.is_whole:
            raise failures.failed(failures.BROKEN_STREAM)
        stop = _STOPS.get(self._stop or "", Stop.DONE)
        reply = self._collected.reply(stop=stop, usage=self.usage, provider=NAME, model=self._model)
        if reply.stop is Stop.EMPTY and self._stop == "model_context_window_exceeded":
            raise failures.failed(failures.TOO_LARGE)
        return reply

    def _take(self, data: bytes) -> str:
        event = _read(data)
        delta, block = event.delta, event.content_block
        if event.type == "content_block_delta" and delta is not None:
            return self._delta(event.index, delta)
        if event.type == "content_block_start" and block is not None:
            return self._block(event.index, block)
        if event.type == "message_start" and event.message is not None:
            self._model = event.message.model or self._model
            self._count(event.message.usage)
        elif event.type == "message_delta":
            self._count(event.usage)
            if delta is not None and delta.stop_reason is not None:
                self._stop = delta.stop_reason
                self.heard += 1
        elif event.type == "message_stop":
            self.is_over = self.is_finished = self._stop is not None
        elif event.type == "error":
            _fail(event.error)
        return ""

    def _delta(self, index: int, delta: _Delta) -> str:
        self.heard += delta.type in _CONTENT
        if delta.type == "text_delta" and delta.text:
            return self._say(index, delta.text)
        if delta.type == "input_json_delta":
            self._collected.extend_call(index, delta.partial_json)
        return ""

    def _block(self, index: int, block: _Block) -> str:
        if block.type == "tool_use":
            self.heard += 1
            self._collected.begin_call(index, id=block.id, name=block.name)
            if block.input:
                self._collected.fill_call(index, block.input)
        return self._say(index, block.text) if block.type == "text" and block.text else ""

    def _say(self, index: int, words: str) -> str:
        """Words of a second block begin a new paragraph: the blocks are parts, not pieces of one sentence."""
        if self._text_block not in (None, index) and not self._collected.text[-1:].isspace():
            words = "\n\n" + words.lstrip()
        self._text_block = index
        said = self._collected.say(words)
        self.is_over = self.is_over or self._collected.is_full
        return said

    def _count(self, counts: _Counts | None) -> None:
        """Counts are cumulative: a later one replaces an earlier one where it says anything."""
        if counts is None:
            return
        old = self._counted
        self._counted = Usage(
            input_tokens=_or(counts.input_tokens, old.input_tokens),
            output_tokens=_or(counts.output_tokens, old.output_tokens),
            cache_read_tokens=_or(counts.cache_read_input_tokens, old.cache_read_tokens),
            cache_write_tokens=_or(counts.cache_creation_input_tokens, old.cache_write_tokens),
        )


def _read(data: bytes) -> _Event:
    """One event. What does not fit is an event of a newer protocol (nothing) or broken (raises ProviderFailed)."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        tag = _decode_tag(data).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise failures.failed(failures.MALFORMED) from None
    if tag in _KNOWN or not tag:
        raise failures.failed(failures.MALFORMED)
    return _Event(tag)


def _fail(error: _Error | None) -> Never:
    raise failures.failed(failures.of_type(error.type if error else None) or failures.SERVER_ERROR)


def _or(new: int | None, old: int) -> int:
    return old if new is None else new
