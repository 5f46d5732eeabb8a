"""Request bodies: JSON, decoded once and strictly, refused at the exact place. Pure."""

import re
from typing import Any

import msgspec

from agentpay.callers import errors
from agentpay.kit.errors import Invalid, Loc

# More than any contract of ours nests; what encodes it again (PostgreSQL's driver, a prompt) recurses too.
DEPTH_MAX = 64
# Beyond it, neighbouring integers are the same float.
EXACT_MAX = 2**53

_WHOLE = re.compile(r"Expected `int( \| \w+)*`, got `float`")


def is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def decode(body: bytes, *, kind: Any) -> Any:
    """`body` as a `kind`. Raises `Unreadable` for what is no JSON, `Invalid` for any other."""
    try:
        if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > DEPTH_MAX:
            inspect(msgspec.json.decode(body), loc=("body",))
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        if _WHOLE.match(str(error)):
            return _decode_whole(body, kind=kind, refused=error)
        raise _refusal(body, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.Unreadable("Malformed JSON") from None
    except RecursionError:
        raise too_deep() from None


def _decode_whole(body: bytes, *, kind: Any, refused: msgspec.ValidationError) -> Any:
    """JSON has one kind of number: `3.0` is the integer 3, as JSON Schema says and Polar takes it."""
    try:
        return msgspec.convert(whole(msgspec.json.decode(body)), kind)
    except msgspec.ValidationError as error:
        raise errors.invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _refusal(body, refused) from None


def whole(value: Any) -> Any:
    """`value` with each float that is an integer, and exactly so, as one."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT_MAX else value
    if isinstance(value, dict):
        return {key: whole(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [whole(entry) for entry in value]
    return value


def _refusal(body: bytes, error: msgspec.ValidationError) -> Invalid | errors.Unreadable:
    """Half a document is malformed, whatever was wrong with it: decoding stops at the first dislike."""
    try:
        msgspec.json.decode(body)
    except msgspec.ValidationError:
        return errors.invalid(error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return errors.Unreadable("Malformed JSON")
    except RecursionError:
        return too_deep()
    return errors.invalid(error)


def inspect(value: Any, *, loc: Loc) -> None:
    """Refuse what decodes but cannot be kept: NUL, which PostgreSQL's text has not, and endless nesting.

    Raises `Invalid` naming the place.
    """
    if len(loc) > DEPTH_MAX:
        raise too_deep()
    if isinstance(value, str):
        refuse_nul(value, loc=loc)
    elif isinstance(value, dict):
        for key, entry in value.items():
            refuse_nul(key, loc=loc)
            inspect(entry, loc=(*loc, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            inspect(entry, loc=(*loc, index))


def refuse_nul(text: str, *, loc: Loc) -> None:
    if "\x00" in text:
        raise Invalid.at(loc, "NUL characters are not allowed.")


def too_deep() -> Invalid:
    return Invalid.at(("body",), f"JSON may nest {DEPTH_MAX} levels at most.")
