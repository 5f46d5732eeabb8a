"""Behind the router, before the handler: who calls, may they, how often, again or not.

A Litestar middleware, because only there the route is known. What a route asks for is read from its handler: the caller
it takes by name (`operator steward merchant page starter member`), or `opt={"caller": …}` where it needs no value;
`opt={"idempotent": True, "secrets": (…)}` for POSTs that create. Refusals come before the body is looked at.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import structlog

from agentpay.callers import access, credentials, idempotency, limits
from agentpay.callers.asgi import App, Call, Receive, Scope, Send, answer, call_of, path_conversation
from agentpay.callers.once import serve_once
from agentpay.db.engine import Database
from agentpay.kit import errors
from agentpay.kit.caller import Caller, Member, Merchant, Page

NAMES_OF_CALLERS = ("organization_id", "conversation_id")


class Wanted(msgspec.Struct, frozen=True):
    """What a route asks of its callers."""

    requirement: access.Requirement | None
    is_idempotent: bool
    secrets: tuple[str, ...]


class Admission:
    """Give an instance to Litestar's `middleware`."""

    def __init__(
        self, db: Database, *, credentials: credentials.Credentials, secret_key_requests_per_minute: int
    ) -> None:
        self._db = db
        self._credentials = credentials
        self._secret_key_requests_per_minute = secret_key_requests_per_minute
        self._wanted: dict[int, Wanted] = {}

    def __call__(self, app: App) -> App:
        async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") == "OPTIONS":
                await answer(send, 204, b"", [(b"allow", allowed_methods(scope).encode())])
                return
            wanted = self._wanted_by(scope["route_handler"])
            if wanted.requirement is None:
                await app(scope, receive, send)
                return
            call = call_of(scope)
            await self._admit(scope, call, requirement=wanted.requirement)
            key = idempotency.key_of(scope) if wanted.is_idempotent and not isinstance(call.caller, Page) else None
            if key is None or call.caller is None or isinstance(call.caller, Page):
                await app(scope, receive, send)
                return
            caller = call.caller.idempotency_caller
            await serve_once(self._db, app, scope, receive, send, caller=caller, key=key, secrets=wanted.secrets)

        return admitted

    def _wanted_by(self, handler: Any) -> Wanted:
        """Read once per handler; handlers live as long as the app."""
        wanted = self._wanted.get(id(handler))
        if wanted is None:
            wanted = self._wanted[id(handler)] = wanted_by(handler)
        return wanted

    async def _admit(self, scope: Scope, call: Call, *, requirement: access.Requirement) -> None:
        secret = credentials.bearer(call.authorization)
        credential = await self._credentials.find(secret) if secret else None
        if credential is not None:
            call.allowed_origins = credential.allowed_origins
        granted = access.admit(requirement, credential, origin=call.origin, conversation_id=path_conversation(scope))
        call.caller = granted.caller if isinstance(granted, Member) else granted
        call.granted = granted
        bind_names(call, granted)
        if isinstance(call.caller, Merchant):
            bucket = f"secret_key:{call.caller.key_id}"
            await limits.count(self._db, bucket=bucket, limit=self._secret_key_requests_per_minute)
        if isinstance(granted, Member) and granted.is_staff:
            await require_conversation(
                self._db, organization_id=granted.organization_id, conversation_id=granted.conversation_id
            )
        refuse_nul(scope)


def bind_names(call: Call, granted: Caller | Member | None) -> None:
    """Whose request it is, for every log line from here on. The gate takes it back."""
    if organization_id := organization_of(call):
        structlog.contextvars.bind_contextvars(organization_id=organization_id)
    if isinstance(granted, Member):
        structlog.contextvars.bind_contextvars(conversation_id=str(granted.conversation_id))


def organization_of(call: Call) -> str | None:
    organization_id = getattr(call.caller, "organization_id", None)
    return None if organization_id is None else str(organization_id)


def wanted_by(handler: Any) -> Wanted:
    """What a handler's signature and `opt` ask for. Raises `TypeError` for a handler that wants two callers."""
    opt: Mapping[str, Any] = handler.opt
    names: list[access.Requirement] = [
        name
        for name in access.REQUIREMENTS
        if name in handler.parsed_fn_signature.parameters or opt.get("caller") == name
    ]
    if len(names) > 1:
        raise TypeError(f"{handler} takes {' and '.join(names)}: a call has one caller.")
    return Wanted(names[0] if names else None, bool(opt.get("idempotent")), tuple(opt.get("secrets", ())))


def allowed_methods(scope: Scope) -> str:
    """`Allow` of a path: Litestar answers OPTIONS by handler and would name only one handler's methods."""
    routes = [route for route in scope["litestar_app"].routes if route.path_format == scope["path_template"]]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", ())}))


async def require_conversation(db: Database, *, organization_id: UUID, conversation_id: UUID) -> None:
    """A secret key enters only conversations of its organization. Raises `NotFound`."""
    found = await db.value(
        "select 1 from conversations"
        " where id = %(id)s and organization_id = %(organization_id)s and deleted_at is null",
        {"id": conversation_id, "organization_id": organization_id},
    )
    if found is None:
        raise errors.NotFound


def refuse_nul(scope: Scope) -> None:
    """PostgreSQL's text holds no NUL: refused here for queries, in `endpoints.JsonRequest` for bodies."""
    if b"%00" in scope.get("query_string", b"") or b"\x00" in scope.get("query_string", b""):
        raise errors.Invalid.at(("query",), "NUL characters are not allowed.")
