"""How a text looks to its reader: without what nobody sees, with every disguised letter and digit as the plain one."""

import html
import unicodedata
from functools import lru_cache
from typing import Final

from agentpay.kit.text import visible

CHARACTERS_CACHED_MAX: Final = 4_096

_UNSEEN: Final = frozenset(("Mn", "Me", "Cf", "Cc", "Cs"))

# Read before NFKD, which would take them apart.
_SIGNS: Final = {
    "º": "º", "ª": "ª", "´": "'", "‘": "'", "’": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"',
    "»": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "⁄": "/", "∕": "/", "٪": "%",
    "⁒": "%", "💲": "$", "٫": ".", "٬": ",", "。": ".", "・": "·", "…": "…", "₨": "rs",
}  # fmt: skip
_CONFUSABLE: Final = dict(
    zip(
        "авекмнорстухѕіјԁԛԝһӏαορντικυεηχıɑɡłøđƽⲟᴏᴀᴇᴛꜱ",
        "abekmhopctyxsijdqwhlaopvtikuenxiaglod5ooaets",
        strict=True,
    )
)


def seen(text: str) -> str:
    """Folded for comparison: lower case, no accents, digits of any script as 0-9, look-alike letters as Latin ones."""
    if "&" in text:
        text = visible(html.unescape(text))
    if text.isascii():
        return text.lower()
    return "".join([_seen(character) for character in text])


def address(text: str) -> str:
    """As a browser reads an address: compatibility forms folded, look-alikes of other scripts kept apart."""
    if "&" in text:
        text = visible(html.unescape(text))
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("。", ".").replace("｡", ".")


@lru_cache(maxsize=CHARACTERS_CACHED_MAX)
def _seen(character: str) -> str:
    sign = _SIGNS.get(character)
    if sign is not None:
        return sign
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_part(part) for part in parts if unicodedata.category(part) not in _UNSEEN)


def _part(part: str) -> str:
    digit = unicodedata.digit(part, -1)
    if digit >= 0:
        return str(digit)
    return _SIGNS.get(part) or _CONFUSABLE.get(part, part)
