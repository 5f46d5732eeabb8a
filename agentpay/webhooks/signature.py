"""Is this delivery from Polar? Standard Webhooks with both of Polar's key schemes (polar/API.md § 6.4). Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

TOLERANCE_SECONDS = 300
SIGNATURES_MAX = 10
PREFIX = "whsec_"
HEADER_CHARACTERS_MAX = 2_048


def is_genuine(
    *,
    secrets: Iterable[str],
    webhook_id: str,
    timestamp: str,
    signatures: str,
    body: bytes,
    now: float,
) -> bool:
    """Whether one of `signatures` (space-separated `v1,<base64>`) signs the raw `body` with one of `secrets`.

    `now` is Unix seconds; the attempt's own timestamp may be 300 s off either way. Never raises, whatever is sent.
    """
    if not webhook_id or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS or max(len(webhook_id), len(signatures)) > HEADER_CHARACTERS_MAX:
        return False
    given = [part[3:] for part in signatures.split(" ")[:SIGNATURES_MAX] if part.startswith("v1,")]
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    found = False
    for key in (key for secret in secrets for key in keys_of(secret)):
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        for signature in given:
            found |= hmac.compare_digest(expected.encode(), signature.encode())
    return found


def keys_of(secret: str) -> tuple[bytes, ...]:
    """The keys a secret may stand for: its own bytes (before September 2026), and the base64 behind `whsec_`."""
    whole = secret.encode()
    encoded = secret.removeprefix(PREFIX)
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (ValueError, binascii.Error):
        return (whole,)
    return (whole, decoded) if decoded else (whole,)
