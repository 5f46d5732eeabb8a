"""What every request and every answer has, whatever route it goes to."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog

from agentpay.db.engine import Database
from tests.callers.cast import ACME_PAGE, ADMIN_KEY, RIVAL_PAGE, Shop, bearing, open_shop
from tests.callers.conftest import House

KIB = 1024


@pytest.fixture(autouse=True)
def log_on_stdout() -> None:
    """A service that another test started in this process sends the log elsewhere."""
    structlog.reset_defaults()


async def test_every_answer_carries_a_request_id_and_the_callers_own_when_sane(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/v1/orders", "/nowhere"):
        own = await client.get(path, headers={"X-Request-Id": "order-7:a/b=1"})
        assert own.headers["X-Request-Id"] == "order-7:a/b=1"
        first, second = await client.get(path), await client.get(path)
        assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("insane", ["", "a" * 129, "a b", "<script>", 'a"b', "é"])
async def test_an_insane_request_id_is_replaced(client: httpx.AsyncClient, insane: str) -> None:
    answer = await client.get("/healthz", headers=[(b"x-request-id", insane.encode("latin-1"))])
    assert answer.headers["X-Request-Id"] != insane
    assert 1 <= len(answer.headers["X-Request-Id"]) <= 128


async def test_every_answer_carries_security_headers(client: httpx.AsyncClient, acme: Shop) -> None:
    for path in ("/healthz", "/v1/orders", "/nowhere", "/v1/broken", "/docs", "/widget.js"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Origin" in headers["Vary"]
        assert "Strict-Transport-Security" not in headers
        assert ("frame-ancestors 'none'" in headers.get("Content-Security-Policy", "")) == (
            path not in {"/docs", "/widget.js"}
        )
    assert (await client.get("/v1/orders")).headers["Cache-Control"] == "private, no-store"


async def test_behind_tls_browsers_are_told_to_stay_there(house: House) -> None:
    house.reset(is_https=True)
    async with house.client() as client:
        assert (await client.get("/healthz")).headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_unknown_paths_and_methods_have_polars_shape(client: httpx.AsyncClient) -> None:
    nowhere = await client.get("/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()) == (404, {"error": "ResourceNotFound", "detail": "Not found"})
    wrong = await client.put("/healthz")
    assert (wrong.status_code, wrong.json()["error"]) == (405, "MethodNotAllowed")
    assert "GET" in wrong.headers["Allow"]


async def test_options_name_all_methods_of_a_path(client: httpx.AsyncClient) -> None:
    for path, methods in (("/v1/organizations", "GET, OPTIONS, POST"), ("/healthz", "GET, OPTIONS")):
        answer = await client.options(path)
        assert (answer.status_code, answer.headers["Allow"]) == (204, methods)
    assert (await client.options("/v1/nowhere")).status_code == 404


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // KIB):
        yield b"x" * KIB


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/agent/conversations", 256 * KIB), ("/v1/webhooks/polar/", 1024 * KIB)]
)
async def test_a_body_over_the_limit_is_413_whether_declared_or_not(
    client: httpx.AsyncClient, acme: Shop, path: str, limit: int
) -> None:
    headers = {**bearing(acme.secret_key), "Content-Type": "application/json"}
    path = path + str(acme.organization_id) if path.endswith("/") else path
    declared = await client.post(path, content=b"x" * (limit + 1), headers=headers)
    streamed = await client.post(path, content=chunks(limit + KIB), headers=headers)
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["error"] == "RequestBodyTooLarge"
    within = await client.post(path, content=b"x" * limit, headers=headers)
    assert within.status_code != 413


async def test_a_chunked_body_with_an_idempotency_key_is_bounded_too(client: httpx.AsyncClient, acme: Shop) -> None:
    headers = {**bearing(acme.secret_key, Idempotency_Key="k"), "Content-Type": "application/json"}
    answer = await client.post("/v1/agent/conversations", content=chunks(257 * KIB), headers=headers)
    assert answer.status_code == 413


async def test_a_bug_tells_an_id_and_nothing_else(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get("/v1/broken", headers={"X-Request-Id": "req-7"})
    assert answer.status_code == 500
    assert answer.json()["error"] == "InternalServerError"
    assert "req-7" in answer.json()["detail"]
    logged = capsys.readouterr().out
    assert logged.count("request.failed") == 1
    assert "req-7" in logged
    assert "KeyError" in logged
    assert "Sam's words" not in answer.text + logged


async def test_a_database_that_is_away_is_503_with_a_time_to_come_back(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get("/v1/outage")
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "hunter2" not in answer.text + capsys.readouterr().out


async def test_a_stream_passes_with_its_type_and_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/stream")
    assert answer.text == "data: 1\n\ndata: 2\n\n"
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["X-Request-Id"]


async def test_the_words_of_a_stream_are_not_held_back(house: House) -> None:
    """Each event reaches the server before the next one is made."""
    made: list[str] = []
    seen: list[tuple[str, int]] = []

    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for word in ("a", "b"):
            made.append(word)
            await send({"type": "http.response.body", "body": word.encode(), "more_body": True})  # type: ignore[operator]

    async def send(event: dict[str, object]) -> None:
        seen.append((str(event["type"]), len(made)))

    gate = house.gate
    gate._app = app  # type: ignore[assignment]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None, "query_string": b""}
    await gate(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert seen == [("http.response.start", 0), ("http.response.body", 1), ("http.response.body", 2)]


async def test_an_answer_that_breaks_off_is_logged_here_and_nowhere_else(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        raise KeyError("Sam's words")

    async def send(event: dict[str, object]) -> None:
        pass

    gate = house.gate
    gate._app = app  # type: ignore[assignment]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None, "query_string": b""}
    await gate(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
    logged = capsys.readouterr().out
    assert logged.count("request.failed") == 1
    assert "Sam's words" not in logged


async def test_what_was_served_is_observed_by_route(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    await client.get(f"/v1/agent/conversations/{acme.conversation_id}", headers=bearing(acme.token))
    await client.get("/nowhere")
    assert house.observed == [
        ("GET", "/v1/agent/conversations/{conversation_id}", 200),
        ("GET", "", 404),
    ]


# CORS


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


async def test_a_preflight_passes_for_any_organizations_origin(client: httpx.AsyncClient, acme: Shop) -> None:
    answer = await client.options("/v1/agent/conversations", headers={"Origin": ACME_PAGE, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == ACME_PAGE
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {
        "authorization", "content-type", "idempotency-key", "last-event-id", "prefer", "x-request-id",
    }  # fmt: skip
    methods = {name.strip() for name in answer.headers["Access-Control-Allow-Methods"].split(",")}
    assert methods >= {"GET", "POST", "PATCH", "DELETE"}


@pytest.mark.parametrize("origin", ["https://nobody.example", "null", "https://acme.example.evil.example", "x" * 400])
async def test_a_preflight_from_anywhere_else_is_refused(client: httpx.AsyncClient, acme: Shop, origin: str) -> None:
    answer = await client.options("/v1/agent/conversations", headers={"Origin": origin, **PREFLIGHT})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_deleted_organizations_origin_is_listed_no_more(
    client: httpx.AsyncClient, db: Database, acme: Shop
) -> None:
    await db.run("update organizations set deleted_at = now()")
    answer = await client.options("/v1/widget", headers={"Origin": ACME_PAGE, **PREFLIGHT})
    assert answer.status_code == 403


async def test_answers_to_a_page_carry_cors_headers_errors_included(client: httpx.AsyncClient, acme: Shop) -> None:
    path = f"/v1/agent/conversations/{acme.conversation_id}"
    answers = [
        await client.get(path, headers=bearing(acme.token, origin=ACME_PAGE)),
        await client.get(path, headers=bearing("ap_ct_unknown", origin=ACME_PAGE)),
        await client.get("/v1/nowhere", headers={"Origin": ACME_PAGE}),
        await client.post(path, headers=bearing(acme.token, origin=ACME_PAGE)),
        await client.post("/v1/agent/conversations", content=b"x" * 300_000, headers={"Origin": ACME_PAGE}),
        await client.get("/v1/broken", headers={"Origin": ACME_PAGE}),
        await client.get("/v1/outage", headers={"Origin": ACME_PAGE}),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 405, 413, 500, 503]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == ACME_PAGE
        exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert exposed == {"X-Request-Id", "Retry-After", "Idempotency-Replayed"}


async def test_a_page_of_another_organization_reads_nothing(
    client: httpx.AsyncClient, db: Database, acme: Shop
) -> None:
    await open_shop(db, name="Rival Shop", origin=RIVAL_PAGE)
    path = f"/v1/agent/conversations/{acme.conversation_id}"
    assert (await client.options(path, headers={"Origin": RIVAL_PAGE, **PREFLIGHT})).status_code == 204
    answer = await client.get(path, headers=bearing(acme.token, origin=RIVAL_PAGE))
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_public_script_brings_its_own_cors_header(client: httpx.AsyncClient, acme: Shop) -> None:
    answer = await client.get("/widget.js", headers={"Origin": ACME_PAGE})
    assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
    assert "Cross-Origin-Resource-Policy" not in answer.headers


async def test_a_page_can_read_that_the_database_is_away(db: Database, acme: Shop) -> None:
    broken = Database("postgresql://nobody@127.0.0.1:1/none")
    async with House(broken).client() as client:
        answer = await client.get("/v1/orders", headers=bearing(acme.secret_key, origin=ACME_PAGE))
        assert answer.status_code == 503
        admin = await client.get("/metrics", headers=bearing(ADMIN_KEY))
        assert admin.status_code == 200
