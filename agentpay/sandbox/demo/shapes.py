"""How the demo's data is written down, and the shorthand for Polar's prices."""

import inspect
from typing import Any, Literal

import msgspec

PriceFields = dict[str, Any]
Category = Literal["courses", "templates", "books", "objects", "memberships"]

SHOP_NAME = "Clareira"


class Perk(msgspec.Struct, frozen=True):
    """A Polar benefit. Only public ones may be shown; `note` is what the buyer is told after paying."""

    description: str
    public: bool = True
    note: str | None = None


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the shop."""

    name: str
    category: Category
    prices: tuple[PriceFields, ...]
    description: str
    interval: Literal["month", "year"] | None = None
    trial_days: int | None = None
    stock: int | None = None
    perks: tuple[Perk, ...] = ()
    asks_for: str | None = None
    """Label of a required custom field of the checkout."""
    is_archived: bool = False
    is_private: bool = False


class ArticleText(msgspec.Struct, frozen=True, kw_only=True):
    """One knowledge article; `slug` is its anchor on the shop's help page."""

    slug: str
    type: Literal["policy", "faq", "guide"]
    language: Literal["en", "pt"]
    title: str
    content: str


def fixed(**amounts: int) -> tuple[PriceFields, ...]:
    """One fixed price a currency, in minor units: `fixed(usd=9500, brl=39900)`."""
    return tuple(
        {"amount_type": "fixed", "price_amount": amount, "price_currency": currency}
        for currency, amount in amounts.items()
    )


def pay_what_you_want(*, minimum: int, preset: int, currency: str = "usd") -> tuple[PriceFields, ...]:
    return (
        {
            "amount_type": "custom",
            "price_currency": currency,
            "minimum_amount": minimum,
            "maximum_amount": None,
            "preset_amount": preset,
        },
    )


def flow(text: str) -> str:
    """A text as written in the data modules, without the source's indentation and line breaks.

    Blank lines separate paragraphs; lines that begin with `- ` stay lines.
    """
    paragraphs: list[str] = []
    for block in inspect.cleandoc(text).split("\n\n"):
        lines = [line.strip() for line in block.splitlines()]
        paragraphs.append("\n".join(lines) if lines[0].startswith("- ") else " ".join(lines))
    return "\n\n".join(paragraphs)
