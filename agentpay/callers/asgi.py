"""The little of ASGI that the gate speaks, and what it knows of one call."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

import msgspec

from agentpay.kit.caller import Caller, Member
from agentpay.kit.quiet import Quiet

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_KEY = "agentpay.call"


class Call(Quiet, msgspec.Struct):
    """One request as the gate sees it: filled in from the outside in, lives in `scope["state"]`."""

    request_id: str
    address: str
    origin: str | None = None
    authorization: str | None = None
    caller: Caller | None = None
    granted: Caller | Member | None = None
    # Where the caller's organization allows pages; None = the call has named no organization.
    allowed_origins: frozenset[str] | None = None


def attach(scope: Scope, call: Call) -> None:
    state = scope.setdefault("state", {})
    state[_KEY] = call
    state["request_id"] = call.request_id


def call_of(scope: Scope) -> Call:
    """The call that the gate attached. Raises `KeyError` when the app runs without its gate: a bug."""
    call: Call = scope["state"][_KEY]
    return call


def caller_of(scope: Scope) -> Caller | None:
    return call_of(scope).caller


def path_conversation(scope: Scope) -> UUID | None:
    """The conversation that the matched path names."""
    value = scope.get("path_params", {}).get("conversation_id")
    return value if isinstance(value, UUID) else None


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """A whole answer at once."""
    if status != 204:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


JSON_TYPE = (b"content-type", b"application/json")
