"""Discount codes in a reply: by their looks, and by the words before them."""

import re
from collections.abc import Sequence
from typing import Final

from agentpay.turns.guard import vocabulary as words
from agentpay.turns.guard.chunks import Chunk
from agentpay.turns.guard.letters import seen

WINDOW: Final = 6
CODE_CHARACTERS_MIN: Final = 4
CODE_CHARACTERS_MAX: Final = 40

_MARKUP: Final = str.maketrans("", "", "*~`\\")
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*[A-Za-z0-9]")
_SPELLED: Final = re.compile(r"(?:[A-Za-z0-9][-_]){2,}[A-Za-z0-9]")
_SEASON: Final = re.compile(r"[A-Z]{5,20}[-_]?\d{1,4}")
_QUOTED: Final = re.compile(r"^[(]?[\"'`*_“‘«]+([A-Za-z0-9][\w-]{2,38}[A-Za-z0-9])[\"'`*_”’»]+[).,;:!?]*$")


def is_unconfirmed(chunk: Chunk, *, left: Sequence[str], codes: frozenset[str]) -> bool:
    """Whether a piece is a discount code that is not among `codes`. `left`: the words before it in its sentence."""
    governs = _cue(left)
    for token in _TOKEN.findall(_written(chunk.text)):
        if len(token) > CODE_CHARACTERS_MAX or token.casefold() in codes or token.lower() in words.NOT_CODES:
            continue
        if _is_code(token, left, governs):
            return True
    if governs and left[-1] == ":" and chunk.ends and chunk.core.isalpha() and chunk.core not in codes:
        return True
    quoted = _QUOTED.match(chunk.text)
    return (
        governs
        and quoted is not None
        and quoted[1].casefold() not in codes
        and quoted[1].lower() not in words.NOT_CODES
    )


def _written(body: str) -> str:
    """As it would be typed: no marks of markdown, look-alike letters as Latin ones, capitals kept."""
    if not body.isascii() or "&" in body:
        body = seen(body).upper() if body.upper() == body else seen(body)
    return body.translate(_MARKUP)


def _is_code(token: str, left: Sequence[str], governs: bool) -> bool:
    letters = [character for character in token if character.isalpha()]
    has_digit = any(character.isdigit() for character in token)
    if not letters or len(token) < CODE_CHARACTERS_MIN:
        return False
    is_upper = all(letter.isupper() for letter in letters)
    if governs and (has_digit or is_upper or _SPELLED.fullmatch(token)):
        return True
    if not (is_upper and has_digit):
        return False
    if _SEASON.fullmatch(token):
        return token != "COVID19"
    last = left[-1] if left else ""
    has_stem = any(stem in token.lower() for stem in words.CODE_STEMS) and len(letters) >= 3
    return has_stem or last in words.CODE_VERBS or _talks_of_codes(left)


def _talks_of_codes(left: Sequence[str]) -> bool:
    near = left[-WINDOW:]
    return any(
        word in words.CODE_CUES and (not index or near[index - 1] not in words.OTHER_CODES)
        for index, word in enumerate(near)
    )


def _cue(left: Sequence[str]) -> bool:
    """Whether the words right before are `the code is`, but for `QR code` and its like."""
    for index in range(len(left) - 1, max(-1, len(left) - 1 - WINDOW), -1):
        word = left[index]
        if word in words.CODE_CUES:
            return index == 0 or left[index - 1] not in words.OTHER_CODES
        if word not in words.CODE_FILLERS:
            return False
    return False
