"""Raw HTML leaves as nothing: tags are dropped from the stream, what stands between them stays text."""

import re
from typing import Final

TAG_CHARACTERS_MAX: Final = 400
"""Held back after a `<` that may open a tag; a longer one loses its `<` and is text."""

_OPENS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!?<")
_ENDS: Final = re.compile(r"[<>]")
_AUTOLINK: Final = re.compile(r"https?://[^\s\"'`]*", re.IGNORECASE)


class Tags:
    """Fed with visible text in pieces of any size; gives it back without tags."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        if not self._held and "<" not in text:
            return text
        text = self._held + text
        out: list[str] = []
        position = 0
        while (opened := text.find("<", position)) >= 0:
            out.append(text[position:opened])
            passed = _pass(text, opened, out)
            if passed is None:
                self._held = text[opened:]
                return "".join(out)
            position = passed
        self._held = ""
        out.append(text[position:])
        return "".join(out)

    def close(self) -> str:
        """The rest; an unfinished tag is text without its `<`."""
        held, self._held = self._held, ""
        return held if held == "<" else held[1:]


def _pass(text: str, opened: int, out: list[str]) -> int | None:
    """Where to go on behind the `<` at `opened`; None where that depends on what comes."""
    if opened + 1 == len(text):
        return None
    if text[opened + 1] not in _OPENS:
        out.append("<")
        return opened + 1
    end = _ENDS.search(text, opened + 1, opened + TAG_CHARACTERS_MAX)
    if end is None:
        return opened + 1 if len(text) >= opened + TAG_CHARACTERS_MAX else None
    if end[0] == "<":
        out.append(text[opened + 1 : end.start()])
        return end.start()
    inside = text[opened + 1 : end.start()]
    if _AUTOLINK.fullmatch(inside):
        out.append(inside)
    return end.end()
