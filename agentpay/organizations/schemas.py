"""Organizations on the wire (API § 3). Secrets are write-only: reads show `"…last4"`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from agentpay.kit.quiet import Quiet
from agentpay.kit.text import VISIBLE_PATTERN, WEB_ADDRESS_PATTERN
from agentpay.kit.wire import Currency

NAME_CHARACTERS_MAX = 200
TOKEN_CHARACTERS_MAX = 512
ORIGINS_MAX = 100
BUDGETS_MAX = 100
RETENTION_DAYS_MAX = 3_650
RETENTION_DAYS_DEFAULT = 365
BUDGET_AMOUNT_MAX = 2**53 - 1  # what JSON's readers keep exact

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HERE = rf"(({_LABEL}\.)*localhost|127\.0\.0\.1|\[::1\])"
_PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
ORIGIN_PATTERN = rf"^(https://{_LABEL}(\.{_LABEL})*|https?://{_HERE})(:{_PORT})?$"

Environment = Literal["production", "sandbox", "custom"]
Status = Literal["active", "unverified", "attention"]
KeyKind = Literal["secret", "publishable"]

Name = Annotated[
    str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, extra_json_schema={"pattern": VISIBLE_PATTERN})
]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=TOKEN_CHARACTERS_MAX, pattern=r"^[\x21-\x7e]+$")]
# Patterns and formats that are for readers only: what refuses says why in a sentence (`checks.py`).
Url = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=2_083, extra_json_schema={"format": "uri", "pattern": WEB_ADDRESS_PATTERN}),
]
Origin = Annotated[
    str,
    msgspec.Meta(
        max_length=300,
        description="As browsers send it: https, a host (in punycode), perhaps a port; http for this machine only.",
        extra_json_schema={"pattern": ORIGIN_PATTERN},
    ),
]
Origins = Annotated[list[Origin], msgspec.Meta(max_length=ORIGINS_MAX)]
RetentionDays = Annotated[int, msgspec.Meta(ge=1, le=RETENTION_DAYS_MAX)]


class Budget(msgspec.Struct, forbid_unknown_fields=True):
    """`amount` in minor units of `currency`; model budgets in micro-USD."""

    kind: Literal["discount", "model"]
    scope: Literal["visitor", "conversation", "agent", "organization"]
    period: Literal["day", "month"]
    currency: Currency
    amount: Annotated[int, msgspec.Meta(ge=0, le=BUDGET_AMOUNT_MAX)]


Budgets = Annotated[list[Budget], msgspec.Meta(max_length=BUDGETS_MAX)]


class PolarCreate(Quiet, msgspec.Struct, forbid_unknown_fields=True):
    """`base_url` for a custom environment only."""

    environment: Environment
    access_token: Secret
    base_url: Url | None = None


class OrganizationCreate(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    polar: PolarCreate
    allowed_origins: Origins = []
    default_currency: Currency | None = None
    budgets: Budgets = []
    retention_days: RetentionDays = RETENTION_DAYS_DEFAULT
    notify_url: Url | None = None
    success_url: Url | None = None


class PolarUpdate(Quiet, msgspec.Struct, forbid_unknown_fields=True):
    """`environment` and `base_url` with the admin key only."""

    environment: Environment | UnsetType = UNSET
    base_url: Url | UnsetType | None = UNSET
    access_token: Secret | UnsetType = UNSET
    webhook_secret: Secret | UnsetType = UNSET


class OrganizationUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; `null` clears the two URLs."""

    name: Name | UnsetType = UNSET
    polar: PolarUpdate | UnsetType = UNSET
    allowed_origins: Origins | UnsetType = UNSET
    default_currency: Currency | UnsetType = UNSET
    budgets: Budgets | UnsetType = UNSET
    retention_days: RetentionDays | UnsetType = UNSET
    notify_url: Url | UnsetType | None = UNSET
    success_url: Url | UnsetType | None = UNSET


class PolarPublic(msgspec.Struct):
    environment: Environment
    base_url: str
    organization_id: UUID | None
    access_token: str | None
    webhook_secret: str | None
    webhook_endpoint_id: UUID | None


class CatalogPublic(msgspec.Struct):
    synced_at: datetime | None
    products: int


class OrganizationPublic(msgspec.Struct, kw_only=True):
    """`attention` says in a sentence what `status: "attention"` is about; `capabilities` are Polar's."""

    id: UUID
    name: str
    status: Status
    attention: str | None
    polar: PolarPublic
    allowed_origins: list[str]
    default_currency: str
    budgets: list[Budget]
    retention_days: int
    notify_url: str | None
    success_url: str | None
    webhook_url: str | None
    capabilities: dict[str, Any]
    catalog: CatalogPublic
    created_at: datetime
    modified_at: datetime | None


class OrganizationCreated(Quiet, OrganizationPublic, kw_only=True):
    """With its first keys and secrets; the secret ones are shown this once and left out when a request is replayed."""

    publishable_key: str
    secret_key: str | UnsetType = UNSET
    identity_secret: str | UnsetType = UNSET
    notify_secret: str | UnsetType = UNSET


class ApiKeyCreate(msgspec.Struct, forbid_unknown_fields=True):
    kind: KeyKind
    name: Name


class ApiKeyPublic(msgspec.Struct, kw_only=True):
    """A publishable key is public and shown in clear; of a secret key only `last4` is known."""

    id: UUID
    organization_id: UUID
    kind: KeyKind
    name: str
    publishable_key: str | None
    last4: str
    last_used_at: datetime | None
    created_at: datetime


class ApiKeyCreated(Quiet, ApiKeyPublic, kw_only=True):
    """`secret_key` is shown this once; absent for a publishable key and when a request is replayed."""

    secret_key: str | UnsetType = UNSET


class Rotate(msgspec.Struct, forbid_unknown_fields=True):
    what: Literal["identity", "webhook", "notify"]


class Rotated(Quiet, msgspec.Struct, kw_only=True):
    """`secret` is shown this once; Polar's webhook secret, which only we and Polar need, never."""

    what: Literal["identity", "webhook", "notify"]
    previous_valid_until: datetime | None
    secret: str | UnsetType = UNSET
