"""Who a visitor is, as the merchant's server vouches for it: a JWT (RFC 7519), HS256 only, checked by hand. Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

import msgspec

from agentpay.kit import text
from agentpay.kit.errors import Invalid

TOKEN_CHARACTERS_MAX = 4_096
SUBJECT_CHARACTERS_MAX = 255
EMAIL_CHARACTERS_MAX = 320
NAME_CHARACTERS_MAX = 200
LIFETIME_SECONDS_MAX = 24 * 3600
CLOCK_SKEW_SECONDS = 60  # the merchant's clock may be ahead of ours

_PART = re.compile(r"[A-Za-z0-9_-]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Identity(msgspec.Struct, frozen=True):
    """A proven visitor. `sub` is Polar's `external_customer_id`."""

    sub: str
    email: str | None = None
    name: str | None = None


def verify(token: str, *, secrets: Sequence[str], now: datetime) -> Identity:
    """The identity in a `customer_token`. Raises `Invalid` at ["body", "customer_token"].

    1. Three base64url parts, not oversized; the header says HS256 and asks for nothing we do not do.
    2. Signed with one of `secrets`, compared in constant time; nothing in the payload is looked at before.
    3. `exp` lies ahead, by 24 h at most; `nbf`, if there is one, behind.
    4. `sub` names somebody; `email` and `name` are well-formed or absent.
    """
    parts = token.split(".") if len(token) <= TOKEN_CHARACTERS_MAX else []
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise refused("Not a signed JWT.")
    header, payload, signature = (decoded(part) for part in parts)
    check_header(header)
    check_signature(f"{parts[0]}.{parts[1]}".encode(), signature, secrets=secrets)
    claims = json_object(payload)
    check_times(claims, now=now.timestamp())
    return Identity(
        sub=subject(claims.get("sub")),
        email=email(claims.get("email")),
        name=name(claims.get("name")),
    )


def refused(message: str) -> Invalid:
    return Invalid.at(("body", "customer_token"), message)


def decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise refused("Not a signed JWT.") from None


def json_object(raw: bytes) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refused("Not a signed JWT.") from None
    if not isinstance(value, dict):
        raise refused("Not a signed JWT.")
    return value


def check_header(raw: bytes) -> None:
    """The algorithm is ours to choose, never the token's: `none` and others end here."""
    header = json_object(raw)
    if header.get("alg") != "HS256" or "crit" in header:
        raise refused("The token must be signed with HS256.")


def check_signature(signed: bytes, signature: bytes, *, secrets: Sequence[str]) -> None:
    """Every secret is tried, whichever fits: the time taken tells nothing."""
    fits = [hmac.compare_digest(hmac.digest(secret.encode(), signed, hashlib.sha256), signature) for secret in secrets]
    if not any(fits):
        raise refused("The token's signature does not fit the identity secret.")


def check_times(claims: Mapping[str, Any], *, now: float) -> None:
    expires, begins = claims.get("exp"), claims.get("nbf")
    if not is_number(expires):
        raise refused("The token must have an exp.")
    if expires <= now:
        raise refused("The token has expired.")
    if expires > now + LIFETIME_SECONDS_MAX + CLOCK_SKEW_SECONDS:
        raise refused("The token's exp must lie at most 24 hours ahead.")
    if begins is not None and not (is_number(begins) and begins <= now + CLOCK_SKEW_SECONDS):
        raise refused("The token is not valid yet.")


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def subject(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= SUBJECT_CHARACTERS_MAX or value != text.one_line(value):
        raise refused(f"The token's sub must be a text of 1 to {SUBJECT_CHARACTERS_MAX} characters.")
    return value


def email(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > EMAIL_CHARACTERS_MAX or not _EMAIL.fullmatch(value):
        raise refused("The token's email is not an e-mail address.")
    if value != text.one_line(value):
        raise refused("The token's email is not an e-mail address.")
    return value


def name(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise refused("The token's name must be a text.")
    return text.shorten(text.one_line(value), characters_max=NAME_CHARACTERS_MAX) or None
