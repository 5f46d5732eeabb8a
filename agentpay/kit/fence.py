"""Text that others wrote, marked as data for a prompt. Pure; no input can end its own marks."""

import re
import unicodedata
from typing import Final

from agentpay.kit.text import clean, shorten

LABEL_CHARACTERS_MAX: Final = 40

_NOT_IN_LABEL: Final = re.compile(r"[^a-z0-9_ -]")
_ENTITY: Final = re.compile(r"&(?:lt|gt|#0*6[02]|#x0*3[ce]);?", re.IGNORECASE)
# Signs that a reader, or a model, may take for an angle bracket; those that NFKC makes one of are found by it.
_OPENING: Final = frozenset("<‹«〈⟨《〈❮❬❰⋖≺⧼˂ᐸ𐌂⪡⟪≪⋘⦑⦓")
_CLOSING: Final = frozenset(">›»〉⟩》〉❯❭❱⋗≻⧽˃ᐳ⪢⟫≫⋙⦒⦔")
_ASCII: Final = str.maketrans({"<": "‹", ">": "›"})


def fenced(label: str, text: str, *, characters_max: int) -> str:
    """`text` as `<data label="…">…</data>`, cleaned and cut to `characters_max`.

    Every angle bracket in it, in any of its forms, becomes `‹` or `›`, so that only our own marks are marks.
    """
    name = _NOT_IN_LABEL.sub("", clean(label).lower())[:LABEL_CHARACTERS_MAX]
    return f'<data label="{name}">\n{shorten(defused(text), characters_max=characters_max)}\n</data>'


def defused(text: str) -> str:
    """`text` without characters that nobody sees and without anything that looks like one of our marks."""
    cleaned = _ENTITY.sub("‹", clean(text))
    if cleaned.isascii():
        return cleaned.translate(_ASCII)
    return "".join(_plain(character) for character in cleaned)


def _plain(character: str) -> str:
    if character in _OPENING:
        return "‹"
    if character in _CLOSING:
        return "›"
    if character.isascii():
        return character
    folded = unicodedata.normalize("NFKC", character)
    return "‹" if "<" in folded or ">" in folded else character
