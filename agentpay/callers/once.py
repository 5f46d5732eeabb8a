"""A request with an `Idempotency-Key`, served once: the answer is stored before its first byte leaves."""

from collections.abc import Collection

import structlog

from agentpay.callers import errors, idempotency
from agentpay.callers.asgi import App, Event, Receive, Scope, Send, answer
from agentpay.callers.idempotency import Answer, Claim
from agentpay.db.engine import Database

log = structlog.get_logger()

REPLAYED = (b"idempotency-replayed", b"true")
KEPT_HEADERS = frozenset({b"content-type", b"location", b"retry-after"})
STREAM_TYPE = b"text/event-stream"


async def serve_once(
    db: Database,
    app: App,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    caller: str,
    key: str,
    secrets: Collection[str] = (),
) -> None:
    """Serve by `app` and store the answer, or replay the one that `key` has. `secrets` are left out of what is stored.

    Raises what `idempotency.claim` raises. An answer that decided nothing gives the key back.
    """
    body = await read_body(receive)
    hash = idempotency.request_hash(method=scope["method"], path=scope["path"], body=body)
    claimed = await idempotency.claim(db, caller=caller, key=key, hash=hash)
    if isinstance(claimed, Answer):
        headers = [(name.encode(), value.encode("latin-1")) for name, value in claimed.headers.items()]
        await answer(send, claimed.status, claimed.body, [*headers, REPLAYED])
        return
    recorder = _Recorder(db, send, claim=claimed, secrets=secrets)
    try:
        await app(scope, again(body, receive), recorder.send)
    finally:
        if not recorder.is_settled:
            await idempotency.give_back(db, claimed)


async def read_body(receive: Receive) -> bytes:
    """The whole body, as far as the gate lets it grow."""
    chunks: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise errors.Unreadable("The request body did not arrive.")
        chunks.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(chunks)


def again(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives `body` once more, then whatever comes."""
    given = False

    async def receive_again() -> Event:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


class _Recorder:
    """`send` that holds an answer back until it is stored. A stream is no answer to keep: it passes."""

    def __init__(self, db: Database, send: Send, *, claim: Claim, secrets: Collection[str]) -> None:
        self._db = db
        self._send = send
        self._claim = claim
        self._secrets = secrets
        self._start: Event | None = None
        self._chunks: list[bytes] = []
        self.is_settled = False

    async def send(self, event: Event) -> None:
        if self.is_settled:
            await self._send(event)
        elif event["type"] == "http.response.start":
            self._start = event
            if any(
                name.lower() == b"content-type" and value.startswith(STREAM_TYPE) for name, value in event["headers"]
            ):
                await self._let_pass()
        elif event["type"] == "http.response.body":
            self._chunks.append(event.get("body", b""))
            if not event.get("more_body", False):
                await self._complete()
        else:
            await self._send(event)

    async def _complete(self) -> None:
        assert self._start is not None
        body = b"".join(self._chunks)
        if idempotency.is_kept(self._start["status"]) and len(body) <= idempotency.ANSWER_BYTES_MAX:
            stored = Answer(self._start["status"], self._kept_headers(), idempotency.without(body, self._secrets))
            if not await idempotency.keep(self._db, self._claim, stored):
                log.warning("idempotency.claim_lost")
        else:
            await idempotency.give_back(self._db, self._claim)
        self.is_settled = True
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _let_pass(self) -> None:
        await idempotency.give_back(self._db, self._claim)
        self.is_settled = True
        assert self._start is not None
        await self._send(self._start)

    def _kept_headers(self) -> dict[str, str]:
        assert self._start is not None
        pairs = ((name.lower(), value) for name, value in self._start["headers"])
        return {name.decode(): value.decode("latin-1") for name, value in pairs if name in KEPT_HEADERS}
