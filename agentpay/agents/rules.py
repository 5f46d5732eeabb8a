"""The merchant's limits as a value (API § 4). Pure. Percentages become basis points once, here, and never floats again.

In the merchant's words: `RulesWire`. Stored, and what every decision reads: `Rules`. No provider is shown either.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec

from agentpay.kit.errors import Invalid, Loc, Problem

BASIS_POINTS = 10_000
OFFER_VALID_MINUTES_MAX = 7 * 24 * 60
OFFERS_PER_CONVERSATION_MAX = 50
ESCALATE_MESSAGES_MAX = 1_000
QUANTITY_MAX = 10_000
SIGNALS_MAX = 1_000
RULES_PRODUCTS_MAX = 500
FLOOR_AMOUNT_MAX = 999_999_999_999
PERCENT_STEP = 0.01
SHARE_STEP = 0.0001

LOC: Loc = ("body", "rules")

# `multipleOf` for readers of the document: as floats, no product of these is exact (`_scaled`).
Percent = Annotated[
    float,
    msgspec.Meta(
        ge=0, le=100, description="Percent, at most two decimals.", extra_json_schema={"multipleOf": PERCENT_STEP}
    ),
]
Share = Annotated[
    float,
    msgspec.Meta(
        ge=0,
        le=1,
        description="Share of the list price, at most four decimals.",
        extra_json_schema={"multipleOf": SHARE_STEP},
    ),
]
# Described only: `parse` can name the product.
ProductPercent = Annotated[
    float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 100, "multipleOf": PERCENT_STEP})
]
FloorAmount = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": FLOOR_AMOUNT_MAX})]


class PriceBounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every offered price lies between these shares of the list price; nothing is sold above list."""

    min: Share = 0.7
    max: Share = 1.0


class Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    min_quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)] = 3
    percent: Percent = 10


class Hesitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    min_signals: Annotated[int, msgspec.Meta(ge=1, le=SIGNALS_MAX)] = 3
    percent: Percent = 5


class Adjustments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What raises the opening step; never the bound."""

    first_purchase_percent: Percent = 5
    volume: Volume = msgspec.field(default_factory=Volume)
    hesitation: Hesitation = msgspec.field(default_factory=Hesitation)


class ProductLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Further limits of one product: percent 0–100, floor in minor units of the default currency."""

    max_discount_percent: ProductPercent | None = None
    floor_amount: FloorAmount | None = None


ProductsLimits = Annotated[
    dict[str, ProductLimits],
    msgspec.Meta(extra_json_schema={"maxProperties": RULES_PRODUCTS_MAX, "propertyNames": {"format": "uuid"}}),
]


class RulesWire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent's `rules`. Left-out keys take these defaults."""

    allow_dynamic_pricing: bool = True
    max_discount_percent: Percent = 15
    require_approval_above: Percent = 10
    price_bounds: PriceBounds = msgspec.field(default_factory=PriceBounds)
    offer_valid_minutes: Annotated[int, msgspec.Meta(ge=1, le=OFFER_VALID_MINUTES_MAX)] = 60
    max_offers_per_conversation: Annotated[int, msgspec.Meta(ge=0, le=OFFERS_PER_CONVERSATION_MAX)] = 3
    auto_escalate_after_messages: Annotated[int, msgspec.Meta(ge=1, le=ESCALATE_MESSAGES_MAX)] | None = 40
    adjustments: Adjustments = msgspec.field(default_factory=Adjustments)
    products: ProductsLimits = {}


class ProductRules(msgspec.Struct, frozen=True):
    """None = no further limit."""

    max_discount_basis_points: int | None = None
    floor_amount: int | None = None


class Rules(msgspec.Struct, frozen=True):
    """The stored form. Shares and percentages in basis points; `products` by Polar's product id."""

    allow_dynamic_pricing: bool = True
    max_discount_basis_points: int = 1_500
    approval_above_basis_points: int = 1_000
    price_min_basis_points: int = 7_000
    price_max_basis_points: int = BASIS_POINTS
    offer_valid_minutes: int = 60
    max_offers_per_conversation: int = 3
    auto_escalate_after_messages: int | None = 40
    first_purchase_basis_points: int = 500
    volume_min_quantity: int = 3
    volume_basis_points: int = 1_000
    hesitation_min_signals: int = 3
    hesitation_basis_points: int = 500
    products: dict[str, ProductRules] = {}

    def product(self, product_id: UUID) -> ProductRules:
        return self.products.get(str(product_id), ProductRules())


def parse(wire: RulesWire | Mapping[str, Any]) -> Rules:
    """The stored form of what a merchant wrote.

    Raises `Invalid` with every problem found and its exact place, e.g. ["body","rules","price_bounds","min"].
    """
    problems: list[Problem] = []
    if not isinstance(wire, RulesWire):
        wire = _struct_of(wire, problems)
    rules = Rules(
        allow_dynamic_pricing=wire.allow_dynamic_pricing,
        max_discount_basis_points=_scaled(problems, wire.max_discount_percent, 100, "max_discount_percent"),
        approval_above_basis_points=_scaled(problems, wire.require_approval_above, 100, "require_approval_above"),
        price_min_basis_points=_scaled(problems, wire.price_bounds.min, BASIS_POINTS, "price_bounds", "min"),
        price_max_basis_points=_scaled(problems, wire.price_bounds.max, BASIS_POINTS, "price_bounds", "max"),
        offer_valid_minutes=wire.offer_valid_minutes,
        max_offers_per_conversation=wire.max_offers_per_conversation,
        auto_escalate_after_messages=wire.auto_escalate_after_messages,
        first_purchase_basis_points=_scaled(
            problems, wire.adjustments.first_purchase_percent, 100, "adjustments", "first_purchase_percent"
        ),
        volume_min_quantity=wire.adjustments.volume.min_quantity,
        volume_basis_points=_scaled(problems, wire.adjustments.volume.percent, 100, "adjustments", "volume", "percent"),
        hesitation_min_signals=wire.adjustments.hesitation.min_signals,
        hesitation_basis_points=_scaled(
            problems, wire.adjustments.hesitation.percent, 100, "adjustments", "hesitation", "percent"
        ),
        products=_products(wire.products, problems),
    )
    if rules.price_min_basis_points > rules.price_max_basis_points:
        problems.append(_problem("Must not exceed price_bounds.max.", "price_bounds", "min"))
    if problems:
        raise Invalid(problems)
    return rules


def to_wire(rules: Rules) -> RulesWire:
    """What the merchant reads back: equal to what was written, defaults filled in."""
    return RulesWire(
        allow_dynamic_pricing=rules.allow_dynamic_pricing,
        max_discount_percent=_percent(rules.max_discount_basis_points),
        require_approval_above=_percent(rules.approval_above_basis_points),
        price_bounds=PriceBounds(
            min=rules.price_min_basis_points / BASIS_POINTS, max=rules.price_max_basis_points / BASIS_POINTS
        ),
        offer_valid_minutes=rules.offer_valid_minutes,
        max_offers_per_conversation=rules.max_offers_per_conversation,
        auto_escalate_after_messages=rules.auto_escalate_after_messages,
        adjustments=Adjustments(
            first_purchase_percent=_percent(rules.first_purchase_basis_points),
            volume=Volume(min_quantity=rules.volume_min_quantity, percent=_percent(rules.volume_basis_points)),
            hesitation=Hesitation(
                min_signals=rules.hesitation_min_signals, percent=_percent(rules.hesitation_basis_points)
            ),
        ),
        products={
            product_id: ProductLimits(
                max_discount_percent=None
                if limits.max_discount_basis_points is None
                else _percent(limits.max_discount_basis_points),
                floor_amount=limits.floor_amount,
            )
            for product_id, limits in rules.products.items()
        },
    )


def load(stored: Mapping[str, Any]) -> Rules:
    """`Rules` from a stored row: keys that a newer release wrote are ignored, missing ones take their defaults."""
    return msgspec.convert(stored, Rules)


def dump(rules: Rules) -> dict[str, Any]:
    """Plain JSON values for the row."""
    return msgspec.to_builtins(rules)  # type: ignore[no-any-return] # msgspec says Any


def _struct_of(wire: Mapping[str, Any], problems: list[Problem]) -> RulesWire:
    """Field by field, so that each problem is named with its own place and the rest is still checked."""
    kept: dict[str, Any] = {}
    known = {field.name: field.type for field in msgspec.structs.fields(RulesWire)}
    for key, value in wire.items():
        if key not in known:
            problems.append(_problem("Unknown key.", key, kind="extra_forbidden"))
        elif key == "products" and isinstance(value, Mapping):
            kept[key] = {
                entry: limits
                for entry, item in value.items()
                if (limits := _converted(item, ProductLimits, problems, key, entry)) is not None
            }
        else:
            converted = _converted(value, known[key], problems, key)
            if converted is not None or value is None:
                kept[key] = converted
    return RulesWire(**kept) if not problems else RulesWire(**{k: v for k, v in kept.items() if v is not None})


def _converted(value: Any, kind: Any, problems: list[Problem], *place: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        inner = [part for part in path.rstrip("`").split(".") if part]
        if "unknown field" in message:
            inner.append(message.rsplit("`", 2)[-2])
        problems.append(_problem(message, *place, *inner))
        return None


def _products(wire: Mapping[str, ProductLimits], problems: list[Problem]) -> dict[str, ProductRules]:
    if len(wire) > RULES_PRODUCTS_MAX:
        problems.append(_problem(f"At most {RULES_PRODUCTS_MAX} products.", "products", kind="too_long"))
        return {}
    made: dict[str, ProductRules] = {}
    for key, limits in wire.items():
        product_id = _product_id(key)
        if product_id is None:
            problems.append(_problem("Not a product id (UUID).", "products", key))
            continue
        if product_id in made:
            problems.append(_problem("The same product twice.", "products", key))
        floor = limits.floor_amount
        if floor is not None and not 0 <= floor <= FLOOR_AMOUNT_MAX:
            problems.append(_problem(f"From 0 to {FLOOR_AMOUNT_MAX}.", "products", key, "floor_amount"))
        percent = limits.max_discount_percent
        if percent is not None and not 0 <= percent <= 100:
            problems.append(_problem("From 0 to 100.", "products", key, "max_discount_percent"))
            continue
        points = None if percent is None else _scaled(problems, percent, 100, "products", key, "max_discount_percent")
        made[product_id] = ProductRules(max_discount_basis_points=points, floor_amount=floor)
    return made


def _product_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _scaled(problems: list[Problem], value: float, scale: int, *place: str) -> int:
    """`value` × `scale` as the integer it is meant to be: finer than a basis point is refused, not rounded."""
    scaled = round(value * scale)
    if abs(value * scale - scaled) > 1e-6:
        problems.append(_problem("Finer than one hundredth of a percent.", *place))
    return scaled


def _percent(basis_points: int) -> float:
    """15 for 1,500 and 7.5 for 750, as a person writes it."""
    whole, rest = divmod(basis_points, 100)
    return whole if rest == 0 else basis_points / 100


def _problem(message: str, *place: str, kind: str = "value_error") -> Problem:
    return Problem(kind, (*LOC, *place), message)
