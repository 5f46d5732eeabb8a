"""The sentences of data/: harmless ones, and hostile ones with `[[ ]]` around what may not leave."""

from pathlib import Path
from typing import NamedTuple

from agentpay.turns.guard.guard import Guard, Violation
from agentpay.turns.guard.known import Known

KNOWN = Known(
    amounts=frozenset({("usd", 9500), ("usd", 8500), ("brl", 4990)}),
    percents=frozenset({1000}),
    codes=frozenset({"wick10"}),
    hosts=frozenset({"acme.example"}),
    texts=("Clareira 2", "Studio 54 Pass", "Half Price Books"),
)


class Hostile(NamedTuple):
    text: str
    harmless: str
    """What stands before the forbidden part."""


def said(text: str, known: Known = KNOWN) -> tuple[str, Violation | None]:
    """What a guard lets go of a whole reply, and what it found."""
    guard = Guard(known)
    return guard.feed(text) + guard.close(), guard.violation


def said_in(pieces: list[str], known: Known = KNOWN) -> tuple[str, Violation | None]:
    guard = Guard(known)
    return "".join([guard.feed(piece) for piece in pieces]) + guard.close(), guard.violation


def harmless() -> list[str]:
    return _lines("harmless.txt")


def hostile() -> list[Hostile]:
    found = []
    for line in _lines("hostile.txt"):
        before, _, after = line.partition("[[")
        inside, _, rest = after.rpartition("]]")
        found.append(Hostile(f"{before}{inside}{rest}", before))
    return found


def _lines(name: str) -> list[str]:
    text = (Path(__file__).parent / "data" / name).read_text()
    return [line.replace("\\n", "\n") for line in text.splitlines() if line and not line.startswith("# ")]
