"""Which pages may read our answers: CORS as API § 2 words it. The headers are pure; `Origins` knows who lists what."""

import time
from collections.abc import Callable

import psycopg

from agentpay.callers.asgi import Call, Headers
from agentpay.db.engine import Database
from agentpay.kit.errors import Unavailable
from agentpay.kit.recent import Recent

PREFLIGHT_SECONDS = 600
REMEMBERED_SECONDS = 4.0
REMEMBERED_MAX = 10_000
ORIGIN_CHARACTERS_MAX = 300

VARY = (b"vary", b"Origin")
_ALLOWED_HEADERS = b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer, X-Request-Id"
_ALLOWED_METHODS = b"GET, POST, PATCH, DELETE"
_EXPOSED_HEADERS = b"X-Request-Id, Retry-After, Idempotency-Replayed"


def preflight_headers(origin: str) -> Headers:
    """A preflight names no caller and no credentials mode is allowed: keys travel in `Authorization` only."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", _ALLOWED_METHODS),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    ]


def answer_headers(origin: str) -> Headers:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED_HEADERS),
    ]


class Origins:
    """Whether any organization lists an Origin, remembered for some seconds."""

    def __init__(self, db: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._recent: Recent[str, bool] = Recent(seconds=REMEMBERED_SECONDS, entries_max=REMEMBERED_MAX, clock=clock)

    async def is_listed(self, origin: str) -> bool:
        """Without a database the last answer stands, so that a page can read that we are unavailable."""
        if origin == "null" or len(origin) > ORIGIN_CHARACTERS_MAX:
            return False
        fresh = self._recent.find_fresh(origin)
        if fresh is not None:
            return fresh[0]
        asked_at = self._recent.now()
        try:
            listed = await self._db.value(
                "select exists (select from organizations where allowed_origins @> array[%(origin)s]"
                " and deleted_at is null)",
                {"origin": origin},
            )
        except (psycopg.Error, Unavailable):
            return (self._recent.find_stale(origin) or (False,))[0]
        return self._recent.keep(origin, bool(listed), asked_at=asked_at)

    async def may_read(self, call: Call) -> bool:
        """Whether the page that made this call may read the answer: its own organization's page, or, while the call
        has named no organization, any organization's."""
        if call.origin is None:
            return False
        if call.allowed_origins is not None:
            return call.origin in call.allowed_origins
        return await self.is_listed(call.origin)
