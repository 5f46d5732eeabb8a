"""What can go wrong with a call to Polar, read from every shape of error body that was seen (§ 1.9)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from agentpay.kit.errors import Loc, Unavailable

Kind = Literal[
    "unauthorized",  # 401: token wrong, expired, revoked, or of the other environment
    "forbidden",  # 403: missing scope, or a state that forbids it: see `name`
    "not_found",  # 404 about an object
    "route",  # 404/405 without `error`, or a redirect: wrong path, method or API version, never a missing object
    "conflict",  # 409: somebody else is changing it, try again
    "gone",  # 410
    "invalid",  # 400, 411, 413, 422: see `problems`
    "rate_limited",  # 429, or our own share of the limit is used up
    "paused",  # not sent: this organization's calls failed too often just now
    "server",  # 5xx
    "network",  # no connection, or it broke
    "timeout",
    "unreadable",  # an answer that is not what it should be, or cut off
]

PERMANENT: frozenset[str] = frozenset({"unauthorized", "forbidden", "not_found", "route", "gone", "invalid"})
TROUBLE: frozenset[str] = frozenset({"server", "network", "timeout", "unreadable"})
"""What says that Polar, not our request, is unwell."""

PROBLEMS_MAX = 20
PROBLEM_CHARACTERS_MAX = 300
# The schema of POST /v1/checkouts/ lists the errors of all branches of a union; this is the one we send (§ 1.9).
UNION_BRANCHES = ("CheckoutProductsCreate", "CheckoutProductCreate", "CheckoutPriceCreate")

Problem = tuple[Loc, str]


class PolarError(Unavailable):
    """A call that gave no usable answer. Shown to callers as 503 without a word of Polar's; safe to log.

    `permanent`: the same call will fail again. `unknown_outcome`: Polar may have done what was asked: look before
    sending again. `retry_hint`: seconds after which it may work. `polar_name`: Polar's error class (`CheckoutLocked`).
    """

    error = "Unavailable"

    def __init__(
        self,
        kind: Kind,
        *,
        status: int | None = None,
        name: str = "",
        unknown_outcome: bool = False,
        retry_hint: float | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(
            "The payment provider cannot be used right now. Please try again.",
            retry_after=math.ceil(retry_hint or 0) or 2,
        )
        self.kind = kind
        self.http_status = status
        self.polar_name = name
        self.permanent = kind in PERMANENT
        self.unknown_outcome = unknown_outcome
        self.retry_hint = retry_hint
        self.problems = tuple(problems)

    def __str__(self) -> str:
        parts = [self.kind, str(self.http_status or ""), self.polar_name]
        return " ".join(part for part in parts if part)

    def about(self, field: str) -> str | None:
        """Polar's message about a body field (`discount_id`, `products` …), if it complained about that one."""
        return next((message for loc, message in self.problems if field in loc), None)


KIND_OF_STATUS: dict[int, Kind] = {
    400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "route", 409: "conflict",
    410: "gone", 411: "invalid", 413: "invalid", 422: "invalid", 429: "rate_limited",
}  # fmt: skip


def error_of(*, method: str, status: int, headers: Mapping[str, str], body: bytes) -> PolarError:
    """The error behind an answer that is not 2xx. Never raises, whatever the body is."""
    parsed = _object(body)
    name = parsed.get("error")
    kind = _kind(status, named=isinstance(name, str))
    return PolarError(
        kind,
        status=status,
        name=name if isinstance(name, str) and name.isidentifier() else "",
        unknown_outcome=changes(method) and kind == "server",
        retry_hint=_seconds(headers.get("retry-after")),
        problems=_problems(parsed.get("detail", parsed.get("error_description"))),
    )


def changes(method: str) -> bool:
    """Whether a call of this method may change something at Polar."""
    return method not in ("GET", "HEAD")


def _kind(status: int, *, named: bool) -> Kind:
    if 300 <= status < 400 or (status == 404 and not named):
        return "route"
    if status >= 500 or status < 200:
        return "server"
    return KIND_OF_STATUS.get(status, "invalid")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _problems(detail: object) -> list[Problem]:
    if isinstance(detail, str):
        return [((), detail[:PROBLEM_CHARACTERS_MAX])]
    if not isinstance(detail, list):
        return []
    found = [_problem(entry) for entry in detail if isinstance(entry, dict)]
    foreign = UNION_BRANCHES[1:]
    ours = [
        (loc, message) for loc, message in found if not any(branch in str(part) for part in loc for branch in foreign)
    ]
    return (ours or found)[:PROBLEMS_MAX]


def _problem(entry: dict[str, Any]) -> Problem:
    loc = entry.get("loc")
    parts = loc if isinstance(loc, list) else []
    return (
        tuple(part if isinstance(part, int) else str(part) for part in parts),
        str(entry.get("msg", ""))[:PROBLEM_CHARACTERS_MAX],
    )


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text) if text is not None else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None
