"""The gate around the whole app: what every request and every answer has, whatever route it goes to.

    1. A request id, the caller's if sane, on every answer and every log line.
    2. A bound on the body, declared or not, and on the time it takes to arrive.
    3. Preflights, answered here: they name no route's caller.
    4. Security headers and CORS headers on every answer, errors included.

Who may call what is decided behind the router (`admission.py`): only there is the route known. Streams pass through
unbuffered.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

import psycopg
import structlog

from agentpay.callers import addresses, cors, errors
from agentpay.callers.admission import NAMES_OF_CALLERS, organization_of
from agentpay.callers.asgi import JSON_TYPE, App, Call, Event, Headers, Receive, Scope, Send, answer, attach
from agentpay.kit import ids, limits, wire
from agentpay.kit.errors import NotAllowed
from agentpay.kit.spans import NO_TRACER, Tracer
from agentpay.kit.traces import trace_of

log = structlog.get_logger()

WEBHOOKS_PATH = "/v1/webhooks/"
API_PATH = "/v1/"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
SERVER_ERROR = 500
HSTS_SECONDS = 365 * 24 * 3600

# Method, path template ("" where no route matched), status, seconds to the last byte.
Observer = Callable[[str, str, int, float], None]

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_DIGITS = re.compile(rb"[0-9]{1,19}")

_BASE: Headers = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), cors.VARY]
# For answers that no browser should render, frame or load into a page: everything but documents and scripts.
_DATA: Headers = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE = (b"cache-control", b"private, no-store")


class Gate:
    """Wraps the app. `address_key` keys the hash of client addresses; `is_https` says that clients reach us by TLS."""

    def __init__(
        self,
        app: App,
        *,
        origins: cors.Origins,
        address_key: bytes,
        trusted_proxies: Sequence[str] = (),
        is_https: bool = False,
        body_seconds_max: float = limits.BODY_SECONDS_MAX,
        observe: Observer | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._app = app
        self._body_seconds_max = body_seconds_max
        self._origins = origins
        self._address_key = address_key
        self._trusted = addresses.networks(trusted_proxies)
        self._observe = observe
        self._tracer = tracer
        hsts = (b"strict-transport-security", f"max-age={HSTS_SECONDS}".encode())
        self._base: Headers = [*_BASE, hsts] if is_https else _BASE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        call = self._call_of(scope)
        attach(scope, call)
        dressed = _Dressed(scope, send, call=call, base=self._base, origins=self._origins)
        try:
            with structlog.contextvars.bound_contextvars(request_id=call.request_id):
                await self._trace(scope, receive, dressed, call=call)
        finally:
            structlog.contextvars.unbind_contextvars(*NAMES_OF_CALLERS)
        if self._observe is not None:
            template = scope.get("path_template", "")
            self._observe(scope["method"], template, dressed.status, time.monotonic() - started)

    async def _trace(self, scope: Scope, receive: Receive, dressed: "_Dressed", *, call: Call) -> None:
        """One span a request, but for those that ask every second whether we live."""
        if scope["path"] in PROBES:
            await self._serve(scope, receive, dressed, call=call)
            return
        attributes = {"http.request.method": scope["method"], "agentpay.request_id": call.request_id}
        with self._tracer.within(scope["method"], kind="server", attributes=attributes) as span:
            await self._serve(scope, receive, dressed, call=call)
            route = scope.get("path_template", "") or "unmatched"
            span.rename(f"{scope['method']} {route}")
            span.tell(
                {
                    "http.route": route,
                    "http.response.status_code": dressed.status,
                    "agentpay.organization_id": organization_of(call),
                }
            )
            if dressed.status >= SERVER_ERROR:
                span.fail(str(dressed.status))

    async def _serve(self, scope: Scope, receive: Receive, dressed: "_Dressed", *, call: Call) -> None:
        try:
            if scope["method"] == "OPTIONS" and is_preflight(scope, call):
                await self._preflight(dressed, call=call)
                return
            await self._app(scope, bounded(scope, receive, seconds_max=self._body_seconds_max), dressed.send)
        except Exception as error:  # boundary: request
            await self._fail(dressed, error, call=call)

    def _call_of(self, scope: Scope) -> Call:
        values = {name: value for name, value in scope["headers"] if name in _READ}
        return Call(
            request_id=request_id(values.get(b"x-request-id")),
            address=self._address_of(scope),
            origin=text(values.get(b"origin")),
            authorization=text(values.get(b"authorization")),
        )

    def _address_of(self, scope: Scope) -> str:
        peer = scope.get("client")
        forwarded: list[str] = []
        if self._trusted:
            forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        address = addresses.client_address(peer=peer[0] if peer else None, forwarded=forwarded, trusted=self._trusted)
        return addresses.address_hash(address, key=self._address_key)

    async def _preflight(self, dressed: "_Dressed", *, call: Call) -> None:
        assert call.origin is not None
        if await self._origins.is_listed(call.origin):
            await answer(dressed.send, 204, b"", cors.preflight_headers(call.origin))
            return
        refusal = NotAllowed("No organization allows this Origin.")
        await answer(dressed.send, refusal.status, wire.encode(refusal.body), [JSON_TYPE])

    async def _fail(self, dressed: "_Dressed", error: Exception, *, call: Call) -> None:
        """What the app's own handlers did not answer.

        After the first byte nothing can be said any more: the answer stays unfinished, for which the server cuts the
        connection. Raised, the error would reach the server's own log, with all that its message holds.
        """
        made = errors.answer_to(error, request_id=call.request_id)
        if made.is_bug:
            log.error("request.failed", **trace_of(error))
        if dressed.status:
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in made.headers.items()]
        await answer(dressed.send, made.status, wire.encode(made.body), [JSON_TYPE, *headers])


_READ = frozenset({b"x-request-id", b"origin", b"authorization"})


def request_id(value: bytes | None) -> str:
    """The caller's id when it is 1–128 harmless characters, else a new one."""
    if value is not None:
        candidate = value.decode("latin-1")
        if _SANE_ID.fullmatch(candidate):
            return candidate
    return str(ids.uuid7())


def text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def is_preflight(scope: Scope, call: Call) -> bool:
    return call.origin is not None and any(name == b"access-control-request-method" for name, _ in scope["headers"])


def bounded(scope: Scope, receive: Receive, *, seconds_max: float) -> Receive:
    """`receive` that refuses a body over the route's limit, by what it declares or else by what arrives.

    Raises `BodyTooLarge`, at once when declared: nothing of it is read then; `BodyTooSlow` when it is not here
    `seconds_max` after somebody began to read it.
    """
    bytes_max = limits.WEBHOOK_BYTES_MAX if scope["path"].startswith(WEBHOOKS_PATH) else limits.BODY_BYTES_MAX
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not _DIGITS.fullmatch(value):
                raise errors.Unreadable("Content-Length is not a number.")
            if int(value) > bytes_max:
                raise errors.BodyTooLarge(bytes_max)
    seen, ends_at, is_whole = 0, 0.0, False

    async def receive_bounded() -> Event:
        nonlocal seen, ends_at, is_whole
        if is_whole:
            return await receive()  # whoever listens for the caller to hang up waits as long as it takes
        ends_at = ends_at or asyncio.get_running_loop().time() + seconds_max
        try:
            async with asyncio.timeout_at(ends_at):
                event = await receive()
        except TimeoutError:
            raise errors.BodyTooSlow(seconds_max) from None
        is_whole = not event.get("more_body", False)
        seen += len(event.get("body", b""))
        if seen > bytes_max:
            raise errors.BodyTooLarge(bytes_max)
        return event

    return receive_bounded


class _Dressed:
    """`send` that adds to the first event of an answer what every answer has. `status` is 0 until then."""

    def __init__(self, scope: Scope, send: Send, *, call: Call, base: Headers, origins: cors.Origins) -> None:
        self._scope = scope
        self._send = send
        self._call = call
        self._base = base
        self._origins = origins
        self.status = 0

    async def send(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
            event["headers"] = await self._headers(list(event.get("headers", ())))
        await self._send(event)

    async def _headers(self, own: Headers) -> Headers:
        """The answer's own headers win: a page may bring its own policy, a public script its own CORS."""
        given = {name.lower() for name, _ in own}
        kind = next((value for name, value in own if name.lower() == b"content-type"), b"")
        extra = [*self._base, (b"x-request-id", self._call.request_id.encode())]
        if not kind.startswith((b"text/html", b"text/javascript", b"application/javascript", b"text/css", b"image/")):
            extra += _DATA
        if self._scope["path"].startswith(API_PATH):
            extra.append(_NO_STORE)
        if self._call.origin is not None and b"access-control-allow-origin" not in given:
            try:
                if await self._origins.may_read(self._call):
                    extra += cors.answer_headers(self._call.origin)
            except psycopg.Error:
                pass  # the answer itself must go out
        return own + [(name, value) for name, value in extra if name not in given or name == b"vary"]
