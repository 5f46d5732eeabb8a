"""Text that others wrote: made safe to store, to search and to put in front of a model."""

import re
import unicodedata

# Control characters but tab and newline, bidi marks and overrides, zero-width characters, tags (U+E0000 block).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """`text` without control, bidi, zero-width and tag characters; line ends as `\\n`; nothing else changed.

    Zero-width joiners inside emoji go too: an emoji may fall apart, a hidden instruction may not hide.
    """
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """`clean` text on one line, spaces collapsed."""
    return _SPACES.sub(" ", clean(text)).strip()


def shorten(text: str, *, characters_max: int) -> str:
    """At most `characters_max` characters, cut at a word where possible, with an ellipsis when cut."""
    if len(text) <= characters_max:
        return text
    cut = text[: characters_max - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > characters_max // 2 else cut).rstrip(" ,;:.") + "…"


def fold(text: str) -> str:
    """Lower case without accents, for comparison: `Café` and `cafe` are equal."""
    lower = text.casefold()
    if lower.isascii():
        return lower
    decomposed = unicodedata.normalize("NFKD", lower).casefold()  # again: `㎅` comes apart into capitals
    return "".join(character for character in decomposed if not unicodedata.combining(character))
