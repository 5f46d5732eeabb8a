"""Text that others wrote: made safe to store, to search and to put in front of a model."""

import re
import unicodedata
from typing import Any

# Patterns are read by Python and, in the OpenAPI document, by whatever its reader has: no flags, no classes but \s.
# Control characters but tab and newline, soft hyphen, fillers, zero-width characters, bidi marks and overrides.
_INVISIBLE_CLASS = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
)
# Format controls beyond the BMP, tags, lone surrogates; not in a pattern: JavaScript cannot read it without a flag.
_TAGS_CLASS = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
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
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


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
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def visible(text: str) -> str:
    """`text` without characters that nobody sees; a carriage return is one of them."""
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub("", text)


def storable(value: Any) -> Any:
    """A JSON value without the characters that PostgreSQL's JSON refuses: NUL and halves of surrogate pairs."""
    match value:
        case str():
            return _UNSTORABLE.sub("", value)
        case dict():
            return {storable(key): storable(each) for key, each in value.items()}
        case list():
            return [storable(each) for each in value]
        case _:
            return value


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
