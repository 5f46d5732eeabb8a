"""The catalogue's tools as a provider sees them: strict JSON Schemas and descriptions. Pure.

These words stand in the byte-stable head of every prompt: short, and never changed by what a conversation holds.
"""

from typing import Any, Literal

PRODUCTS_MAX = 6
QUERY_CHARACTERS_MAX = 4_000
NAME_CHARACTERS_MAX = 200
AMOUNT_MAX = 999_999_999_999
QUANTITY_MAX = 10_000

AgentTypes = tuple[Literal["sales", "support", "payment"], ...]

_AMOUNT = {"type": "integer", "minimum": 0, "maximum": AMOUNT_MAX}
_PRODUCT = {
    "product_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_CHARACTERS_MAX,
        "description": "Id of a product that was shown in this conversation.",
    },
    "name": {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_CHARACTERS_MAX,
        "description": "Its name, as far as known, when it was not shown yet.",
    },
}


def _object(properties: dict[str, Any], *, required: tuple[str, ...] = (), at_least: int = 0) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    if at_least:
        schema["minProperties"] = at_least
    return schema


PARAMETERS: dict[str, dict[str, Any]] = {
    "search_products": _object(
        {
            "query": {
                "type": "string",
                "maxLength": QUERY_CHARACTERS_MAX,
                "description": "The visitor's words or keywords, in any language; empty for what there is at all.",
            },
            "price_max": _AMOUNT | {"description": "The most it may cost, in minor units ($20 = 2000)."},
            "price_min": _AMOUNT | {"description": "The least it may cost, in minor units."},
            "currency": {
                "type": "string",
                "pattern": "^[A-Za-z]{3}$",
                "description": "Of the limits, if the visitor named one.",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": PRODUCTS_MAX},
        },
        required=("query",),
    ),
    "show_product": _object(_PRODUCT, at_least=1),
    "check_inventory": _object(
        {
            **_PRODUCT,
            "quantity": {
                "type": "integer",
                "minimum": 1,
                "maximum": QUANTITY_MAX,
                "description": "How many the visitor wants.",
            },
        },
        at_least=1,
    ),
    "quote_shipping": _object(
        {
            "country": {
                "type": "string",
                "minLength": 2,
                "maxLength": 100,
                "description": "Where to, as an ISO code or by name.",
            },
            **_PRODUCT,
        },
        required=("country",),
    ),
}

DESCRIPTIONS: dict[str, str] = {
    "search_products": (
        "Search the shop's catalogue. Use it before saying what the shop has or has not. The visitor sees a card of"
        " each product it returns; tell prices exactly as in price_text."
    ),
    "show_product": (
        "Look at one product in full: description, what is included, price, availability. The visitor sees its card."
    ),
    "check_inventory": "Whether a product is in stock, and enough of it for a wanted quantity.",
    "quote_shipping": (
        "What shipping to a country costs and how long it takes. Name the product where there is one: what is delivered"
        " online is not shipped."
    ),
}

AGENT_TYPES: dict[str, AgentTypes] = {
    "search_products": ("sales", "support", "payment"),
    "show_product": ("sales", "support", "payment"),
    "check_inventory": ("sales", "support"),
    "quote_shipping": ("sales", "support"),
}
