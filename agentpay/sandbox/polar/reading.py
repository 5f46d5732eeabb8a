"""Reading a request: its body, its ids, its list parameters, with the real server's complaints (§§ 1.5, 1.9)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from agentpay.sandbox.polar import constants
from agentpay.sandbox.polar.entities import Entity, Metadata
from agentpay.sandbox.polar.errors import Entry, Loc, entry, schema_refused
from agentpay.sandbox.polar.schema import BAD, Check, boolean, integer, moment, one_of, uuid4
from agentpay.sandbox.polar.schema_shapes import accept
from agentpay.sandbox.polar.wire import Answer, Request, answer_json

Row = TypeVar("Row", bound=Entity)
_METADATA: Final = re.compile(r"^metadata\[(.+)\]$")
_positive: Final = integer(gt=0)


def body_of(request: Request, check: Check) -> Any:
    """The accepted body. Raises `Refused` 422 with every complaint about it."""
    return accept(check, _json(request), ("body",))


def _json(request: Request) -> Any:
    if not request.raw_body:
        raise schema_refused([entry(("body",), "Field required", kind="missing")])
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        # Without the JSON content type the real server hands the raw text to its validator.
        return request.raw_body.decode(errors="replace")
    try:
        value = json.loads(request.raw_body)
    except json.JSONDecodeError as problem:
        place: Loc = ("body", problem.pos)
        context = {"error": problem.msg}
        raise schema_refused([entry(place, "JSON decode error", {}, kind="json_invalid", context=context)]) from None
    except UnicodeDecodeError:
        raise schema_refused([entry(("body",), "There was an error parsing the body", kind="json_invalid")]) from None
    complaints = list(_nul_complaints(value, ("body",)))
    if complaints:
        raise schema_refused(complaints)
    return value


def _nul_complaints(value: Any, loc: Loc) -> Iterable[Entry]:
    if isinstance(value, str) and "\x00" in value:
        yield entry(loc, "Value error, NUL characters are not allowed.", value, context={"error": {}})
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _nul_complaints(key, loc)
            yield from _nul_complaints(item, (*loc, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _nul_complaints(item, (*loc, position))


def id_of(request: Request, name: str = "id") -> str:
    """The id in the path. Raises `Refused` 422 when it is none."""
    return str(accept(uuid4, request.parameters[name], ("path", name)))


@dataclass(frozen=True)
class Listing:
    page: int
    limit: int
    sorting: tuple[tuple[str, bool], ...]
    """(field, descending) in order of weight."""


class Query:
    """List parameters read one by one; `finish` raises all complaints together."""

    def __init__(self, request: Request) -> None:
        self._sent = request.query
        self._complaints: list[Entry] = []

    def ids(self, name: str) -> list[str] | None:
        return self._many(name, uuid4, "uuid", "uuid", _uuid_of_list)

    def enum(self, name: str, values: Sequence[str], label: str) -> list[str] | None:
        check = one_of(values)
        return self._many(name, check, f"str-enum[{label}]", f"str-enum[{label}]", check)

    def texts(self, name: str) -> list[str] | None:
        return self._sent.get(name)

    def text(self, name: str) -> str | None:
        return self._sent[name][-1] if name in self._sent else None

    def flag(self, name: str) -> bool | None:
        found: bool | None = self._one(name, boolean)
        return found

    def moment(self, name: str, check: Check = moment) -> Any:
        return self._one(name, check)

    def metadata(self) -> dict[str, list[str]]:
        return {found[1]: values for key, values in self._sent.items() if (found := _METADATA.match(key))}

    def listing(self, fields: Sequence[str], default: str = "-created_at") -> Listing:
        page, limit = self._one("page", _positive), self._one("limit", _positive)
        allowed = one_of([name for field in fields for name in (field, f"-{field}")])
        wanted = self._sent.get("sorting") or [default]
        for position, name in enumerate(wanted):
            allowed(name, ("query", "sorting", position), self._complaints)
        return Listing(
            page=page or 1,
            limit=min(limit or constants.PAGE_ITEMS_DEFAULT, constants.PAGE_ITEMS_MAX),
            sorting=tuple((name.removeprefix("-"), name.startswith("-")) for name in wanted),
        )

    def finish(self) -> None:
        if self._complaints:
            raise schema_refused(self._complaints)

    def _one(self, name: str, check: Check) -> Any:
        if name not in self._sent:
            return None
        found = check(self._sent[name][-1], ("query", name), self._complaints)
        return None if found is BAD else found

    def _many(self, name: str, check: Check, label: str, inner: str, whole: Check) -> list[str] | None:
        values = self._sent.get(name)
        if values is None:
            return None
        own: list[Entry] = []
        branch = (
            f"json-or-python[json=list[{inner}],"
            "python=chain[is-instance[Sequence],function-wrap[sequence_validator()]]]"
        )
        found = [check(value, ("query", name, branch, position), own) for position, value in enumerate(values)]
        if own:
            whole(values, ("query", name, label), self._complaints)
            self._complaints += own
            return None
        return found


def _uuid_of_list(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    return uuid4(value, loc, complaints)


def page_of(
    rows: Iterable[Row], listing: Listing, keys: Mapping[str, Callable[[Row], Any]], show: Callable[[Row], Any]
) -> Answer:
    """One page of the sorted rows in Polar's envelope."""
    # Rows that are alike come newest first, except where time itself is asked to run forward. The sort is stable.
    ordered = list(rows)
    if listing.sorting[-1] != ("created_at", False):
        ordered.reverse()
    for field, descending in reversed(listing.sorting):
        ordered.sort(key=_nulls_last(keys[field]), reverse=descending)
    start = (listing.page - 1) * listing.limit
    total = len(ordered)
    return answer_json(
        {
            "items": [show(row) for row in ordered[start : start + listing.limit]],
            "pagination": {"total_count": total, "max_page": -(-total // listing.limit)},
        }
    )


def _nulls_last(key: Callable[[Row], Any]) -> Callable[[Row], tuple[bool, Any]]:
    def sortable(row: Row) -> tuple[bool, Any]:
        value = key(row)
        return (value is None, 0 if value is None else value)

    return sortable


def has_metadata(metadata: Metadata, wanted: dict[str, list[str]]) -> bool:
    """Repeats of a key mean or, different keys mean and; values are compared as text (contract § 1.5)."""
    return all(key in metadata and _as_text(metadata[key]) in values for key, values in wanted.items())


def _as_text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def like(text: str | None, query: str) -> bool:
    """SQL's case-insensitive substring: `%` and `_` in the query are wildcards (OFFERS 33)."""
    pattern = "".join(".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in query)
    return text is not None and re.search(pattern, text, re.I | re.S) is not None


def among(value: str | None, wanted: Sequence[str] | None) -> bool:
    """Whether a filter lets the value pass; an absent filter lets everything pass."""
    return wanted is None or value in wanted
