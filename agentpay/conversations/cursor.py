"""Positions in a conversation's stream. Pure.

A position is the offset of the last event that was told and how many code points of the running reply were told
(`offset.points`). A newer `turn.started` has a newer offset, so it resets the points by itself; the attempt need not
travel. Positions are strictly ordered, and equal in all streams. A third part marks the position of a reader who loaded
messages (API § 5) and so has not heard that a turn is running.
"""

import msgspec

OFFSET_MAX = 2**62
FRESH = "n"


class Cursor(msgspec.Struct, frozen=True, order=True):
    offset: int
    points: int = 0
    is_fresh: bool = False

    def __str__(self) -> str:
        return f"{self.offset}.{self.points}" + (f".{FRESH}" if self.is_fresh else "")


def parse(text: str | None) -> Cursor | None:
    """The position behind an id of ours; None for anything else (the stream then resets)."""
    parts = (text or "").strip().split(".")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] != FRESH):
        return None
    offset, points = parts[:2]
    if not all(part.isascii() and part.isdecimal() for part in (offset, points)):
        return None
    if len(offset) > 19 or len(points) > 9 or int(offset) > OFFSET_MAX:
        return None
    return Cursor(int(offset), int(points), len(parts) == 3)
