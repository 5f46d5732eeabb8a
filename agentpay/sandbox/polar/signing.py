"""Webhook secrets and signatures in both schemes (contract § 6.4)."""

import base64
import hashlib
import hmac
import secrets
import string
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
OLD_SECRET_CHARACTERS: Final = 43


def new_secret(*, old: bool = False) -> str:
    """`whsec_` and base64 of 32 bytes; `old` ones (before 2026-09-08) have 43 letters and digits instead."""
    if old:
        alphabet = string.ascii_letters + string.digits
        return PREFIX + "".join(secrets.choice(alphabet) for _ in range(OLD_SECRET_CHARACTERS))
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str, *, standard: bool) -> bytes:
    """New secrets carry the key in base64; of old ones the whole text, prefix included, is the key."""
    if standard:
        return base64.b64decode(secret.removeprefix(PREFIX))
    return secret.encode()


def signature(secret: str, *, standard: bool, event_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret, standard=standard), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
