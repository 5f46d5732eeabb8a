"""The only reader of the wall clock. Everything else takes `now` as an argument or uses the database's clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This machine's time, aware, in UTC."""
    return datetime.now(UTC)
