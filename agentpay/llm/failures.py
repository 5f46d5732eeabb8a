"""Why a provider failed: the closed list of reasons, and which of them a status or an error's type means. Pure."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from agentpay.llm.port import ProviderFailed

OVERLOADED: Final = "overloaded"
RATE_LIMITED: Final = "rate_limited"
AUTH: Final = "auth"
BILLING: Final = "billing"
BAD_REQUEST: Final = "bad_request"
NOT_FOUND: Final = "not_found"
TOO_LARGE: Final = "too_large"
SERVER_ERROR: Final = "server_error"
REDIRECTED: Final = "redirected"
FIRST_WORD: Final = "timeout_first_word"
BETWEEN_WORDS: Final = "timeout_between_words"
BROKEN_STREAM: Final = "broken_stream"
OVERSIZED: Final = "oversized"
UNREACHABLE: Final = "unreachable"
MALFORMED: Final = "malformed"
NOT_CONFIGURED: Final = "not_configured"
BREAKER_OPEN: Final = "breaker_open"

ALL: Final = frozenset(
    {
        OVERLOADED, RATE_LIMITED, AUTH, BILLING, BAD_REQUEST, NOT_FOUND, TOO_LARGE, SERVER_ERROR, REDIRECTED,
        FIRST_WORD, BETWEEN_WORDS, BROKEN_STREAM, OVERSIZED, UNREACHABLE, MALFORMED, NOT_CONFIGURED, BREAKER_OPEN,
    }
)  # fmt: skip

PERMANENT: Final = frozenset({AUTH, BILLING, BAD_REQUEST, NOT_FOUND, TOO_LARGE, REDIRECTED, NOT_CONFIGURED})

OF_THE_QUESTION: Final = frozenset({BAD_REQUEST, NOT_FOUND, TOO_LARGE})
"""They say nothing about the provider's health: another question (another model, a shorter talk) may be answered."""

OF_THE_ACCOUNT: Final = frozenset({AUTH, BILLING, REDIRECTED})
"""No question at all will be answered until somebody changes something."""

_STATUSES: Final[Mapping[int, str]] = {
    400: BAD_REQUEST,
    401: AUTH,
    402: BILLING,
    403: AUTH,
    404: NOT_FOUND,
    405: NOT_FOUND,
    408: SERVER_ERROR,
    409: SERVER_ERROR,
    413: TOO_LARGE,
    422: BAD_REQUEST,
    425: SERVER_ERROR,
    429: RATE_LIMITED,
    503: OVERLOADED,
    529: OVERLOADED,
}

_TYPES: Final[Mapping[str, str]] = {
    "invalid_request_error": BAD_REQUEST,
    "authentication_error": AUTH,
    "invalid_api_key": AUTH,
    "permission_error": AUTH,
    "billing_error": BILLING,
    "insufficient_quota": BILLING,
    "not_found_error": NOT_FOUND,
    "model_not_found": NOT_FOUND,
    "request_too_large": TOO_LARGE,
    "context_length_exceeded": TOO_LARGE,
    "rate_limit_error": RATE_LIMITED,
    "rate_limit_exceeded": RATE_LIMITED,
    "overloaded_error": OVERLOADED,
    "timeout_error": SERVER_ERROR,
    "api_error": SERVER_ERROR,
    "server_error": SERVER_ERROR,
}


def of_status(status: int) -> str:
    """The reason that an HTTP status other than 2xx means."""
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return REDIRECTED
    return BAD_REQUEST if 400 <= status < 500 else SERVER_ERROR


def of_type(*names: str | None) -> str | None:
    """The reason that an error's `type` or `code` means; the first known one counts."""
    return next((_TYPES[name] for name in names if name is not None and name in _TYPES), None)


def of_answer(status: int, *names: str | None) -> str:
    """The reason of an answer that is no stream: its error's type or code where that says more than its status."""
    named = of_type(*names)
    return of_status(status) if named in (None, SERVER_ERROR) else str(named)


def failed(reason: str, *, retry_after: float | None = None) -> ProviderFailed:
    """The exception of a reason; whether it is permanent follows from the reason."""
    return ProviderFailed(reason, permanent=reason in PERMANENT, retry_after=retry_after)


def seconds_to_wait(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """What `Retry-After` (RFC 9110 § 10.2.3: seconds or a date) or `retry-after-ms` asks; None = nothing legible."""
    milliseconds, text = headers.get("retry-after-ms"), headers.get("retry-after")
    if milliseconds is not None and (value := _number(milliseconds)) is not None:
        return value / 1_000
    if text is None:
        return None
    if (value := _number(text)) is not None:
        return value
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
