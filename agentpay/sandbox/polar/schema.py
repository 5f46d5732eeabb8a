"""Checks of request fields that fail with the words of the real server's validator (contract § 1.9).

A check takes a value, its place and the list of complaints; it answers the accepted value, or `BAD` after complaining.
"""

import ipaddress
import math
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from agentpay.sandbox.polar.errors import Entry, Loc, entry

BAD: Final = object()
Check = Callable[[Any, Loc, list[Entry]], Any]

INT32_MAX: Final = 2_147_483_647
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})
_HEX: Final = frozenset("0123456789abcdefABCDEF-")
_NAIVE_MOMENT: Final = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$", re.I)


def anything(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    return value


def string(*, min_length: int = 0, max_length: int | None = None) -> Check:
    def check(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, str):
            complaints.append(entry(loc, "Input should be a valid string", value, kind="string_type"))
        elif len(value) < min_length:
            message = f"String should have at least {plural(min_length, 'character')}"
            context = {"min_length": min_length}
            complaints.append(entry(loc, message, value, kind="string_too_short", context=context))
        elif max_length is not None and len(value) > max_length:
            message = f"String should have at most {plural(max_length, 'character')}"
            context = {"max_length": max_length}
            complaints.append(entry(loc, message, value, kind="string_too_long", context=context))
        else:
            return value
        return BAD

    return check


def number_from(value: Any) -> float | None:
    """The number that a lenient reader sees in it."""
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) and "_" not in value else None
    except ValueError:
        return None


def integer(*, gt: int | None = None, ge: int | None = None, le: int | None = None) -> Check:
    bounds = _bounds(gt=gt, ge=ge, le=le)

    def check(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, int | float | str):
            complaints.append(entry(loc, "Input should be a valid integer", value, kind="int_type"))
            return BAD
        number = number_from(value)
        if number is None or (isinstance(value, str) and not re.fullmatch(r"\s*[+-]?\d+(\.0+)?\s*", value)):
            message = "Input should be a valid integer, unable to parse string as an integer"
            complaints.append(entry(loc, message, value, kind="int_parsing"))
            return BAD
        if not math.isfinite(number) or number != int(number):
            message = "Input should be a valid integer, got a number with a fractional part"
            complaints.append(entry(loc, message, value, kind="int_from_float"))
            return BAD
        return bounds(int(value) if isinstance(value, int) else int(number), value, loc, complaints)

    return check


def number(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if not isinstance(value, int | float | str):
        complaints.append(entry(loc, "Input should be a valid number", value, kind="float_type"))
        return BAD
    found = number_from(value)
    if found is None:
        message = "Input should be a valid number, unable to parse string as a number"
        complaints.append(entry(loc, message, value, kind="float_parsing"))
        return BAD
    return found


def boolean(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, str | int | float):
        message = "Input should be a valid boolean, unable to interpret input"
        complaints.append(entry(loc, message, value, kind="bool_parsing"))
    else:
        complaints.append(entry(loc, "Input should be a valid boolean", value, kind="bool_type"))
    return BAD


def only(expected: Any) -> Check:
    """Exactly this value, as for `allow_trial: false` on the buyer's side."""

    def check(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if value == expected and isinstance(value, type(expected)):
            return value
        shown = repr(expected)
        complaints.append(
            entry(loc, f"Input should be {shown}", value, kind="literal_error", context={"expected": shown})
        )
        return BAD

    return check


def one_of(values: Sequence[str]) -> Check:
    quoted = [f"'{value}'" for value in values]
    expected = " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
    allowed = frozenset(values)

    def check(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if isinstance(value, str) and value in allowed:
            return value
        message = f"Input should be {expected}"
        complaints.append(entry(loc, message, value, kind="enum", context={"expected": expected}))
        return BAD

    return check


def uuid4(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if not isinstance(value, str):
        message = "UUID input should be a string, bytes or UUID object"
        complaints.append(entry(loc, message, value, kind="uuid_type"))
        return BAD
    problem = _uuid_problem(value)
    if problem is not None:
        message = f"Input should be a valid UUID, {problem}"
        complaints.append(entry(loc, message, value, kind="uuid_parsing", context={"error": problem}))
        return BAD
    parsed = uuid.UUID(value)
    if parsed.version != 4:
        context = {"expected_version": 4}
        complaints.append(entry(loc, "UUID version 4 expected", value, kind="uuid_version", context=context))
        return BAD
    return str(parsed)


def _uuid_problem(value: str) -> str | None:
    bare = value.removeprefix("urn:uuid:").strip("{}")
    for position, letter in enumerate(bare, 1):
        if letter not in _HEX:
            return f"invalid character: found `{letter}` at {position}"
    hyphens = bare.count("-")
    if hyphens == 0 and len(bare) != 32:
        return f"invalid length: expected length 32 for simple format, found {len(bare)}"
    if hyphens not in (0, 4):
        return f"invalid group count: expected 5, found {hyphens + 1}"
    try:
        uuid.UUID(value)
    except ValueError:
        return f"invalid length: expected length 36 for hyphenated format, found {len(bare)}"
    return None


def moment(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    """An aware UTC time. Naive times are read as UTC, as several of the real inputs do; numbers are Unix seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        complaints.append(entry(loc, "Input should be a valid datetime", value, kind="datetime_type"))
        return BAD
    try:
        if not _NAIVE_MOMENT.match(value):
            raise ValueError(value)
        parsed = datetime.fromisoformat(value)
    except ValueError:
        problem = "input is too short" if len(value) < len("2026-01-01") else "invalid character in year"
        message = f"Input should be a valid datetime or date, {problem}"
        context = {"error": problem}
        complaints.append(entry(loc, message, value, kind="datetime_from_date_parsing", context=context))
        return BAD
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def aware_moment(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if isinstance(value, str) and _NAIVE_MOMENT.match(value) and not re.search(r"(Z|[+-]\d{2}:?\d{2})$", value, re.I):
        complaints.append(entry(loc, "Input should have timezone info", value, kind="timezone_aware"))
        return BAD
    return moment(value, loc, complaints)


def url(schemes: Sequence[str]) -> Check:
    expected = " or ".join(f"'{scheme}'" for scheme in schemes)

    def check(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, str):
            complaints.append(entry(loc, "URL input should be a string or URL", value, kind="url_type"))
            return BAD
        if len(value) > 2083:
            message, context = "URL should have at most 2083 characters", {"max_length": 2083}
            complaints.append(entry(loc, message, value, kind="url_too_long", context=context))
            return BAD
        problem = _url_problem(value)
        if problem is not None:
            message = f"Input should be a valid URL, {problem}"
            complaints.append(entry(loc, message, value, kind="url_parsing", context={"error": problem}))
            return BAD
        if urlsplit(value).scheme.lower() not in schemes:
            message, context2 = f"URL scheme should be {expected}", {"expected_schemes": expected}
            complaints.append(entry(loc, message, value, kind="url_scheme", context=context2))
            return BAD
        return value

    return check


def _url_problem(value: str) -> str | None:
    if not value:
        return "input is empty"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "invalid port number"
    if not parts.scheme:
        return "relative URL without a base"
    if parts.scheme.lower() in ("http", "https") and not parts.hostname:
        return "empty host"
    return None


def address_of_ip(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        message = "value is not a valid IPv4 or IPv6 address"
        complaints.append(entry(loc, message, value, kind="ip_any_address"))
        return BAD


def _bounds(*, gt: int | None, ge: int | None, le: int | None) -> Callable[[int, Any, Loc, list[Entry]], Any]:
    rules: Iterable[tuple[int | None, str, str, str, Callable[[int, int], bool]]] = (
        (gt, "greater_than", "gt", "greater than", lambda value, bound: value > bound),
        (ge, "greater_than_equal", "ge", "greater than or equal to", lambda value, bound: value >= bound),
        (le, "less_than_equal", "le", "less than or equal to", lambda value, bound: value <= bound),
    )
    asked = [(bound, kind, key, words, holds) for bound, kind, key, words, holds in rules if bound is not None]

    def check(number: int, value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        for bound, kind, key, words, holds in asked:
            if not holds(number, bound):
                message = f"Input should be {words} {bound}"
                complaints.append(entry(loc, message, value, kind=kind, context={key: bound}))
                return BAD
        return number

    return check


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
