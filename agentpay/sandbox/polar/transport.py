"""One HTTP exchange over ASGI, with the means to break it off."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from agentpay.sandbox.polar.wire import Answer, answer_json

TRANSPORT_KEY: Final = "agentpay.transport"
"""Where `serve.py` leaves the connection in the lifespan state, so that an answer can be cut off."""


class Wire:
    """Reads a request and sends an answer, or does not."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope.get("raw_path", scope["path"].encode()).decode().partition("?")[0]
        self.raw_query: str = scope["query_string"].decode()
        self.headers: dict[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.body = b""
        self._is_read = False

    @property
    def caller(self) -> str:
        client = self._scope.get("client")
        return client[0] if client else ""

    def url_of(self, path: str) -> str:
        query = f"?{self.raw_query}" if self.raw_query else ""
        return f"{self._scope.get('scheme', 'http')}://{self.headers.get('host', 'localhost')}{path}{query}"

    def query_value(self, name: str) -> str | None:
        return dict(parse_qsl(self.raw_query)).get(name)

    async def read_body(self, limit: int) -> bool:
        """Whether the body has a declared length and fits; it is in `body` then."""
        if self._is_read:
            return True
        self._is_read = True
        if self.method in ("POST", "PUT", "PATCH") and "content-length" not in self.headers:
            return False
        if int(self.headers.get("content-length") or 0) > limit:
            return False
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return True
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                return True

    def refusal_of_body(self, limit: int) -> Answer:
        if "content-length" not in self.headers:
            detail = "Content-Length header is required."
            return answer_json({"error": "LengthRequired", "detail": detail}, 411)
        detail = f"Request body exceeded the maximum allowed size of {limit} bytes."
        return answer_json({"error": "RequestBodyTooLarge", "detail": detail}, 413)

    async def wait(self, seconds: float) -> None:
        """Do nothing for that long, or until the caller has hung up."""
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(self._until_gone())
            await asyncio.wait({gone}, timeout=seconds)
            gone.cancel()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def answer(self, answer: Answer) -> None:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        if answer.media_type is not None:
            headers.insert(0, (b"content-type", answer.media_type.encode()))
        # 204 keeps its type but has no length, and a streamed answer says its length in chunks.
        if answer.status != 204 and not answer.is_streamed:
            headers.insert(0, (b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else answer.body})

    async def cut(self, half_of: Answer | None, *, reset: bool = False) -> None:
        """Break the connection: before the answer, or in the middle of the given one; `reset` with a TCP reset."""
        if half_of is not None:
            length = str(len(half_of.body)).encode()
            headers = [(b"content-type", (half_of.media_type or "").encode()), (b"content-length", length)]
            await self._send({"type": "http.response.start", "status": half_of.status, "headers": headers})
            part = half_of.body[: len(half_of.body) // 2]
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
        transport = self._scope.get("state", {}).get(TRANSPORT_KEY)
        if transport is None:
            raise ConnectionResetError("the stand-in was told to break this connection")
        if reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if half_of is not None:
            # `close` lets the half that was written leave first.
            transport.close()
        else:
            transport.abort()
        await self._until_gone()
