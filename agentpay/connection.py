"""One connection of the server: uvicorn's, with a bound on the head of a request and on the time that it takes.

uvicorn leaves both to a proxy. An installation may have none, and what comes before the gate nobody else bounds.
"""

import asyncio
from http import HTTPStatus
from typing import Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentpay.kit import limits, wire

Phase = Literal["idle", "head", "body"]

BODY_GRACE_SECONDS = 5  # the gate, who can say it in words, gives up first

_HEADERS = (
    b"content-type: application/json\r\nconnection: close\r\nx-content-type-options: nosniff\r\n"
    b"referrer-policy: no-referrer\r\nx-frame-options: DENY\r\ncache-control: private, no-store\r\n"
    b"content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n"
)


class HeadTooLarge(Exception):
    """Request line and headers have more bytes than `HEAD_BYTES_MAX`."""


class Connection(HttpToolsProtocol):
    """Ends a connection whose request does not arrive: head and body in time, the head in `HEAD_BYTES_MAX`."""

    head_seconds_max: float = limits.HEAD_SECONDS_MAX
    body_seconds_max: float = limits.BODY_SECONDS_MAX + BODY_GRACE_SECONDS

    _phase: Phase = "idle"
    _timed: Phase = "idle"
    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0  # of what was parsed
    _waiting_bytes = 0  # of reads in which nothing began: one header that does not end
    _has_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._arm("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_begun = self._phase == "body"
        super().data_received(data)
        if self.transport is None or self.transport.is_closing() or self._phase == "idle":
            self._disarm()
            return
        if self._phase == "head" and not self._has_begun:
            self._waiting_bytes += len(data)
            if self._waiting_bytes > limits.HEAD_BYTES_MAX:
                self._refuse_head()
                return
        self._arm(self._phase)

    def on_message_begin(self) -> None:
        self._phase, self._head_bytes, self._waiting_bytes, self._has_begun = "head", 0, 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._phase = "body"
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._phase = "idle"
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not take, or what `_count` did not."""
        if self._head_bytes > limits.HEAD_BYTES_MAX:
            self._refuse_head()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "Malformed request")

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.HEAD_BYTES_MAX:
            raise HeadTooLarge  # the parser stops, and uvicorn asks for `send_400_response`

    def _arm(self, phase: Phase) -> None:
        """Once a head and once a body: what trickles in does not push its end away."""
        if self._timer is not None and self._timed == phase:
            return
        self._disarm()
        seconds = self.head_seconds_max if phase == "head" else self.body_seconds_max
        self._timed, self._timer = phase, self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self._phase == "head":
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
        else:
            self.transport.close()  # nothing was asked, or an answer is on its way already

    def _refuse_head(self) -> None:
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        self._disarm()
        body = wire.encode({"error": status.phrase.title().replace(" ", ""), "detail": detail})
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: {len(body)}\r\n".encode()
        self.transport.write(line + _HEADERS + b"\r\n" + body)
        self.transport.close()
