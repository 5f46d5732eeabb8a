"""Server-sent events out of bytes that may be cut anywhere (WHATWG HTML § 9.2.6). Pure; only `data` is kept."""

from typing import Final

EVENT_BYTES_MAX: Final = 256 * 1024
STREAM_BYTES_MAX: Final = 4 * 1024 * 1024


class StreamTooLong(Exception):
    """One event, or all of them together, are longer than any reply may be."""


class EventSplitter:
    """Feed bytes as they come; get the `data` of each event that is complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._open_bytes = 0
        self._total_bytes = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completed, in order. Raises StreamTooLong."""
        self._open_bytes += len(chunk)
        self._total_bytes += len(chunk)
        if self._total_bytes > STREAM_BYTES_MAX or self._open_bytes > EVENT_BYTES_MAX + len(chunk):
            raise StreamTooLong
        self._rest += chunk
        if b"\n" not in chunk:
            return []
        told = bytes(self._rest)
        if b"\r" in told:
            told = told.replace(b"\r\n", b"\n")
        *events, rest = told.split(b"\n\n")
        self._rest = bytearray(rest)
        if events:
            self._open_bytes = len(rest)
        return [data for event in events if (data := _data(event)) is not None]

    def flush(self) -> list[bytes]:
        """What a closed stream left without its last line ends, if that is an event: some servers forget them."""
        return self.feed(b"\n\n")


def _data(event: bytes) -> bytes | None:
    """The data lines of one event, joined; None if it has none (a comment, a ping)."""
    if event.startswith(b"data:") and b"\n" not in event:
        return event[5:].removeprefix(b" ")
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None
