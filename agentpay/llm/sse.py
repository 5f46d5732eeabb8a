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
        self._data: list[bytes] = []
        self._bytes = 0
        self._total = 0

    @property
    def is_inside(self) -> bool:
        """Whether the last event is still incomplete: a stream that ends here was cut."""
        return bool(self._data) or bool(self._rest.strip())

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completed, in order. Raises StreamTooLong."""
        self._count(chunk)
        self._rest += chunk
        if b"\n" not in chunk:
            return []
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        done: list[bytes] = []
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                done.append(b"\n".join(self._data))
                self._data = []
        if not self._data:
            self._bytes = len(self._rest)
        return done

    def flush(self) -> list[bytes]:
        """What a closed stream left without its last line ends, if that is an event: some servers forget them."""
        return self.feed(b"\n\n")

    def _count(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        self._total += len(chunk)
        if self._total > STREAM_BYTES_MAX or self._bytes > EVENT_BYTES_MAX + len(chunk):
            raise StreamTooLong
