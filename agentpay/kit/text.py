"""Text that others wrote: made safe to store, to search and to put in front of a model."""

import re
import unicodedata

# Patterns are read by Python and, in the OpenAPI document, by whatever its reader has: no flags, no classes but \s.
# Control characters but tab and newline, bidi marks and overrides, zero-width characters.
_INVISIBLE_CLASS = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_TAGS_CLASS = "\U000e0000-\U000e007f"  # not in a pattern: without a flag, JavaScript cannot read it
VISIBLE_PATTERN = rf"[^\s{_INVISIBLE_CLASS}]"
"""Something is left of the text by `one_line` (of all but tags, which nobody types)."""
SPOKEN_PATTERN = r"[^\s\x1c-\x1f]"
"""Something is left of the text by `str.strip`."""
WEB_ADDRESS_PATTERN = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+([/?#]\S*)?$"
"""An http(s) address with a host and without credentials; nothing else about it."""

_INVISIBLE = re.compile(f"[{_INVISIBLE_CLASS}{_TAGS_CLASS}]")
_SPOKEN = re.compile(SPOKEN_PATTERN)
_WEB_ADDRESS = re.compile(WEB_ADDRESS_PATTERN)
_SPACES = re.compile(r"\s+")


def is_blank(text: str) -> bool:
    """Nothing but white space."""
    return _SPOKEN.search(text) is None


def is_web_address(text: str) -> bool:
    """Whether `WEB_ADDRESS_PATTERN` fits all of it."""
    return _WEB_ADDRESS.fullmatch(text) is not None


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
