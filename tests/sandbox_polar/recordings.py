"""The recorded exchanges and webhook deliveries of the real server (`tests/recordings`, see the README there)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent.parent / "recordings"


class Exchange(msgspec.Struct):
    """One call and its answer. `headers` and `answer_headers` leave out what every call had alike."""

    name: str
    at: datetime
    note: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int
    answer_headers: dict[str, str]
    answer: Any


class Delivered(msgspec.Struct):
    """One webhook as it arrived."""

    name: str
    received_at: float
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.received_at, UTC)


def exchanges() -> list[Exchange]:
    """All exchanges, in the order in which they happened."""
    return msgspec.json.decode((FOLDER / "exchanges.json").read_bytes(), type=list[Exchange])


def deliveries() -> list[Delivered]:
    found = msgspec.json.decode((FOLDER / "deliveries.json").read_bytes(), type=list[Delivered])
    return sorted(found, key=lambda each: each.received_at)
