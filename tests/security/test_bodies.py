"""Requests that are meant to hurt: deep, slow, chunked, compressed, without end (oversize: tests/callers/test_gate)."""

import asyncio
import gzip
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from uvicorn.server import ServerState

from agentpay.callers.asgi import Event, Receive, Scope, Send, answer
from agentpay.callers.cors import Origins
from agentpay.callers.gate import Gate
from agentpay.connection import Connection
from agentpay.db.engine import Database
from agentpay.serve import listen
from tests.security.world import House


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [65, 1_000, 40_000])
async def test_endless_nesting_is_refused(acme: House, depth: int, opening: str, closing: str) -> None:
    body = f'{{"content": "hi", "context": {{"deep": {nested(depth, opening, closing)}}}}}'
    headers = {**acme.sam.headers, "Content-Type": "application/json"}
    refused = await acme.http.post(f"{acme.sam.base}/messages", content=body, headers=headers)
    assert refused.status_code == 422, refused.text


async def test_a_sane_depth_passes(acme: House) -> None:
    context = {"preferences": {"a": [{"b": [{"c": 1}]}]}}
    assert (await acme.http.patch(acme.sam.base, json={"context": context}, headers=acme.sam.headers)).is_success


async def test_nothing_is_unpacked(acme: House) -> None:
    """A megabyte of zeros in a kilobyte stays a kilobyte."""
    packed = gzip.compress(b'{"content": "' + b"0" * 1_000_000 + b'"}')
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, identity"):
        headers = {**acme.sam.headers, "Content-Type": "application/json", "Content-Encoding": encoding}
        refused = await acme.http.post(f"{acme.sam.base}/messages", content=packed, headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (415, "UnsupportedMediaType")


async def test_a_body_in_pieces_is_one_body(acme: House) -> None:
    async def pieces() -> Any:
        for piece in (b'{"context": ', b'{"page_title": "in pieces"}', b"}"):
            yield piece

    headers = {**acme.sam.headers, "Content-Type": "application/json"}
    changed = await acme.http.patch(acme.sam.base, content=pieces(), headers=headers)
    assert changed.json()["context"] == {"page_title": "in pieces"}


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 5 5\r\n",
        "Transfer-Encoding: identity, chunked, identity\r\n",
    ],
)
async def test_a_body_with_two_ends_is_refused(acme: House, framing: str) -> None:
    """What two servers in a row would read differently smuggles a second request (RFC 9112 § 6.3)."""
    smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    request = f"POST {acme.sam.base}/messages HTTP/1.1\r\nHost: a\r\n{framing}\r\n{smuggled}"
    heard = await raw(acme, request.encode())
    assert heard.startswith(b"HTTP/1.1 400"), heard
    assert b'"alive"' not in heard


@pytest.mark.parametrize(
    "head",
    [
        b"X-Pad: " + b"a" * 400_000,
        b"X-Pad: a\r\n" * 40_000,
        b"X-Pad: " + b"a" * 70_000 + b"\r\n\r\n",
        b"a" * 400_000,
    ],
    ids=["one long header", "many headers", "a whole head at once", "a name without end"],
)
async def test_a_head_without_end_is_cut(acme: House, head: bytes) -> None:
    heard = await raw(acme, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + head)
    assert heard.startswith(b"HTTP/1.1 431 "), heard[:200]


async def test_a_long_address_is_refused(acme: House) -> None:
    heard = await raw(acme, b"GET /healthz?" + b"a" * 400_000)
    assert heard.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")), heard[:200]


async def test_many_requests_on_one_connection_are_each_counted_from_nothing(acme: House) -> None:
    pad = b"X-Pad: " + b"a" * 30_000 + b"\r\n"
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + pad + b"\r\n"
    last = request.replace(b"Host: a", b"Host: a\r\nConnection: close")
    assert (await raw(acme, request * 9 + last)).count(b"HTTP/1.1 200 ") == 10


async def test_what_is_no_http_is_refused_in_our_words(acme: House) -> None:
    heard = await raw(acme, b"\x16\x03\x01 hello\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b'"error":"BadRequest"' in heard
    assert b"x-content-type-options: nosniff" in heard


class Hasty(Connection):
    """Does not wait as long."""

    head_seconds_max = 0.1
    body_seconds_max = 0.1


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1", b"HTTP/1.1 200 "),
    ],
    ids=["silence", "half a line", "half a head", "an answer, and then half a body"],
)
async def test_a_connection_is_not_held_by_who_sends_nothing(sent: bytes, expected: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"{}", [])

    config = uvicorn.Config(app, http=Hasty, lifespan="off", log_config=None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hasty(config, ServerState(), {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(sent)
        async with asyncio.timeout(5):
            heard = await reader.read()
        assert heard.startswith(expected)
        assert bool(heard) == bool(expected)
        writer.close()


async def raw(acme: House, request: bytes) -> bytes:
    """What the server says to these bytes before it closes the connection."""
    address = urlsplit(acme.shop.service.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    heard = b""
    try:
        async with asyncio.timeout(20):
            writer.write(request)
            while part := await reader.read(65_536):
                heard += part
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return heard


class Trickle:
    """A caller who sends one byte and then nothing, or all of it."""

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole
        self._sent = False

    async def receive(self) -> Event:
        if self._sent:
            await asyncio.Event().wait()
        self._sent = True
        return {"type": "http.request", "body": b"{", "more_body": not self._is_whole}


async def ask_gate(db: Database, caller: Trickle, app: Any) -> list[Event]:
    gate = Gate(app, origins=Origins(db), address_key=b"key", body_seconds_max=0.05)
    heard: list[Event] = []

    async def send(event: Event) -> None:
        heard.append(event)

    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": [], "query_string": b""}
    await gate(scope, caller.receive, send)
    return heard


async def test_who_trickles_is_sent_away(open_database: Database) -> None:
    async def reads_it_all(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await answer(send, 200, b"{}", [])

    start, _ = await ask_gate(open_database, Trickle(is_whole=False), reads_it_all)
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    start, _ = await ask_gate(open_database, Trickle(is_whole=True), reads_it_all)
    assert start["status"] == 200


async def test_who_has_sent_all_may_listen_as_long_as_it_takes(open_database: Database) -> None:
    """A stream listens for its reader to hang up: that is no body that is late."""

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        gone = asyncio.ensure_future(receive())
        await asyncio.wait([gone], timeout=0.2)
        assert not gone.done()
        gone.cancel()
        await answer(send, 200, b"{}", [])

    start, _ = await ask_gate(open_database, Trickle(is_whole=True), streams)
    assert start["status"] == 200


async def test_small_writes_leave_at_once() -> None:
    """Nagle and delayed acknowledgement would hold each answer, and each word of a stream, for 40 ms."""
    listener = listen("127.0.0.1", 0)
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Look(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    server = await asyncio.get_running_loop().create_server(Look, sock=listener)
    async with server:
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        assert await accepted
        writer.close()
