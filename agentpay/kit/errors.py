"""The six kinds of expected error. Anything else is a bug: 500, logged with its trace, an id to the caller.

    ExpectedError
    ├── Invalid       422  the request says something impossible
    ├── NotAllowed    401/403  the caller may not
    ├── NotFound      404  absent, or somebody else's
    ├── Conflict      409  the state forbids it now
    ├── Limited       429  too often; carries `retry_after`
    └── Unavailable   503  we or Polar cannot now; carries `retry_after`

Subclass them beside what raises them. The class name is the `error` field on the wire unless `error` says otherwise;
`app.py` maps kind to status once.
"""

from collections.abc import Sequence
from typing import ClassVar

Loc = tuple[str | int, ...]


class ExpectedError(Exception):
    """An outcome that the contract names. `detail` is shown to the caller: no secrets, no SQL, no foreign answers."""

    status: ClassVar[int] = 500
    error: ClassVar[str] = ""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def name(self) -> str:
        return type(self).error or type(self).__name__

    @property
    def body(self) -> dict[str, object]:
        return {"error": self.name, "detail": self.detail}

    @property
    def headers(self) -> dict[str, str]:
        return {}


class Problem(tuple[str, Loc, str]):
    """One entry of a validation error: type, loc, msg."""

    __slots__ = ()

    def __new__(cls, kind: str, loc: Loc, msg: str) -> "Problem":
        return super().__new__(cls, (kind, loc, msg))


class Invalid(ExpectedError):
    """422 `RequestValidationError`: `Invalid.at(("body", "content"), "…")` or several `Problem`s."""

    status = 422
    error = "RequestValidationError"

    def __init__(self, problems: Sequence[tuple[str, Loc, str]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, loc))}: {msg}" for _, loc, msg in problems))
        self.problems = tuple(problems)

    @classmethod
    def at(cls, loc: Loc, msg: str, *, kind: str = "value_error") -> "Invalid":
        return cls([(kind, loc, msg)])

    @property
    def body(self) -> dict[str, object]:
        return {
            "error": self.name,
            "detail": [{"type": kind, "loc": list(loc), "msg": msg} for kind, loc, msg in self.problems],
        }


class NotAllowed(ExpectedError):
    """403 `NotPermitted`."""

    status = 403
    error = "NotPermitted"

    def __init__(self, detail: str = "Not permitted") -> None:
        super().__init__(detail)


class Unauthorized(NotAllowed):
    """401: no credential, or one that is unknown, expired or revoked."""

    status = 401
    error = "Unauthorized"

    def __init__(self, detail: str = "Unauthorized") -> None:
        super().__init__(detail)

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="agentpay"'}


class NotFound(ExpectedError):
    """404, also for what belongs to someone else: the two must look alike."""

    status = 404
    error = "ResourceNotFound"

    def __init__(self, detail: str = "Not found") -> None:
        super().__init__(detail)


class Conflict(ExpectedError):
    """409; subclasses name it (API § 9)."""

    status = 409


class Limited(ExpectedError):
    """429 with `Retry-After` in whole seconds."""

    status = 429
    error = "TooManyRequests"

    def __init__(self, detail: str = "Too many requests", *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class Unavailable(ExpectedError):
    """503 with `Retry-After` in whole seconds."""

    status = 503
    error = "Unavailable"

    def __init__(self, detail: str = "Temporarily unavailable", *, retry_after: int = 2) -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
