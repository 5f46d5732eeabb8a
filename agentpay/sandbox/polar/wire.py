"""One call and one answer, apart from ASGI."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from agentpay.sandbox.polar import entities, errors

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Headers = tuple[tuple[str, str], ...]


@dataclass(kw_only=True)
class Request:
    """What a handler may look at."""

    state: "PolarState"
    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    raw_body: bytes
    version: str
    """Of the API, as asked for or by default."""
    caller: str
    """Address of the peer; only the confirm limit looks at it."""
    parameters: dict[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    authenticated: entities.Organization | None = None
    """Whose token came with the call, if one did."""

    @property
    def organization(self) -> entities.Organization:
        """The caller. Raises `Refused` 401 for calls without a token."""
        if self.authenticated is None:
            raise errors.Refused(401, "Unauthorized", "Unauthorized", [("www-authenticate", 'Bearer realm="polar"')])
        return self.authenticated

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters in order, repeats kept."""
        found: dict[str, list[str]] = {}
        for key, value in parse_qsl(self.raw_query, keep_blank_values=True):
            found.setdefault(key, []).append(value)
        return found


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b""
    media_type: str | None = "application/json"
    headers: Headers = ()
    is_cacheable: bool = False
    """Without Polar's `cache-control: private, no-store`."""
    is_bare: bool = False
    """Without the sandbox header, as answers to unknown tokens are."""
    is_streamed: bool = False
    """Sent in chunks, without a content length."""

    def with_headers(self, more: Headers) -> "Answer":
        return replace(self, headers=(*self.headers, *more))


def answer_json(value: Any, status: int = 200, headers: Headers = ()) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def answer_nothing(status: int = 204) -> Answer:
    """204 as Polar gives it: no body, but the JSON content type."""
    return Answer(status=status)


def answer_text(text: str, status: int) -> Answer:
    return Answer(status=status, body=text.encode(), media_type="text/plain; charset=utf-8")
