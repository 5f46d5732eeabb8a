"""Answers to a product's custom fields: checked here so that a typo is told at once. Pure (polar/API.md § 2.2).

Fields that are required but not answered are asked for by Polar's page, which also checks bounds and lengths.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from agentpay.kit.errors import Invalid, Problem
from agentpay.polar.types import CustomField, Product

VALUE_CHARACTERS_MAX = 1_000


def check_custom_fields(product: Product, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` at ["body","custom_field_data", slug] for unknown fields and values of another type."""
    fields = {attached.custom_field.slug: attached.custom_field for attached in product.attached_custom_fields}
    problems = [
        Problem("value_error", ("body", "custom_field_data", slug), message)
        for slug, value in data.items()
        if (message := _problem(fields.get(slug), value)) is not None
    ]
    if problems:
        raise Invalid(problems)


def _problem(field: CustomField | None, value: Any) -> str | None:
    if field is None:
        return "This product has no such field."
    if value is None:
        return None
    match field.type:
        case "checkbox":
            return None if isinstance(value, bool) else "True or false."
        case "number":
            return None if isinstance(value, int) and not isinstance(value, bool) else "A whole number."
        case "date":
            return None if isinstance(value, str) and _is_date(value) else "A date, like 2026-12-31."
        case "select":
            options = field.properties.get("options")
            offered = [option.get("value") for option in options if isinstance(option, dict)] if options else []
            return None if value in offered else "One of the options."
        case _:
            is_text = isinstance(value, str) and len(value) <= VALUE_CHARACTERS_MAX and "\x00" not in value
            return None if is_text else f"Text of at most {VALUE_CHARACTERS_MAX} characters."


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
