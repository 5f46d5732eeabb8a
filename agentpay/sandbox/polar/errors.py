"""How Polar refuses: one exception for every refused call, and the entries of validation bodies (contract § 1.9)."""

from collections.abc import Sequence
from typing import Any

Loc = tuple[str | int, ...]
Entry = dict[str, Any]


class Refused(Exception):
    """A call that ends with an error body. `error=None` gives `{"detail": …}` alone, as for unknown routes."""

    def __init__(self, status: int, error: str | None, detail: Any, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(f"{status} {error}: {detail}")
        self.status = status
        self.error = error
        self.detail = detail
        self.headers = tuple(headers)

    def body(self) -> dict[str, Any]:
        return {"detail": self.detail} if self.error is None else {"error": self.error, "detail": self.detail}


class TokenRefused(Exception):
    """OAuth's shape of refusal: other keys, and a challenge header."""

    def __init__(self, status: int, error: str, description: str, scope: str | None = None) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error
        self.description = description
        self.scope = scope

    @classmethod
    def invalid(cls) -> "TokenRefused":
        description = "The access token provided is expired, revoked, malformed, or invalid for other reasons."
        return cls(401, "invalid_token", description)

    @classmethod
    def lacking(cls, scope: str) -> "TokenRefused":
        description = "The request requires higher privileges than provided by the access token."
        return cls(403, "insufficient_scope", description, scope)

    def challenge(self) -> str:
        scope = f'scope="{self.scope}", ' if self.scope is not None else ""
        return f'Bearer realm="polar", {scope}error="{self.error}", error_description="{self.description}"'


class Broken(Exception):
    """The server fails at this: text/plain 500, as the real one does (OFFERS 30)."""


def not_found() -> Refused:
    return Refused(404, "ResourceNotFound", "Not found")


def entry(loc: Loc, message: str, value: Any = None, *, kind: str = "value_error", context: Any = None) -> Entry:
    made: Entry = {"type": kind, "loc": list(loc), "msg": message, "input": value}
    if context is not None:
        made["ctx"] = context
    return made


def schema_refused(entries: Sequence[Entry]) -> Refused:
    """422 of the request's form."""
    return Refused(422, "RequestValidationError", list(entries))


def rule_refused(*entries: Entry) -> Refused:
    """422 of a business rule: the same list, another class, never a `ctx`."""
    return Refused(422, "PolarRequestValidationError", list(entries))


def broken_rule(field: str | Loc, message: str, value: Any = None, *, kind: str = "value_error") -> Refused:
    """422 of one business rule at `body.<field>`."""
    loc = ("body", field) if isinstance(field, str) else ("body", *field)
    return rule_refused(entry(loc, message, value, kind=kind))
