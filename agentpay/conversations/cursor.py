"""Positions in a conversation's stream. Pure.

A position is the offset of the last event that was told and how many code points of the running reply were told
(`offset.points`). A newer `turn.started` has a newer offset, so it resets the points by itself; the attempt need not
travel. Positions are strictly ordered, and equal in all streams.
"""

import msgspec

OFFSET_MAX = 2**62


class Cursor(msgspec.Struct, frozen=True, order=True):
    offset: int
    points: int = 0

    def __str__(self) -> str:
        return f"{self.offset}.{self.points}"


def parse(text: str | None) -> Cursor | None:
    """The position behind an id of ours; None for anything else (the stream then resets)."""
    if not text:
        return None
    offset, _, points = text.strip().partition(".")
    if not (offset.isdecimal() and offset.isascii() and (points.isdecimal() and points.isascii() or not points)):
        return None
    if len(offset) > 19 or len(points) > 9 or int(offset) > OFFSET_MAX:
        return None
    return Cursor(int(offset), int(points or 0))
