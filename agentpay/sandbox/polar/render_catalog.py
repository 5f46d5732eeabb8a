"""Organizations, products, prices and discounts as the API shows them (contract §§ 2.2, 2.3, 4.2)."""

from typing import TYPE_CHECKING, Any, Final

from agentpay.sandbox.polar import money
from agentpay.sandbox.polar.entities import Benefit, Discount, Media, Organization, Price, Product

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]

CUSTOMER_EMAILS: Final = dict.fromkeys(
    (
        "order_confirmation",
        "payment_method_expiration_reminder",
        "subscription_cancellation",
        "subscription_confirmation",
        "subscription_cycled",
        "subscription_cycled_after_trial",
        "subscription_past_due",
        "subscription_paused",
        "subscription_resumed",
        "subscription_renewal_reminder",
        "subscription_revoked",
        "subscription_trial_conversion_reminder",
        "subscription_uncanceled",
        "subscription_updated",
    ),
    True,
)
PORTAL_SETTINGS: Final[Json] = {
    "usage": {"show": True},
    "subscription": {"update_seats": True, "update_plan": True},
    "customer": {"allow_email_change": False},
}


def public_organization(organization: Organization) -> Json:
    """What a buyer's page may know of the merchant."""
    return {
        "created_at": organization.created_at,
        "modified_at": organization.modified_at,
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "avatar_url": None,
        "proration_behavior": organization.subscription_settings["proration_behavior"],
        "allow_customer_updates": organization.subscription_settings["allow_customer_updates"],
        "bio": None,
        "company": None,
        "blog": None,
        "location": None,
        "twitter_username": None,
        "pledge_minimum_amount": 0,
        "pledge_badge_show_amount": False,
        "default_upfront_split_to_contributors": None,
        "email": organization.email,
        "website": organization.website,
        "socials": [],
        "status": organization.status,
        "details_submitted_at": organization.created_at,
        "feature_settings": organization.feature_settings,
        "subscription_settings": organization.subscription_settings,
        "customer_email_settings": CUSTOMER_EMAILS,
    }


def portal_organization(organization: Organization) -> Json:
    features = ("member_model_enabled", "checkout_localization_enabled")
    return {
        **public_organization(organization),
        "customer_portal_settings": PORTAL_SETTINGS,
        "organization_features": {name: organization.feature_settings[name] for name in features},
    }


def full_organization(organization: Organization) -> Json:
    return {
        **public_organization(organization),
        "onboarding_resubmission_requested_at": None,
        "sso_enforced": False,
        "default_presentment_currency": organization.default_presentment_currency,
        "default_tax_behavior": organization.default_tax_behavior,
        "customer_portal_settings": PORTAL_SETTINGS,
        "dispute_settings": {"auto_accept_below_amount": None},
        "embed_hosts": organization.embed_hosts,
        "embed_hosts_enforced": True,
        "country": organization.country,
        "account_id": organization.account_id,
        "payout_account_id": organization.payout_account_id,
        "capabilities": organization.capabilities,
        "notification_settings": {
            "new_order": True,
            "new_subscription": True,
            "chargeback_prevention": True,
            "subscription_renewal": False,
        },
    }


def price(row: Price, product: Product) -> Json:
    """With the hidden legacy keys (`type`, `recurring_interval`, `price_per_seat`) that real payloads carry."""
    shown: Json = {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "source": row.source,
        "amount_type": row.amount_type,
        "price_currency": row.price_currency,
        "tax_behavior": row.tax_behavior,
        "is_archived": row.is_archived,
        "product_id": row.product_id,
        "type": "recurring" if product.is_recurring else "one_time",
        "recurring_interval": product.recurring_interval,
    }
    return shown | _price_details(row)


def _price_details(row: Price) -> Json:
    if row.amount_type == "fixed":
        return {"price_amount": row.price_amount}
    if row.amount_type == "custom":
        return {
            "minimum_amount": row.minimum_amount,
            "maximum_amount": row.maximum_amount,
            "preset_amount": row.preset_amount,
        }
    if row.amount_type == "seat_based" and row.seat_tiers is not None:
        return {"seat_tiers": row.seat_tiers, "price_per_seat": money.price_per_seat(row.seat_tiers, 1)}
    if row.amount_type == "unit_based":
        bound = (row.tiers or {"tiers": [{"bound": None}]})["tiers"][-1]["bound"]
        return {
            "tiers": row.tiers,
            "minimum_units": row.minimum_units,
            "maximum_units": bound,
            "unit_label": row.unit_label,
        }
    return {
        "unit_amount": row.unit_amount,
        "cap_amount": row.cap_amount,
        "meter_id": row.meter_id,
        "meter": row.meter
        or {"id": row.meter_id, "name": "Usage", "unit": "scalar", "custom_label": None, "custom_multiplier": None},
    }


def product_base(row: Product) -> Json:
    """The fields that every form of a product has."""
    return {
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "trial_interval": row.trial_interval,
        "trial_interval_count": row.trial_interval_count,
        "name": row.name,
        "description": row.description,
        "visibility": row.visibility,
        "recurring_interval": row.recurring_interval,
        "recurring_interval_count": row.recurring_interval_count,
        "meter_interval": row.meter_interval,
        "meter_interval_count": row.meter_interval_count,
        "is_recurring": row.is_recurring,
        "is_archived": row.is_archived,
        "organization_id": row.organization_id,
    }


def product_reference(row: Product) -> Json:
    """As orders and discounts embed it: metadata, no prices."""
    return {"metadata": row.metadata, **product_base(row)}


def product_on_checkout(state: "PolarState", row: Product) -> Json:
    """As checkouts embed it: prices, no metadata, and of the benefits only the public face."""
    public = ("id", "created_at", "modified_at", "type", "description", "selectable", "deletable", "is_deleted")
    benefits = [
        {
            **{key: value for key, value in benefit(found).items() if key in public},
            "organization_id": row.organization_id,
        }
        for id in row.benefit_ids
        if (found := state.benefits.find(id)) is not None and found.visibility == "public"
    ]
    return {
        **product_base(row),
        "prices": [price(each, row) for each in row.active_prices],
        "benefits": benefits,
        "medias": _medias(state, row),
    }


def product(state: "PolarState", row: Product) -> Json:
    """The merchant's own view. `is_deletable` is newer than the recorded server (contract § 2.2)."""
    return {
        **product_base(row),
        "is_deletable": not state.orders.where("product_id", row.id),
        "metadata": row.metadata,
        "prices": [price(each, row) for each in row.active_prices],
        "benefits": [benefit(state.benefits.get(id)) for id in row.benefit_ids],
        "medias": _medias(state, row),
        "attached_custom_fields": attached_fields(state, row),
    }


def attached_fields(state: "PolarState", row: Product) -> list[Json]:
    shown = []
    for position, attached in enumerate(row.attached_fields):
        field = state.custom_fields.get(attached.custom_field_id)
        shown.append(
            {
                "custom_field_id": field.id,
                "custom_field": {
                    "created_at": field.created_at,
                    "modified_at": field.modified_at,
                    "id": field.id,
                    "metadata": field.metadata,
                    "type": field.type,
                    "slug": field.slug,
                    "name": field.name,
                    "organization_id": field.organization_id,
                    "properties": field.properties,
                },
                "order": position,
                "required": attached.required,
            }
        )
    return shown


def benefit(row: Benefit) -> Json:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "type": row.type,
        "description": row.description,
        "selectable": True,
        "deletable": True,
        "is_deleted": False,
        "organization_id": row.organization_id,
        "metadata": row.metadata,
        "visibility": row.visibility,
        "properties": {"note": None, **row.properties} if row.type == "custom" else row.properties,
        "visibility_configurable": row.type in ("custom", "feature_flag"),
    }


def _medias(state: "PolarState", row: Product) -> list[Json]:
    return [media(state, found) for id in row.media_ids if (found := state.medias.find(id)) is not None]


def media(state: "PolarState", row: Media) -> Json:
    return {
        "id": row.id,
        "organization_id": row.organization_id,
        "name": row.name,
        "path": f"product_media/{row.organization_id}/{row.id}/{row.name}",
        "mime_type": "image/svg+xml",
        "size": 1024,
        "storage_version": None,
        "checksum_etag": None,
        "checksum_sha256_base64": None,
        "checksum_sha256_hex": None,
        "last_modified_at": row.created_at,
        "version": None,
        "service": "product_media",
        "is_uploaded": True,
        "created_at": row.created_at,
        "size_readable": "1.0 KB",
        "public_url": f"{state.settings.public_url}/images/{row.id}/{row.name}",
    }


def _discount_terms(row: Discount) -> Json:
    terms: Json = {"duration": row.duration}
    if row.duration == "repeating":
        terms["duration_in_months"] = row.duration_in_months
    terms["type"] = row.type
    if row.type == "percentage":
        return {**terms, "basis_points": row.basis_points}
    return {**terms, "amount": None, "currency": None, "amounts": row.amounts}


def _with_default_amount(state: "PolarState", row: Discount, shown: Json) -> Json:
    """`amount` and `currency`, deprecated: of the organization's default currency, or of the first there is."""
    amounts = row.amounts
    if amounts:
        default = state.organization(row.organization_id).default_presentment_currency
        shown["currency"] = default if default in amounts else next(iter(amounts))
        shown["amount"] = amounts[shown["currency"]]
    return shown


def discount_on_checkout(state: "PolarState", row: Discount) -> Json:
    """What the buyer sees: id, name and terms, never the metadata."""
    return _with_default_amount(state, row, {**_discount_terms(row), "id": row.id, "name": row.name, "code": row.code})


def discount_on_order(state: "PolarState", row: Discount, *, redemptions: int | None = None) -> Json:
    """`redemptions`: a count read earlier, for the answers that are stale on the real server (OFFERS 27)."""
    count = len(state.redemptions_of(row.id)) if redemptions is None else redemptions
    return _with_default_amount(
        state,
        row,
        {
            **_discount_terms(row),
            "created_at": row.created_at,
            "modified_at": row.modified_at,
            "id": row.id,
            "metadata": row.metadata,
            "name": row.name,
            "code": row.code,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "max_redemptions": row.max_redemptions,
            "max_redemptions_per_customer": row.max_redemptions_per_customer,
            "redemptions_count": count,
            "organization_id": row.organization_id,
        },
    )


def discount(state: "PolarState", row: Discount, *, redemptions: int | None = None) -> Json:
    products = [product_reference(state.products.get(id)) for id in row.product_ids]
    return {**discount_on_order(state, row, redemptions=redemptions), "products": products}
