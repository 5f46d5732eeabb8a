"""JSON on the wire: one encoder, times in RFC 3339 ending in `Z`, and the types that several contracts share."""

from datetime import UTC, datetime
from typing import Annotated, Any

import annotated_types
import msgspec

from agentpay.kit import errors, limits

# Described only: `check_metadata` refuses, because it can name the key.
MetadataText = Annotated[
    str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": limits.METADATA_VALUE_CHARACTERS_MAX})
]
Metadata = Annotated[
    dict[str, MetadataText | int | float | bool],
    msgspec.Meta(
        extra_json_schema={
            "maxProperties": limits.METADATA_KEYS_MAX,
            "propertyNames": {"minLength": 1, "maxLength": limits.METADATA_KEY_CHARACTERS_MAX},
        }
    ),
]
# The lengths refuse what the pattern lets pass: Python's `$` also matches before a final newline.
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=3, pattern="^[a-z]{3}$")]
# Twice, because Litestar overlooks msgspec's Meta beside its own markers (`FromQuery[Limit]`).
Limit = Annotated[
    int, msgspec.Meta(ge=1, le=limits.LIST_LIMIT_MAX), annotated_types.Ge(1), annotated_types.Le(limits.LIST_LIMIT_MAX)
]

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """UTF-8 JSON. Aware datetimes in UTC come out with `Z` (msgspec's habit)."""
    return _encoder.encode(value)


def in_utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC, so that it is written with `Z` whatever the session's time zone is."""
    return moment.astimezone(UTC) if moment is not None else None


def check_metadata(metadata: Metadata, *, loc: errors.Loc = ("body", "metadata")) -> Metadata:
    """Polar's limits (contract § 1.8): 50 keys, keys of 1–40, values of 1–500 characters, finite numbers, booleans.

    Raises `Invalid` naming the key.
    """
    if len(metadata) > limits.METADATA_KEYS_MAX:
        raise errors.Invalid.at(loc, f"At most {limits.METADATA_KEYS_MAX} keys.", kind="too_long")
    for key, value in metadata.items():
        if not 1 <= len(key) <= limits.METADATA_KEY_CHARACTERS_MAX:
            message = f"Keys have 1 to {limits.METADATA_KEY_CHARACTERS_MAX} characters."
            raise errors.Invalid.at((*loc, key), message)
        if "\x00" in key or (isinstance(value, str) and "\x00" in value):
            raise errors.Invalid.at((*loc, key), "NUL characters are not allowed.")
        if isinstance(value, str) and not 1 <= len(value) <= limits.METADATA_VALUE_CHARACTERS_MAX:
            message = f"Values have 1 to {limits.METADATA_VALUE_CHARACTERS_MAX} characters."
            raise errors.Invalid.at((*loc, key), message)
    return metadata


def moment(text: str | None, *, name: str) -> datetime | None:
    """A time in a query: a date alone is its first moment, without a zone it means UTC, as at Polar.

    Raises `Invalid` at ["query", name].
    """
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        message = "Expected a date or an RFC 3339 time."
        raise errors.Invalid.at(("query", name), message, kind="datetime_parsing") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
