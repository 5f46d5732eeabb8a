"""Rate limits as recorded: fixed windows, a bucket per organization, another per caller of confirm (contract § 1.4)."""

from datetime import datetime, timedelta
from typing import Final

MINUTE: Final = timedelta(seconds=60)
HOUR: Final = timedelta(hours=1)
RETRY_AFTER_SECONDS: Final = 60
"""Always the whole window, even shortly before its end (OFFERS 39)."""
CONFIRMS_PER_MINUTE: Final = 6
CONFIRMS_PER_HOUR: Final = 20
CONFIRM_BLOCK_SECONDS: Final = 1800


class Window:
    """Counts within a fixed span that starts with its first call; refused calls are not counted."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._started: datetime | None = None
        self._count = 0

    def admit(self, now: datetime, limit: int) -> bool:
        if self._started is None or now - self._started >= self._span:
            self._started, self._count = now, 0
        if self._count >= limit:
            return False
        self._count += 1
        return True


class Gate:
    """Counters of one stand-in; they are not kept between starts."""

    def __init__(self) -> None:
        self._by_organization: dict[str, Window] = {}
        self._by_token: dict[str, Window] = {}
        self._confirms: dict[str, tuple[Window, Window]] = {}
        self._blocked: dict[str, datetime] = {}

    def retry_after_call(
        self, secret: str, organization_id: str | None, *, now: datetime, limit: int | None, pending_limit: int | None
    ) -> int | None:
        """Seconds to wait, or None when the call may pass. A token that nobody knows counts in a bucket of its own."""
        if organization_id is not None:
            window, ceiling = self._by_organization.setdefault(organization_id, Window(MINUTE)), limit
        else:
            window, ceiling = self._by_token.setdefault(secret, Window(MINUTE)), pending_limit
        return None if ceiling is None or window.admit(now, ceiling) else RETRY_AFTER_SECONDS

    def retry_after_confirm(self, caller: str, *, now: datetime) -> int | None:
        blocked = self._blocked.get(caller)
        if blocked is not None and now < blocked:
            return CONFIRM_BLOCK_SECONDS
        minute, hour = self._confirms.setdefault(caller, (Window(MINUTE), Window(HOUR)))
        if minute.admit(now, CONFIRMS_PER_MINUTE) and hour.admit(now, CONFIRMS_PER_HOUR):
            return None
        self._blocked[caller] = now + timedelta(seconds=CONFIRM_BLOCK_SECONDS)
        return CONFIRM_BLOCK_SECONDS
