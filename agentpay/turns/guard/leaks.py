"""Keys by their looks, and runs of words of a secret text."""

import re
from collections import deque
from typing import Final

from agentpay.turns.guard.chunks import Chunk
from agentpay.turns.guard.known import INSTRUCTION_WORDS, LEAK_WORDS, Secret, secret_of
from agentpay.turns.guard.letters import address

KEY_CHARACTERS_MIN: Final = 24
KEY_CLASSES_MIN: Final = 3
"""Kinds of characters (capital, small, digit) in a random string that is no word."""

_PREFIXED: Final = re.compile(
    r"(?<![a-z0-9])(?:ap_(?:sk|pk|ct|is|ns)_|whsec_|polar_[a-z]{2,6}_|sk[-_](?:live|test|ant|proj|or)|[spr]k_(?:live|test)_"
    r"|sk-[a-z0-9]{8}|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|akia[0-9a-z]{8}|aiza[0-9a-z_-]{10}|eyj[a-z0-9_-]{8,}\."
    r"|-----begin|ssh-(?:rsa|ed25519)|bearer:|hf_[a-z]{8}|npm_[a-z0-9]{8}|pypi-|sq0[a-z]{3}-|shpat_|dop_v1_)"
)
_RUN: Final = re.compile(rf"[A-Za-z0-9_+/=-]{{{KEY_CHARACTERS_MIN},}}")
_HEX: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f-])")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_CLASSES: Final = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))


def is_key(chunk: Chunk) -> bool:
    """Whether a piece looks like a credential. In an address only the well-known prefixes count."""
    text = address(chunk.body)
    if _PREFIXED.search(text.replace("\\", "").replace("*", "").replace("`", "")):
        return True
    body = chunk.text
    if len(body) < KEY_CHARACTERS_MIN:
        return False
    text = address(body)
    without_ids = _UUID.sub(" ", text)
    if without_ids != text:
        return bool(_HEX.search(without_ids))
    if _HEX.search(text):
        return True
    return any(
        sum(1 for kind in _CLASSES if kind.search(run[0])) >= KEY_CLASSES_MIN and len(re.findall("[0-9]", run[0])) > 1
        for run in _RUN.finditer(body)
    )


class Echo:
    """Listens for runs of words of the secret texts, piece by piece."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets: list[Secret] = [secret_of(text) for text in secrets if text]
        self._last: deque[str] = deque(maxlen=LEAK_WORDS)

    def hears(self, core: str) -> bool:
        """Whether this word completes a run."""
        if not core or not self._secrets:
            return False
        self._last.append(core)
        words = tuple(self._last)
        ending = words[-INSTRUCTION_WORDS:]
        return any(ending in secret.instructing or words in secret.plain for secret in self._secrets)
