"""What strangers write stays text: no SQL, header, log line, template or HTML comes of it, on any way in."""

import asyncio
import io
import json
import socket
from typing import Any

from agentpay.db.engine import Database
from agentpay.sandbox.stage import ADMIN_KEY
from tests.security.routes import routes_of
from tests.security.world import House

HOSTILE = (
    "'; drop table messages; --",
    '" or 1=1 --',
    "%(id)s %s {0} {conversation_id} ${7*7} {{7*7}} <%= 7*7 %> %n",
    "\\'; select pg_sleep(9); --",
    "Robert\r\nSet-Cookie: a=b\r\n\r\n<html>",
    '\n{"event": "order.paid", "level": "error"}',
    "\x1b[2J\x1b]0;owned\x07",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe \u200b\u2066 \U000e0041",
    "../../../../etc/passwd",
)


async def tables(db: Database) -> int:
    return int(await db.value("select count(*) from information_schema.tables where table_schema = 'public'"))


async def test_what_a_visitor_writes_is_stored_as_it_is_and_runs_nowhere(acme: House, open_database: Database) -> None:
    before = await tables(open_database)
    sam = await acme.shop.visitor()
    for text in HOSTILE:
        turn = await sam.say(text)
        assert turn["status"] == "completed", text
        assert turn["message"]["content"] == text.strip()
        assert "49" not in turn["reply"]["content"]
    changed = await sam.http.patch(sam.base, json={"context": {text: text for text in HOSTILE}}, headers=sam.headers)
    assert changed.json()["context"] == {text: text for text in HOSTILE}
    assert await tables(open_database) == before


async def test_every_text_of_a_query_is_a_value(acme: House, open_database: Database) -> None:
    """Each parameter of each list takes every hostile text: answered or refused, never an error of ours."""
    before = await tables(open_database)
    document = (await acme.http.get("/openapi.json")).json()
    asked = 0
    for path, operations in document["paths"].items():
        operation = operations.get("get")
        if operation is None or "{" in path or {"secretKey": []} not in operation.get("security", []):
            continue
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                for text in HOSTILE:
                    answer = await acme.shop.get(path, params={parameter["name"]: text})
                    assert answer.status_code in (200, 422), f"{path}?{parameter['name']}={text!r}: {answer.text}"
                    asked += 1
    assert asked > 200
    assert await tables(open_database) == before


async def test_a_search_takes_its_words_literally(acme: House) -> None:
    for text in (*HOSTILE, "%", "_", "&|!():*<->", "a' & b", "lavender:* & !candle"):
        for answer in (
            await acme.shop.get("/v1/products", params={"query": text}),
            await acme.shop.post("/v1/agent/knowledge/search", {"query": text}),
        ):
            assert answer.status_code in (200, 422), f"{text!r}: {answer.text}"


async def test_no_path_leads_out_of_a_route(acme: House) -> None:
    for text in ("..%2f..%2fhealthz", "%00", "%0d%0aX-Evil:%201", "1%20or%201=1", "{organization_id}", "%ff%fe"):
        for route in routes_of((await acme.http.get("/openapi.json")).json()):
            if route.parameters and route.method == "get":
                url = route.path
                for name in route.parameters:
                    url = url.replace(f"{{{name}}}", text)
                answer = await acme.http.get(url, headers=acme.shop.secret)
                assert answer.status_code in (400, 404, 422), f"{url}: {answer.status_code}"
                assert "x-evil" not in answer.headers


async def test_no_header_of_a_caller_becomes_one_of_ours(acme: House) -> None:
    """Raw bytes: clients would not send them. A line break in a value ends the request; nothing is reflected."""
    host, port = acme.shop.service.url.removeprefix("http://").split(":")
    for name, value in (
        (b"X-Request-Id", b"a\rSet-Cookie: x=1"),
        (b"X-Request-Id", b"<script>"),
        (b"Origin", b"http://localhost:3000\rX-Evil: 1"),
        (b"Idempotency-Key", b"\xff\xfe"),
        (b"Last-Event-ID", b"1.0\x0bid: 9"),
    ):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + name + b": " + value + b"\r\n\r\n"
            )
            heard = b""
            while part := await _read(raw):
                heard += part
        head = heard.partition(b"\r\n\r\n")[0].lower()
        for evil in (b"set-cookie", b"x-evil", b"<script>", b"id: 9"):
            assert evil not in head


async def _read(raw: socket.socket) -> bytes:
    raw.setblocking(False)
    return await asyncio.get_running_loop().sock_recv(raw, 65_536)


async def test_no_caller_writes_a_line_of_the_log(acme: House, logs: io.StringIO) -> None:
    for text in HOSTILE:
        headers = {"X-Request-Id": text.encode("unicode_escape").decode(), **acme.sam.headers}
        await acme.http.post(f"{acme.sam.base}/messages", json={"content": text}, headers=headers)
        await acme.http.get(f"/v1/{json.dumps(text)}", headers=acme.shop.secret)
    written = logs.getvalue()
    for evil in ("drop table", "order.paid", "\x1b[2J", "<script>", "Set-Cookie"):
        assert evil not in written


async def test_a_stream_has_no_events_but_ours(acme: House) -> None:
    """A message that looks like an event is data on one line of its own event."""
    sam = await acme.shop.visitor()
    forged = "hi\n\nevent: order.created\ndata: {}\n\nid: 999.0\r\rdata: x"
    async with sam.say_streaming(forged) as stream:
        heard = await stream.rest()
    assert {event.name for event in heard} <= {
        "message.created", "turn.started", "message.delta", "tool.started", "tool.completed", "message.completed",
        "conversation.updated", "turn.completed",
    }  # fmt: skip
    assert heard[0].data["content"] == forged
    assert "999.0" not in [event.id for event in heard]


async def test_the_page_about_the_contract_escapes_what_it_shows(acme: House) -> None:
    page: Any = await acme.http.get("/docs")
    assert "<script" not in page.text.lower()
    assert (await acme.http.get("/docs?x=<script>alert(1)</script>")).text == page.text


async def test_names_of_an_agent_are_text(acme: House) -> None:
    named = "<b>Wick</b> {{7*7}} %s"
    made = await acme.shop.post("/v1/agents", {"name": named, "status": "inactive"})
    assert made.json()["name"] == named
    listed = await acme.http.get("/v1/organizations", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    assert listed.headers["content-type"].startswith("application/json")
