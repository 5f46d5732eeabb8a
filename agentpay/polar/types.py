"""Polar's objects as far as AgentPay reads them: lenient on purpose.

Unknown fields are ignored, enums are plain strings, what may be missing has a default: a service that must not drop
sales cannot fail on a new word. Amounts are integers in minor units. `repr` shows the id only: objects hold names,
addresses and checkout URLs.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from agentpay.kit.quiet import Quiet

T = TypeVar("T")


class Model(msgspec.Struct, kw_only=True, frozen=True):
    """Base of all of them; safe to log."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', '')}>"


class Pagination(Model, kw_only=True, frozen=True):
    total_count: int = 0
    max_page: int = 0


class Page(Model, Generic[T], kw_only=True, frozen=True):
    """One page of a list. `unreadable` counts entries that could not be understood and were left out."""

    items: list[T]
    pagination: Pagination
    unreadable: int = 0


class SeatTier(Model, kw_only=True, frozen=True):
    min_seats: int = 1
    max_seats: int | None = None
    price_per_seat: int = 0


class SeatTiers(Model, kw_only=True, frozen=True):
    seat_tier_type: str = "volume"
    tiers: list[SeatTier] = []
    minimum_seats: int | None = None
    maximum_seats: int | None = None


class Price(Model, kw_only=True, frozen=True):
    """A price of any `amount_type`; fields of other types are null. A changed price has another id (§ 2.3)."""

    id: UUID
    amount_type: str
    price_currency: str = "usd"
    source: str = "catalog"
    is_archived: bool = False
    tax_behavior: str | None = None
    price_amount: int | None = None
    """`fixed`; 0 = free."""
    minimum_amount: int | None = None
    maximum_amount: int | None = None
    preset_amount: int | None = None
    """`custom`, pay what you want."""
    seat_tiers: SeatTiers | None = None
    tiers: Any = None
    minimum_units: int | None = None
    maximum_units: int | None = None
    unit_amount: str | float | None = None
    """Decimal text in cents, of metered prices."""
    cap_amount: int | None = None
    meter: Any = None
    """`{name, unit, custom_label, …}` of metered prices."""
    unit_label: Any = None
    """`{locale: {plural form: noun}}` of `unit_based` prices; null = unit."""


class Benefit(Model, kw_only=True, frozen=True):
    """Without `properties`: they hold what is delivered after purchase and must never reach a model."""

    id: UUID
    type: str = "custom"
    description: str = ""
    visibility: str = "public"
    is_deleted: bool = False


class Media(Model, kw_only=True, frozen=True):
    id: UUID
    name: str = ""
    mime_type: str = ""
    public_url: str = ""


class CustomField(Model, kw_only=True, frozen=True):
    id: UUID
    type: str
    slug: str
    name: str = ""
    properties: dict[str, Any] = {}


class AttachedCustomField(Model, kw_only=True, frozen=True):
    custom_field: CustomField
    order: int = 0
    required: bool = False


class Product(Model, kw_only=True, frozen=True):
    id: UUID
    created_at: datetime
    name: str
    modified_at: datetime | None = None
    description: str | None = None
    visibility: str = "public"
    is_archived: bool = False
    is_recurring: bool = False
    recurring_interval: str | None = None
    recurring_interval_count: int | None = None
    trial_interval: str | None = None
    trial_interval_count: int | None = None
    organization_id: UUID | None = None
    metadata: dict[str, Any] = {}
    prices: list[Price] = []
    """Active prices, several currencies possible; ad-hoc ones never appear here."""
    benefits: list[Benefit] = []
    medias: list[Media] = []
    attached_custom_fields: list[AttachedCustomField] = []


class ProductReference(Model, kw_only=True, frozen=True):
    """A product inside another object: without prices."""

    id: UUID
    name: str = ""
    is_archived: bool = False
    is_recurring: bool = False


class Discount(Model, kw_only=True, frozen=True):
    """`type` percentage has `basis_points`, fixed has `amounts` by currency. `redemptions_count` rises at confirm."""

    id: UUID
    name: str
    type: str
    duration: str = "once"
    created_at: datetime | None = None
    modified_at: datetime | None = None
    duration_in_months: int | None = None
    code: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_redemptions: int | None = None
    max_redemptions_per_customer: int | None = None
    redemptions_count: int = 0
    basis_points: int | None = None
    amounts: dict[str, int] | None = None
    metadata: dict[str, Any] = {}
    products: list[ProductReference] | None = None
    """Null inside orders; empty = valid for every product."""


class Checkout(Model, kw_only=True, frozen=True):
    """§ 3.2. `amount` is before discount and tax; `url` and `client_secret` let their holder pay: never logged."""

    id: UUID
    status: str
    url: str
    expires_at: datetime
    created_at: datetime | None = None
    modified_at: datetime | None = None
    currency: str
    amount: int
    discount_amount: int = 0
    net_amount: int = 0
    tax_amount: int | None = None
    total_amount: int = 0
    seats: int | None = None
    min_seats: int | None = None
    max_seats: int | None = None
    units: int | None = None
    allow_trial: bool = True
    trial_end: datetime | None = None
    active_trial_interval: str | None = None
    active_trial_interval_count: int | None = None
    organization_id: UUID | None = None
    product_id: UUID | None = None
    product_price_id: UUID | None = None
    discount_id: UUID | None = None
    allow_discount_codes: bool = True
    customer_id: UUID | None = None
    external_customer_id: str | None = None
    customer_email: str | None = None
    metadata: dict[str, Any] = {}
    products: list[ProductReference] = []
    prices: dict[str, list[Price]] | None = None
    """Effective prices by product id: ad-hoc ones if given, else the catalogue's."""


class OrderItem(Model, kw_only=True, frozen=True):
    label: str = ""
    amount: int = 0
    tax_amount: int = 0
    proration: bool = False
    product_price_id: UUID | None = None


class Customer(Model, kw_only=True, frozen=True):
    id: UUID
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    type: str | None = None
    deleted_at: datetime | None = None
    metadata: dict[str, Any] = {}


class CustomerState(Customer, kw_only=True, frozen=True):
    active_subscriptions: list[Any] = []
    granted_benefits: list[Any] = []


class Subscription(Model, kw_only=True, frozen=True):
    id: UUID
    status: str
    checkout_id: UUID | None = None
    product_id: UUID | None = None
    customer_id: UUID | None = None
    discount_id: UUID | None = None
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    metadata: dict[str, Any] = {}


class Order(Model, kw_only=True, frozen=True):
    """§ 5.1. What the buyer paid for is `subtotal_amount - discount_amount`, never `net_amount` (OFFERS D5)."""

    id: UUID
    created_at: datetime
    status: str
    billing_reason: str
    currency: str
    subtotal_amount: int
    discount_amount: int
    net_amount: int
    tax_amount: int
    total_amount: int
    paid: bool = False
    modified_at: datetime | None = None
    refunded_amount: int = 0
    refunded_tax_amount: int = 0
    seats: int | None = None
    units: int | None = None
    checkout_id: UUID | None = None
    subscription_id: UUID | None = None
    product_id: UUID | None = None
    discount_id: UUID | None = None
    customer_id: UUID | None = None
    metadata: dict[str, Any] = {}
    items: list[OrderItem] = []
    customer: Customer | None = None
    product: ProductReference | None = None
    discount: Discount | None = None
    subscription: Subscription | None = None


class Refund(Model, kw_only=True, frozen=True):
    """Money back to the buyer = `amount + tax_amount`."""

    id: UUID
    created_at: datetime
    status: str
    order_id: UUID
    amount: int
    currency: str
    modified_at: datetime | None = None
    tax_amount: int = 0
    reason: str = "other"
    customer_id: UUID | None = None
    subscription_id: UUID | None = None


class Organization(Model, kw_only=True, frozen=True):
    """`capabilities.checkout_payments` false: buyers get an error although checkouts can be made (§ 3.5)."""

    id: UUID
    name: str
    slug: str = ""
    status: str = ""
    default_presentment_currency: str = "usd"
    default_tax_behavior: str | None = None
    capabilities: dict[str, Any] = {}
    feature_settings: dict[str, Any] | None = None
    subscription_settings: dict[str, Any] | None = None
    embed_hosts: list[str] = []


class WebhookEndpoint(Quiet, Model, kw_only=True, frozen=True):
    """`secret` signs deliveries: never logged."""

    id: UUID
    url: str
    format: str = "raw"
    secret: str = ""
    name: str | None = None
    api_version: str | None = None
    events: list[str] = []
    enabled: bool = True
    uses_standard_webhook_signature: bool | None = None


class WebhookEvent(Model, kw_only=True, frozen=True):
    """`payload` is the body as JSON text, null once archived; `succeeded` null = in progress."""

    id: UUID
    created_at: datetime
    type: str | None = None
    payload: str | None = None
    succeeded: bool | None = None
    skipped: bool = False
    is_archived: bool = False
    last_http_code: int | None = None


class WebhookDelivery(Model, kw_only=True, frozen=True):
    """One attempt to deliver a webhook event; newest first in lists."""

    id: UUID
    created_at: datetime
    succeeded: bool
    webhook_event: WebhookEvent
    http_code: int | None = None
