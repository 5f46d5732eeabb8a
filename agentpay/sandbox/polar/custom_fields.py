"""Answers to a product's custom fields (contract §§ 2.2, 3.5)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentpay.sandbox.polar.entities import CustomField, Product
from agentpay.sandbox.polar.errors import Entry, entry, rule_refused

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState


def accepted(state: "PolarState", product: Product, sent: dict[str, Any], *, require: bool) -> dict[str, Any]:
    """What is kept of `sent`: known fields only. `require` makes required ones necessary, as at confirm.

    Raises `Refused` 422 at `custom_field_data.<slug>`.
    """
    complaints: list[Entry] = []
    kept: dict[str, Any] = {}
    for attached in product.attached_fields:
        field = state.custom_fields.get(attached.custom_field_id)
        value = sent.get(field.slug)
        loc = ("body", "custom_field_data", field.slug)
        if value is None or (value is False and attached.required and field.type == "checkbox"):
            if require and attached.required:
                complaints.append(entry(loc, "Field required", sent, kind="missing"))
            elif field.slug in sent:
                kept[field.slug] = value
            continue
        problem = _problem(field, value)
        if problem is not None:
            complaints.append(entry(loc, problem[1], value, kind=problem[0]))
        kept[field.slug] = value
    if complaints:
        raise rule_refused(*complaints)
    return kept


def _problem(field: CustomField, value: Any) -> tuple[str, str] | None:
    rules = field.properties
    if field.type == "text":
        return _text_problem(value, rules)
    if field.type in ("number", "date"):
        return _number_problem(value, rules, is_date=field.type == "date")
    if field.type == "checkbox" and not isinstance(value, bool):
        return "bool_type", "Input should be a valid boolean"
    options = [option["value"] for option in rules.get("options", [])]
    if field.type == "select" and value not in options:
        return "literal_error", f"Input should be {' or '.join(repr(option) for option in options)}"
    return None


def _text_problem(value: Any, rules: dict[str, Any]) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "string_type", "Input should be a valid string"
    if len(value) < rules.get("min_length", 0):
        return "string_too_short", f"String should have at least {rules['min_length']} characters"
    if len(value) > rules.get("max_length", len(value)):
        return "string_too_long", f"String should have at most {rules['max_length']} characters"
    return None


def _number_problem(value: Any, rules: dict[str, Any], *, is_date: bool) -> tuple[str, str] | None:
    found = _unix_seconds(value) if is_date else value if type(value) is int else None
    if found is None:
        kind = "date" if is_date else "integer"
        return f"{'date' if is_date else 'int'}_type", f"Input should be a valid {kind}"
    if found < rules.get("ge", found):
        return "greater_than_equal", f"Input should be greater than or equal to {rules['ge']}"
    if found > rules.get("le", found):
        return "less_than_equal", f"Input should be less than or equal to {rules['le']}"
    return None


def _unix_seconds(value: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
