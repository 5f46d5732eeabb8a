"""One finding."""

from typing import Final, Literal
from uuid import UUID

import msgspec

Verdict = Literal["well", "note", "broken"]
MARKS: Final[dict[Verdict, str]] = {"well": "✓", "note": "!", "broken": "✗"}


class Finding(msgspec.Struct, frozen=True):
    """`detail` is how it is, `remedy` what to do about it (empty where all is well). `check` is a name for machines."""

    verdict: Verdict
    check: str
    name: str
    """What was looked at, for people; an organization's own name where it is one of its things."""
    detail: str
    remedy: str = ""
    organization_id: UUID | None = None

    @property
    def mark(self) -> str:
        return MARKS[self.verdict]
