"""How an exception becomes an answer: one mapping of kinds to statuses for the whole service. Pure.

`endpoints.EXCEPTION_HANDLERS` puts it under Litestar; the gate uses it for what happens outside.
"""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
import sqlalchemy.exc

from agentpay.kit import errors

UNAVAILABLE_SECONDS = 2

_AT = re.compile(r" - at `(?P<key>key` in `)?\$(?P<path>.*)`", re.DOTALL)
_PARTS = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_NAMED = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL)
_BOUND = re.compile(r"Expected `(?P<of>\w+)`(?P<length> of length)? (?P<sign><=|>=|<|>|==) ")
_GOT = re.compile(r"Expected `(?P<type>[^`]+)`, got")
_MISSING_PARAMETER = re.compile(r"Missing required (?P<source>\w+) parameter '(?P<name>[^']+)'")

# Polar's validation speaks pydantic's type names; whoever calls AgentPay calls Polar too.
_TYPE_NAMES = {
    "str": "string_type", "int": "int_type", "float": "float_type", "bool": "bool_type", "array": "list_type",
    "object": "dict_type", "uuid": "uuid_type", "datetime": "datetime_type", "date": "date_type",
    "null": "none_required",
}  # fmt: skip
_BOUND_NAMES = {">=": "greater_than_equal", "<=": "less_than_equal", ">": "greater_than", "<": "less_than"}
_MESSAGES = (
    ("Invalid UUID", "uuid_parsing"),
    ("Invalid RFC3339", "datetime_parsing"),
    ("Invalid enum value", "enum"),
    ("Invalid value", "union_tag_invalid"),
    ("Expected `str` matching regex", "string_pattern_mismatch"),
)


class Unreadable(errors.Invalid):
    """400: the request is not what it says it is."""

    status = 400
    error = "BadRequest"

    def __init__(self, detail: str = "Malformed request") -> None:
        super().__init__([("value_error", ("body",), detail)])
        self.detail = detail

    @property
    def body(self) -> dict[str, object]:
        return {"error": self.name, "detail": self.detail}


class BodyTooLarge(Unreadable):
    """413: the body has more bytes than the route takes."""

    status = 413
    error = "RequestBodyTooLarge"

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The request body must not exceed {bytes_max} bytes.")


class BodyTooSlow(Unreadable):
    """408: the body did not arrive in time. The connection ends with it: whoever trickles must not hold it."""

    status = 408
    error = "RequestTimeout"

    def __init__(self, seconds_max: float) -> None:
        super().__init__(f"The request body must arrive within {seconds_max:g} seconds.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Connection": "close"}


class MediaTypeNotSupported(Unreadable):
    """415: bodies are JSON, as it is: nothing is unpacked here."""

    status = 415
    error = "UnsupportedMediaType"

    def __init__(self) -> None:
        super().__init__("Send JSON with Content-Type: application/json, uncompressed.")


class ErrorAnswer(msgspec.Struct, frozen=True):
    """What the caller gets. `is_bug` asks whoever handles it to log the trace."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = {}
    is_bug: bool = False


def answer_to(exception: BaseException, *, request_id: str) -> ErrorAnswer:
    """The answer to anything that a request may raise; what is not expected is a bug and tells nothing but an id."""
    if isinstance(exception, errors.ExpectedError):
        return ErrorAnswer(exception.status, exception.body, exception.headers)
    if isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
        return answer_to(exception.exceptions[0], request_id=request_id)
    if is_outage(exception):
        return answer_to(errors.Unavailable(retry_after=UNAVAILABLE_SECONDS), request_id=request_id)
    detail = f"Something went wrong on our side. Please mention the request id {request_id}."
    return ErrorAnswer(500, {"error": "InternalServerError", "detail": detail}, is_bug=True)


def is_outage(exception: BaseException) -> bool:
    """The database is away, overloaded or refuses for a moment: not a bug, and not the caller's fault."""
    if isinstance(exception, sqlalchemy.exc.DBAPIError):
        return exception.connection_invalidated or isinstance(exception.orig, psycopg.OperationalError)
    # PoolTimeout and its kin are OperationalErrors; so are deadlocks and statement time-outs.
    return isinstance(exception, psycopg.OperationalError | psycopg.InterfaceError | sqlalchemy.exc.TimeoutError)


def framework_answer(exception: BaseException, *, status: int) -> ErrorAnswer:
    """The web framework's own refusals (4xx), in Polar's shape."""
    headers: dict[str, str] = getattr(exception, "headers", None) or {}
    extra = getattr(exception, "extra", None)
    detail = str(getattr(exception, "detail", ""))
    missing = _MISSING_PARAMETER.match(detail)
    if status == HTTPStatus.BAD_REQUEST and isinstance(extra, list):
        invalid = errors.Invalid([framework_problem(entry) for entry in extra])
        return ErrorAnswer(invalid.status, invalid.body, headers)
    if status == HTTPStatus.BAD_REQUEST and missing is not None:
        invalid = errors.Invalid.at((missing["source"], missing["name"]), "Field required", kind="missing")
        return ErrorAnswer(invalid.status, invalid.body, headers)
    name, text = _REFUSALS.get(status, (HTTPStatus(status).phrase.title().replace(" ", ""), HTTPStatus(status).phrase))
    return ErrorAnswer(status, {"error": name, "detail": text}, headers)


_REFUSALS = {
    400: ("BadRequest", "Malformed request"),
    401: ("Unauthorized", "Unauthorized"),
    403: ("NotPermitted", "Not permitted"),
    404: ("ResourceNotFound", "Not found"),
    405: ("MethodNotAllowed", "Method not allowed"),
    413: ("RequestBodyTooLarge", "Request body too large"),
    415: ("UnsupportedMediaType", "Unsupported media type"),
    429: ("TooManyRequests", "Too many requests"),
}


def framework_problem(entry: Mapping[str, Any]) -> tuple[str, errors.Loc, str]:
    """One entry of Litestar's `extra`: a parameter by name, or a path inside the body."""
    source = str(getattr(entry.get("source"), "value", entry.get("source") or "query"))
    key = str(entry.get("key", ""))
    if source == "body" and key == "data":
        return "missing", ("body",), "Field required"
    loc: list[str | int] = [source]
    if source == "body":
        loc += [part for part in key.split(".") if part and part != "data"]
    elif key:
        loc.append(key)
    return problem(str(entry.get("message", "")), source=tuple(loc))


def invalid(error: msgspec.ValidationError, *, source: errors.Loc = ("body",)) -> errors.Invalid:
    """What msgspec refused, as the 422 that the contract knows."""
    return errors.Invalid([problem(str(error), source=source)])


def problem(message: str, *, source: errors.Loc) -> tuple[str, errors.Loc, str]:
    """msgspec's sentence as type, loc and msg: ``… - at `$.rules.price_bounds` `` becomes the path behind `source`.

    msgspec names positions in arrays, but not keys of free mappings.
    """
    # The last one: the sentence before it may quote a caller's own key, however long and whatever it says.
    at = _AT.fullmatch(message, max(0, message.rfind(" - at `")))
    text = message[: at.start()] if at else message
    loc = [*source, *path_parts(at["path"])] if at else [*source]
    named = _NAMED.fullmatch(text)
    if named is not None:
        loc.append(named["field"])
        if named["what"] == "missing required":
            return "missing", tuple(loc), "Field required"
        return "extra_forbidden", tuple(loc), "Extra inputs are not permitted"
    if text.startswith(("Invalid enum value", "Invalid value")):
        return problem_type(text), tuple(loc), "Not one of the allowed values"  # msgspec's words repeat the value
    return problem_type(text), tuple(loc), text.replace("`", "")


def path_parts(path: str) -> Iterator[str | int]:
    for match in _PARTS.finditer(path):
        if match[1] is not None:
            yield match[1]
        elif match[2] is not None:
            yield int(match[2])


def problem_type(text: str) -> str:
    for beginning, name in _MESSAGES:
        if text.startswith(beginning):
            return name
    got = _GOT.match(text)
    if got is not None:
        return _TYPE_NAMES.get(got["type"].split(" | ")[0], "type_error")
    bound = _BOUND.match(text)
    if bound is None:
        return "value_error"
    if bound["length"]:
        size = "short" if bound["sign"].startswith(">") else "long"
        return f"string_too_{size}" if bound["of"] == "str" else f"too_{size}"
    return _BOUND_NAMES.get(bound["sign"], "value_error")
