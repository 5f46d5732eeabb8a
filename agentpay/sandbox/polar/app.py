"""The HTTP surface: what happens to a call before and after its handler (contract §§ 1.2–1.6, 1.9).

In this order, as on the recorded server: size and length, version, CORS preflight, rate limit, token, route, scope,
handler. Beside the API: the pay page (`/checkout/…`), pictures (`/images/…`) and, when switched on, `/_control/…`.
"""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from agentpay.sandbox.polar import constants, control, faults, pages
from agentpay.sandbox.polar.entities import Organization, Token
from agentpay.sandbox.polar.errors import Broken, Refused, TokenRefused
from agentpay.sandbox.polar.routes import ROUTES, Route
from agentpay.sandbox.polar.runner import Runner
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import Wire
from agentpay.sandbox.polar.wire import Answer, Headers, Request, answer_json, answer_text

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logging.getLogger(__name__)

DEPRECATED_ROOT: Final = "/api/v1"
NO_STORE: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))
PREFLIGHT: Final = (
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    ("access-control-max-age", "600"),
    (
        "access-control-allow-headers",
        "Accept, Accept-Language, Authorization, Content-Language, Content-Type, Polar-Version",
    ),
)


class PolarApp:
    """An ASGI application over one state. Its lifespan runs the jobs."""

    def __init__(self, state: PolarState) -> None:
        self.state = state
        self.runner: Runner | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(Wire(scope, receive, send))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @contextlib.asynccontextmanager
    async def running(self) -> Any:
        """Do the state's jobs meanwhile."""
        self.state.wake, self.state.lock_taken = asyncio.Event(), asyncio.Event()
        self.state.locked_checkouts.clear()
        self.state.discount_locks.clear()
        self.runner = Runner(self.state)
        self.state.settling = self.runner.settle
        task = asyncio.create_task(self.runner.run())
        try:
            yield self.runner
        finally:
            self.state.settling = None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _serve(self, wire: Wire) -> None:
        path = wire.path
        if path.startswith("/_control/"):
            await wire.answer(await control.handle(self.state, wire))
            return
        fault = self.state.faults.take(wire.method, path)
        if fault is not None and await self._fails_at_once(wire, fault):
            return
        if await wire.read_body(constants.BODY_BYTES_MAX):
            request, answer = await self._answer(wire)
        else:
            request, answer = None, wire.refusal_of_body(constants.BODY_BYTES_MAX)
        self._note(wire, answer.status if fault is None or fault.kind == "delay" else 0, request)
        if fault is not None and fault.kind in ("lost_answer", "half_answer"):
            await wire.cut(answer if fault.kind == "half_answer" else None)
            return
        await wire.answer(answer)

    async def _fails_at_once(self, wire: Wire, fault: faults.Fault) -> bool:
        """Whether the call ended in its trouble before any work was done."""
        kind = fault.kind
        if kind == "delay":
            await asyncio.sleep(faults.DELAY_SECONDS_DEFAULT if fault.seconds is None else fault.seconds)
            return False
        if kind in ("lost_answer", "half_answer"):
            return False
        await wire.read_body(constants.BODY_BYTES_MAX)
        if kind in ("hang", "reset"):
            if kind == "hang":
                await wire.wait(faults.HANG_SECONDS_DEFAULT if fault.seconds is None else fault.seconds)
            self._note(wire, 0, None)
            await wire.cut(None, reset=kind == "reset")
            return True
        answer = {
            "rate_limited": too_many(fault.retry_after),
            "server_error": answer_text("Internal Server Error", 500),
            "unavailable": _with_version(
                _usual(answer_json({"detail": "Redis is not available"}, 503), self.state),
                self.state.settings.default_version,
            ),
            "bad_gateway": Answer(status=502, body=pages.BAD_GATEWAY.encode(), media_type="text/html"),
        }[kind]
        self._note(wire, answer.status, None)
        await wire.answer(answer)
        return True

    def _note(self, wire: Wire, status: int, request: Request | None) -> None:
        organization = request.authenticated if request is not None else None
        body: Any = wire.body.decode(errors="replace") or None
        with contextlib.suppress(msgspec.DecodeError):
            body = msgspec.json.decode(wire.body) if wire.body else None
        self.state.calls.append(
            faults.Call(
                method=wire.method,
                path=wire.path,
                query=wire.raw_query,
                headers=wire.headers,
                body=body,
                status=status,
                at=self.state.now(),
                organization_id=organization.id if organization is not None else None,
            )
        )
        del self.state.calls[: -faults.CALLS_MAX]

    async def _answer(self, wire: Wire) -> tuple[Request | None, Answer]:
        if not wire.path.startswith(("/v1", "/api/v1", "/healthz")):
            return None, pages.answer(self.state, wire)
        wanted = wire.headers.get("polar-version")
        if wanted is not None and wanted not in constants.VERSIONS:
            return None, answer_json({"detail": "Not Found"}, 404)
        version = wanted or self.state.settings.default_version
        request = Request(
            state=self.state,
            method=wire.method,
            path=wire.path,
            raw_query=wire.raw_query,
            headers=wire.headers,
            raw_body=wire.body,
            version=version,
            caller=wire.caller,
        )
        answer = self._preflight(request) or await self._limited(request, wire)
        return request, _with_version(answer, version)

    def _preflight(self, request: Request) -> Answer | None:
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        return Answer(body=b"OK", media_type="text/plain; charset=utf-8", headers=PREFLIGHT)

    async def _limited(self, request: Request, wire: Wire) -> Answer:
        token, secret = self._token(request)
        organization = self.state.organizations.find(token.organization_id) if token is not None else None
        retry_after = self._retry_after(request, secret, organization)
        if retry_after is not None:
            return too_many(retry_after)
        if secret is not None and (token is None or organization is None):
            if not _is_portal_token(self.state, secret):
                return _cors(request, _token_refused(TokenRefused.invalid(), is_known=False), self.state)
        elif token is not None:
            request.authenticated = organization
            request.scopes = frozenset(token.scopes)
        return _cors(request, await self._routed(request, wire), self.state)

    def _token(self, request: Request) -> tuple[Token | None, str | None]:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            return None, None
        now = self.state.now()
        for token in self.state.tokens.where("secret", secret):
            if token.expires_at is None or token.expires_at > now:
                if not self.state.organization(token.organization_id).capabilities["api_access"]:
                    return None, secret
                return token, secret
        return None, secret

    def _retry_after(self, request: Request, secret: str | None, organization: Organization | None) -> int | None:
        config, now = self.state.settings, self.state.now()
        if request.path.endswith("/confirm") and config.confirm_limits and request.method == "POST":
            return self.state.gate.retry_after_confirm(request.caller, now=now)
        if secret is None:
            return None
        return self.state.gate.retry_after_call(
            secret,
            organization.id if organization is not None else None,
            now=now,
            limit=config.rate_per_minute,
            pending_limit=config.pending_rate_per_minute,
        )

    async def _routed(self, request: Request, wire: Wire) -> Answer:
        deprecated: Headers = ()
        path = request.path
        if path.startswith(DEPRECATED_ROOT):
            notice = "The API root has moved from /api/v1 to /v1. Please update your integration."
            deprecated = (("x-polar-deprecation-notice", notice),)
            path = path.removeprefix("/api")
        matching = [(route, found) for route in ROUTES if (found := route.match(path)) is not None]
        for route, parameters in matching:
            if route.method == request.method:
                request.parameters = {name: unquote(value) for name, value in parameters.items()}
                answer = await self._handled(request, route)
                return answer.with_headers(deprecated)
        if matching:
            allow = (("allow", matching[0][0].method),)
            return answer_json({"detail": "Method Not Allowed"}, 405, allow)
        other = path[:-1] if path.endswith("/") else f"{path}/"
        if any(route.match(other) is not None for route in ROUTES):
            return Answer(status=307, media_type=None, headers=(("location", wire.url_of(other)),))
        return answer_json({"detail": "Not Found"}, 404)

    async def _handled(self, request: Request, route: Route) -> Answer:
        try:
            if route.scopes is not None:
                _ = request.organization
                if not request.scopes & set(route.scopes):
                    raise TokenRefused.lacking(" ".join(route.scopes))
            outcome = route.handler(request)
            return await outcome if inspect.isawaitable(outcome) else outcome
        except Refused as refusal:
            return answer_json(refusal.body(), refusal.status, refusal.headers)
        except TokenRefused as refusal:
            return _token_refused(refusal, is_known=True)
        except Broken:
            return answer_text("Internal Server Error", 500)
        except Exception:  # boundary: a bug of the stand-in is a 500, as a bug of Polar's would be
            _log.exception("polar.handler_failed")
            return answer_text("Internal Server Error", 500)


def create_app(state: PolarState) -> PolarApp:
    """The stand-in as an ASGI application. Run it with its lifespan, or enter `running()`, or jobs stay undone."""
    return PolarApp(state)


def too_many(retry_after: int) -> Answer:
    """429 with nothing but the wait."""
    return Answer(status=429, media_type=None, headers=(("retry-after", str(retry_after)),), is_streamed=True)


def _is_portal_token(state: PolarState, secret: str) -> bool:
    return bool(state.customer_sessions.where("token", secret))


def _token_refused(refusal: TokenRefused, *, is_known: bool) -> Answer:
    body = {"error": refusal.error, "error_description": refusal.description}
    headers = (*NO_STORE, ("www-authenticate", refusal.challenge()))
    return Answer(
        status=refusal.status,
        body=msgspec.json.encode(body),
        headers=headers,
        is_bare=not is_known,
        is_cacheable=True,
    )


def _cors(request: Request, answer: Answer, state: PolarState) -> Answer:
    answer = _usual(answer, state)
    if answer.status == 500 or "origin" not in request.headers:
        return answer
    exposed = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "Polar-Version"))
    return answer.with_headers(exposed)


def _usual(answer: Answer, state: PolarState) -> Answer:
    """Headers that every answer of the API itself carries."""
    more: list[tuple[str, str]] = []
    if answer.status == 500:
        return answer
    if state.settings.sandbox and not answer.is_bare:
        more.append(("x-polar-sandbox", "1"))
    if not answer.is_cacheable:
        more.append(("cache-control", "private, no-store"))
    return answer.with_headers(tuple(more))


def _with_version(answer: Answer, version: str) -> Answer:
    if answer.status == 500:
        return answer
    return answer.with_headers((("polar-version", version),))
