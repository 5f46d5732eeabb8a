"""What the stand-in remembers: one struct per kind of row, mutable, stored as JSON."""

from datetime import datetime
from typing import Any

import msgspec

Metadata = dict[str, str | int | float | bool]


class Entity(msgspec.Struct, kw_only=True):
    id: str
    created_at: datetime
    modified_at: datetime | None = None


class Organization(Entity, kw_only=True):
    name: str
    slug: str
    email: str | None = None
    website: str | None = None
    status: str = "active"
    default_presentment_currency: str = "usd"
    default_tax_behavior: str = "location"
    embed_hosts: list[str] = []
    country: str | None = None
    account_id: str
    payout_account_id: str
    capabilities: dict[str, bool]
    feature_settings: dict[str, Any]
    subscription_settings: dict[str, Any]


class Token(Entity, kw_only=True):
    organization_id: str
    secret: str
    scopes: list[str]
    expires_at: datetime | None = None


class Price(Entity, kw_only=True):
    product_id: str
    source: str = "catalog"
    amount_type: str
    price_currency: str = "usd"
    tax_behavior: str | None = None
    is_archived: bool = False
    price_amount: int | None = None
    minimum_amount: int | None = None
    maximum_amount: int | None = None
    preset_amount: int | None = None
    seat_tiers: dict[str, Any] | None = None
    tiers: dict[str, Any] | None = None
    minimum_units: int | None = None
    unit_label: dict[str, Any] | None = None
    unit_amount: str | None = None
    cap_amount: int | None = None
    meter_id: str | None = None
    meter: dict[str, Any] | None = None


class Benefit(Entity, kw_only=True):
    organization_id: str
    type: str = "custom"
    description: str
    visibility: str = "public"
    properties: dict[str, Any] = {}
    metadata: Metadata = {}


class Media(Entity, kw_only=True):
    organization_id: str
    name: str
    title: str
    """Words drawn on the generated picture."""
    svg: str | None = None
    """The picture itself, where the merchant uploaded one."""


class CustomField(Entity, kw_only=True):
    organization_id: str
    type: str
    slug: str
    name: str
    properties: dict[str, Any] = {}
    metadata: Metadata = {}


class AttachedField(msgspec.Struct, kw_only=True):
    custom_field_id: str
    required: bool


class Product(Entity, kw_only=True):
    organization_id: str
    name: str
    description: str | None = None
    visibility: str = "public"
    is_archived: bool = False
    recurring_interval: str | None = None
    recurring_interval_count: int | None = None
    trial_interval: str | None = None
    trial_interval_count: int | None = None
    meter_interval: str | None = None
    meter_interval_count: int | None = None
    metadata: Metadata = {}
    prices: list[Price] = []
    """Catalogue prices, archived ones too, oldest first."""
    benefit_ids: list[str] = []
    media_ids: list[str] = []
    attached_fields: list[AttachedField] = []

    @property
    def is_recurring(self) -> bool:
        return self.recurring_interval is not None

    @property
    def active_prices(self) -> list[Price]:
        return [price for price in self.prices if not price.is_archived]


class Discount(Entity, kw_only=True):
    organization_id: str
    name: str
    type: str
    duration: str
    duration_in_months: int | None = None
    basis_points: int | None = None
    amounts: dict[str, int] | None = None
    code: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_redemptions: int | None = None
    max_redemptions_per_customer: int | None = None
    product_ids: list[str] = []
    metadata: Metadata = {}
    deleted_at: datetime | None = None


class Redemption(Entity, kw_only=True):
    discount_id: str
    checkout_id: str
    customer_id: str | None
    email: str | None


class Address(msgspec.Struct, kw_only=True):
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    state: str | None = None
    country: str

    @property
    def has_detail(self) -> bool:
        return any((self.line1, self.line2, self.postal_code, self.city))


class Checkout(Entity, kw_only=True):
    organization_id: str
    client_secret: str
    status: str = "open"
    expires_at: datetime
    product_ids: list[str]
    ad_hoc_prices: dict[str, list[Price]] = {}
    product_id: str
    product_price_id: str
    currency: str
    amount: int
    discount_id: str | None = None
    allow_discount_codes: bool = True
    seats: int | None = None
    min_seats: int | None = None
    max_seats: int | None = None
    units: int | None = None
    min_units: int | None = None
    max_units: int | None = None
    tax_amount: int | None = None
    tax_behavior: str | None = None
    net_amount: int = 0
    """`net` and `tax` are stored, the discount is computed at every reading: Polar shows both (OFFERS 30)."""
    allow_trial: bool = True
    trial_interval: str | None = None
    trial_interval_count: int | None = None
    trial_end: datetime | None = None
    customer_id: str | None = None
    external_customer_id: str | None = None
    customer_name: str | None = None
    customer_email: str | None = None
    customer_ip_address: str | None = None
    customer_billing_name: str | None = None
    customer_billing_address: Address | None = None
    customer_tax_id: str | None = None
    is_business_customer: bool = False
    require_billing_address: bool = False
    locale: str | None = None
    success_url: str | None = None
    return_url: str | None = None
    embed_origin: str | None = None
    subscription_id: str | None = None
    payment_method_type: str | None = None
    payment_processor_metadata: dict[str, str] = {}
    metadata: Metadata = {}
    customer_metadata: Metadata = {}
    custom_field_data: dict[str, Any] = {}


class Customer(Entity, kw_only=True):
    organization_id: str
    email: str | None
    external_id: str | None = None
    type: str = "individual"
    name: str | None = None
    billing_name: str | None = None
    billing_address: Address | None = None
    tax_id: list[str] | None = None
    locale: str | None = None
    metadata: Metadata = {}
    deleted_at: datetime | None = None
    number: str
    """Short code inside invoice and receipt numbers."""


class CustomerSession(Entity, kw_only=True):
    customer_id: str
    token: str
    expires_at: datetime
    return_url: str | None = None


class OrderItem(Entity, kw_only=True):
    label: str
    amount: int
    tax_amount: int = 0
    proration: bool = False
    product_price_id: str | None = None
    start_timestamp: datetime | None = None
    end_timestamp: datetime | None = None
    """The period it pays for; newer than the recorded server."""


class Order(Entity, kw_only=True):
    organization_id: str
    status: str
    billing_reason: str
    customer_id: str
    product_id: str
    product_price_id: str | None = None
    discount_id: str | None = None
    subscription_id: str | None = None
    checkout_id: str | None = None
    currency: str
    subtotal_amount: int
    discount_amount: int
    net_amount: int
    tax_amount: int
    total_amount: int
    applied_balance_amount: int = 0
    refunded_amount: int = 0
    refunded_tax_amount: int = 0
    platform_fee_amount: int = 0
    platform_fee_currency: str | None = None
    billing_name: str | None = None
    billing_address: Address | None = None
    invoice_number: str
    is_invoice_generated: bool = False
    receipt_number: str | None = None
    seats: int | None = None
    units: int | None = None
    metadata: Metadata = {}
    custom_field_data: dict[str, Any] = {}
    items: list[OrderItem] = []


class Subscription(Entity, kw_only=True):
    organization_id: str
    customer_id: str
    product_id: str
    price_ids: list[str]
    checkout_id: str | None = None
    discount_id: str | None = None
    status: str
    amount: int
    currency: str
    recurring_interval: str
    recurring_interval_count: int
    current_period_start: datetime
    current_period_end: datetime
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    started_at: datetime
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    seats: int | None = None
    units: int | None = None
    discount_cycles: int = 0
    """Paid periods in which the discount has been applied."""
    customer_cancellation_reason: str | None = None
    customer_cancellation_comment: str | None = None
    pending_items: list[OrderItem] = []
    """Prorations that the next invoice bills."""
    metadata: Metadata = {}
    custom_field_data: dict[str, Any] = {}


class Refund(Entity, kw_only=True):
    organization_id: str
    order_id: str
    customer_id: str
    subscription_id: str | None = None
    status: str
    reason: str
    amount: int
    tax_amount: int
    currency: str
    comment: str | None = None
    revoke_benefits: bool = False
    metadata: Metadata = {}


class Grant(Entity, kw_only=True):
    """A benefit in a customer's hands."""

    benefit_id: str
    customer_id: str
    order_id: str | None = None
    subscription_id: str | None = None
    revoked_at: datetime | None = None


class Endpoint(Entity, kw_only=True):
    organization_id: str
    url: str
    name: str | None = None
    format: str = "raw"
    api_version: str
    secret: str
    events: list[str]
    enabled: bool = True
    standard_signature: bool = True


class WebhookEvent(Entity, kw_only=True):
    endpoint_id: str
    type: str
    api_version: str
    payload: str
    succeeded: bool | None = None
    last_http_code: int | None = None
    skipped: bool = False
    attempts: int = 0


class Delivery(Entity, kw_only=True):
    endpoint_id: str
    webhook_event_id: str
    succeeded: bool
    http_code: int | None
    response: str | None


class Job(Entity, kw_only=True):
    due: datetime
    kind: str
    arguments: dict[str, Any] = {}
