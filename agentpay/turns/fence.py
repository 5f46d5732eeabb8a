"""Text that others wrote, marked as data for a prompt. Pure; no input can end its own marks."""

import re
import unicodedata
from typing import Final

from agentpay.kit.text import clean, shorten

LABEL_CHARACTERS_MAX: Final = 40

_LABEL: Final = re.compile(r"[^a-z0-9_ -]")
# Signs that a reader, or a model, may take for an angle bracket; NFKC finds the compatibility forms of them.
_BRACKETS: Final = "<>‹›«»〈〉⟨⟩《》〈〉❮❯❬❭❰❱⋖⋗≺≻⧼⧽˂˃ᐸᐳ𐌂⪡⪢⟪⟫≪≫⋘⋙⦑⦒⦓⦔＜＞﹤﹥"
_MARK: Final = re.compile(rf"[{re.escape(_BRACKETS)}]")
_ANGLES: Final = {"<": "‹", ">": "›"}
_LOOKS_LIKE_MARK: Final = re.compile(r"[<>]")


def fenced(label: str, text: str, *, characters_max: int) -> str:
    """`text` as `<data label="…">…</data>`, cleaned and cut to `characters_max`.

    Every angle bracket in it, in any of its forms, becomes `‹` or `›`, so that only our own marks are marks.
    """
    name = _LABEL.sub("", clean(label).lower())[:LABEL_CHARACTERS_MAX]
    return f'<data label="{name}">\n{shorten(defused(text), characters_max=characters_max)}\n</data>'


def defused(text: str) -> str:
    """`text` without characters that nobody sees and without anything that looks like one of our marks."""
    return "".join(_plain(character) for character in clean(text))


def _plain(character: str) -> str:
    if character.isascii():
        return _ANGLES.get(character, character)
    if _MARK.fullmatch(character) or _LOOKS_LIKE_MARK.search(unicodedata.normalize("NFKC", character)):
        return "›" if unicodedata.name(character, "").find("RIGHT") >= 0 or ">" in character else "‹"
    return character
