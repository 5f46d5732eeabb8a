"""Checks of lists, maps, models and unions, in the words and places of the real server's validator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agentpay.sandbox.polar.errors import Entry, Loc, entry, schema_refused
from agentpay.sandbox.polar.schema import BAD, Check, plural

REQUIRED: Final = object()
ABSENT: Final = object()


@dataclass(frozen=True)
class Field:
    """`default=REQUIRED` must be sent; `default=ABSENT` is left out of the result when it was not sent."""

    check: Check
    default: Any = REQUIRED


After = Callable[[dict[str, Any]], Sequence[tuple[Loc, str, str]]]
"""Looks at the whole accepted model; each complaint is (place within, kind, message)."""


def nullable(check: Check) -> Check:
    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        return None if value is None else check(value, loc, complaints)

    return inner


def list_of(check: Check, *, min_length: int = 0, unique_message: str | None = None) -> Check:
    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, list):
            complaints.append(entry(loc, "Input should be a valid list", value, kind="list_type"))
            return BAD
        found = [check(item, (*loc, position), complaints) for position, item in enumerate(value)]
        if any(item is BAD for item in found):
            return BAD
        if len(found) < min_length:
            complaints.append(_too_short(loc, value, "List", min_length))
            return BAD
        if unique_message is not None and len(set(found)) < len(found):
            message = f"Value error, {unique_message}"
            complaints.append(entry(loc, message, value, kind="value_error", context={"error": {}}))
            return BAD
        return found

    return inner


def map_of(key: Check, item: Check, *, min_length: int = 0, max_length: int | None = None) -> Check:
    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, dict):
            complaints.append(entry(loc, "Input should be a valid dictionary", value, kind="dict_type"))
            return BAD
        found: dict[Any, Any] = {}
        is_bad = False
        for name, content in value.items():
            good_name = key(name, (*loc, name, "[key]"), complaints)
            good_content = item(content, (*loc, name), complaints)
            is_bad = is_bad or good_name is BAD or good_content is BAD
            if not is_bad:
                found[good_name] = good_content
        if is_bad:
            return BAD
        if len(value) < min_length:
            complaints.append(_too_short(loc, value, "Dictionary", min_length))
            return BAD
        if max_length is not None and len(value) > max_length:
            complaints.append(_too_long(loc, value, max_length))
            return BAD
        return found

    return inner


def either(*options: tuple[str, Check]) -> Check:
    """The first option that accepts; when none does, the complaints of all, each below its option's label."""

    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        together: list[Entry] = []
        for label, check in options:
            own: list[Entry] = []
            found = check(value, (*loc, label) if label else loc, own)
            if found is not BAD:
                return found
            together += own
        complaints += together
        return BAD

    return inner


def tagged(name: str, options: Mapping[str, Check]) -> Check:
    """The option that the field `name` names."""
    shown = f"'{name}'"
    expected = ", ".join(f"'{tag}'" for tag in options)

    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, dict):
            complaints.append(not_a_model(loc, value))
            return BAD
        if name not in value:
            message = f"Unable to extract tag using discriminator {shown}"
            context = {"discriminator": shown}
            complaints.append(entry(loc, message, value, kind="union_tag_not_found", context=context))
            return BAD
        tag = value[name]
        if not isinstance(tag, str) or tag not in options:
            message = f"Input tag '{tag}' found using {shown} does not match any of the expected tags: {expected}"
            context = {"discriminator": shown, "tag": str(tag), "expected_tags": expected}
            complaints.append(entry(loc, message, value, kind="union_tag_invalid", context=context))
            return BAD
        return options[tag](value, (*loc, tag), complaints)

    return inner


def model(fields: Mapping[str, Field], *, after: After | None = None) -> Check:
    """A JSON object; unknown fields are ignored, as Polar does."""

    def inner(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
        if not isinstance(value, dict):
            complaints.append(not_a_model(loc, value))
            return BAD
        found: dict[str, Any] = {}
        before = len(complaints)
        for name, field in fields.items():
            if name in value:
                found[name] = field.check(value[name], (*loc, name), complaints)
            elif field.default is REQUIRED:
                complaints.append(entry((*loc, name), "Field required", value, kind="missing"))
            elif field.default is not ABSENT:
                found[name] = _fresh(field.default)
        if len(complaints) > before:
            return BAD
        complaining = after(found) if after is not None else ()
        for place, kind, message in complaining:
            where = value.get(str(place[0])) if place else value
            context: Any = {"error": {}} if kind == "value_error" else None
            words = f"Value error, {message}" if kind == "value_error" else message
            complaints.append(entry((*loc, *place), words, where, kind=kind, context=context))
        return found if len(complaints) == before else BAD

    return inner


def not_a_model(loc: Loc, value: Any) -> Entry:
    message = "Input should be a valid dictionary or object to extract fields from"
    return entry(loc, message, value, kind="model_attributes_type")


def accept(check: Check, value: Any, loc: Loc) -> Any:
    """The accepted value; raises the 422 of the request's form."""
    complaints: list[Entry] = []
    found = check(value, loc, complaints)
    if complaints:
        raise schema_refused(complaints)
    return found


def _fresh(default: Any) -> Any:
    return default.copy() if isinstance(default, dict | list) else default


def _too_short(loc: Loc, value: Any, what: str, minimum: int) -> Entry:
    message = f"{what} should have at least {plural(minimum, 'item')} after validation, not {len(value)}"
    context = {"field_type": what, "min_length": minimum, "actual_length": len(value)}
    return entry(loc, message, value, kind="too_short", context=context)


def _too_long(loc: Loc, value: Any, maximum: int) -> Entry:
    message = f"Dictionary should have at most {plural(maximum, 'item')} after validation, not {len(value)}"
    context = {"field_type": "Dictionary", "max_length": maximum, "actual_length": len(value)}
    return entry(loc, message, value, kind="too_long", context=context)
