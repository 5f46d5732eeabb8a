"""Ids and secrets. Ids are UUID version 7 made here, so that they stay portable to PostgreSQL 15."""

import hashlib
import os
import secrets
import time
from uuid import UUID

SECRET_BYTES = 32


def uuid7() -> UUID:
    """A UUID version 7 (RFC 9562 § 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=milliseconds << 80 | 7 << 76 | (noise >> 68 & 0xFFF) << 64 | 2 << 62 | noise & ((1 << 62) - 1),
    )


def new_secret(prefix: str) -> str:
    """A random credential, `ap_sk_…` and the like: 32 random bytes in URL-safe base64 behind `prefix`."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """What is stored instead of a random credential: SHA-256, 32 bytes. Enough, because the secret has 256 bits."""
    return hashlib.sha256(secret.encode()).digest()


def new_token(length: int = 10) -> str:
    """A short token of A–Z and 2–9 without look-alikes, safe in Polar's `query` filter (no `%`, no `_`)."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(length))
