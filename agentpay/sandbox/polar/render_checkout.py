"""Checkouts as the merchant and the buyer see them (contract § 3.2)."""

from typing import TYPE_CHECKING, Any

from agentpay.sandbox.polar import money, render_catalog
from agentpay.sandbox.polar.entities import Address, Checkout, Discount, Price, Product

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]

ADDRESS_FIELDS = ("country", "state", "city", "postal_code", "line1", "line2")


def prices_of(state: "PolarState", checkout: Checkout, product_id: str) -> list[Price]:
    """What the checkout sells the product at: its own ad-hoc prices, else the catalogue's."""
    return checkout.ad_hoc_prices.get(product_id) or state.products.get(product_id).active_prices


def find_price(state: "PolarState", checkout: Checkout, price_id: str) -> Price | None:
    candidates = [
        *(price for prices in checkout.ad_hoc_prices.values() for price in prices),
        *(price for id in checkout.product_ids for price in state.products.get(id).prices),
    ]
    return next((price for price in candidates if price.id == price_id), None)


def active_trial(checkout: Checkout, product: Product) -> tuple[str | None, int | None]:
    if not product.is_recurring or not checkout.allow_trial:
        return None, None
    if checkout.trial_interval is not None:
        return checkout.trial_interval, checkout.trial_interval_count
    return product.trial_interval, product.trial_interval_count


def discount_amount(checkout: Checkout, discount: Discount | None) -> int:
    return 0 if discount is None else money.discount_of(discount, checkout.amount, checkout.currency)


def total_amount(checkout: Checkout) -> int:
    return checkout.net_amount + (checkout.tax_amount or 0)


def is_payment_required(checkout: Checkout) -> bool:
    return total_amount(checkout) > 0 and checkout.trial_end is None


def is_payment_setup_required(state: "PolarState", checkout: Checkout) -> bool:
    product = state.products.get(checkout.product_id)
    return product.is_recurring and not is_free_price(state, checkout)


def is_free_price(state: "PolarState", checkout: Checkout) -> bool:
    price = find_price(state, checkout, checkout.product_price_id)
    return price is not None and price.amount_type == "fixed" and price.price_amount == 0


def billing_fields(checkout: Checkout) -> dict[str, str]:
    """Which parts of the address the page asks for: `required`, `optional` or `disabled`."""
    country = checkout.customer_billing_address.country if checkout.customer_billing_address else None
    is_full = checkout.require_billing_address or checkout.is_business_customer or country == "US"
    fields = dict.fromkeys(ADDRESS_FIELDS, "required" if is_full else "disabled")
    fields["country"] = "required"
    if is_full:
        fields["line2"] = "optional"
        fields["state"] = "required" if country in ("US", "CA") else "optional"
    elif country == "CA":
        fields["state"] = "required"
    return fields


def address(row: Address | None) -> Json | None:
    if row is None:
        return None
    names = ("line1", "line2", "postal_code", "city", "state", "country")
    return {name: getattr(row, name) for name in names}


def common(state: "PolarState", checkout: Checkout) -> Json:
    """The fields that both views share. Raises `Broken` when the discount lost the currency (OFFERS 30)."""
    product = state.products.get(checkout.product_id)
    discount = state.discounts.find(checkout.discount_id)
    return {
        **_head(state, checkout),
        **_sums(checkout, discount),
        **_trial(checkout, product),
        "organization_id": checkout.organization_id,
        "product_id": checkout.product_id,
        "product_price_id": checkout.product_price_id,
        "discount_id": checkout.discount_id,
        "allow_discount_codes": checkout.allow_discount_codes,
        "require_billing_address": checkout.require_billing_address,
        **_flags(state, checkout),
        **_buyer(checkout),
        **_goods(state, checkout, product),
        "discount": render_catalog.discount_on_checkout(state, discount) if discount is not None else None,
        "attached_custom_fields": render_catalog.attached_fields(state, product),
        "subtotal_amount": checkout.net_amount,
    }


def _head(state: "PolarState", checkout: Checkout) -> Json:
    page = f"{state.settings.public_url}/checkout/{checkout.client_secret}"
    return {
        "id": checkout.id,
        "created_at": checkout.created_at,
        "modified_at": checkout.modified_at,
        "custom_field_data": checkout.custom_field_data,
        "payment_processor": "stripe",
        "status": checkout.status,
        "client_secret": checkout.client_secret,
        "url": page,
        "expires_at": checkout.expires_at,
        "success_url": (checkout.success_url or f"{page}/confirmation").replace("{CHECKOUT_ID}", checkout.id),
        "return_url": checkout.return_url,
        "embed_origin": checkout.embed_origin,
    }


def _sums(checkout: Checkout, discount: Discount | None) -> Json:
    return {
        "amount": checkout.amount,
        "seats": checkout.seats,
        "min_seats": checkout.min_seats,
        "max_seats": checkout.max_seats,
        "units": checkout.units,
        "min_units": checkout.min_units,
        "max_units": checkout.max_units,
        "discount_amount": discount_amount(checkout, discount),
        "net_amount": checkout.net_amount,
        "tax_amount": checkout.tax_amount,
        "tax_behavior": checkout.tax_behavior,
        "total_amount": total_amount(checkout),
        "currency": checkout.currency,
    }


def _trial(checkout: Checkout, product: Product) -> Json:
    interval, count = active_trial(checkout, product)
    return {
        "allow_trial": checkout.allow_trial,
        "active_trial_interval": interval,
        "active_trial_interval_count": count,
        "trial_end": checkout.trial_end,
    }


def _flags(state: "PolarState", checkout: Checkout) -> Json:
    payment, setup = is_payment_required(checkout), is_payment_setup_required(state, checkout)
    is_free = is_free_price(state, checkout)
    return {
        "is_discount_applicable": not is_free,
        "is_free_product_price": is_free,
        "is_payment_required": payment,
        "is_payment_setup_required": setup,
        "is_payment_form_required": payment or setup,
    }


def _buyer(checkout: Checkout) -> Json:
    fields = billing_fields(checkout)
    return {
        "customer_id": checkout.customer_id,
        "is_business_customer": checkout.is_business_customer,
        "customer_name": checkout.customer_name,
        "customer_email": checkout.customer_email,
        "customer_ip_address": checkout.customer_ip_address,
        "customer_billing_name": checkout.customer_billing_name,
        "customer_billing_address": address(checkout.customer_billing_address),
        "customer_tax_id": checkout.customer_tax_id,
        "locale": checkout.locale,
        "payment_method_type": checkout.payment_method_type,
        "payment_processor_metadata": checkout.payment_processor_metadata,
        "customer_billing_address_fields": {name: need == "required" for name, need in fields.items()},
        "billing_address_fields": fields,
    }


def _goods(state: "PolarState", checkout: Checkout, product: Product) -> Json:
    sold = [state.products.get(id) for id in checkout.product_ids]
    chosen = find_price(state, checkout, checkout.product_price_id)
    return {
        "products": [render_catalog.product_on_checkout(state, each) for each in sold],
        "product": render_catalog.product_on_checkout(state, product),
        "product_price": render_catalog.price(chosen, product) if chosen is not None else None,
        "prices": {
            each.id: [render_catalog.price(price, each) for price in prices_of(state, checkout, each.id)]
            for each in sold
        },
    }


def checkout(state: "PolarState", row: Checkout) -> Json:
    """The merchant's view."""
    return {
        **common(state, row),
        "trial_interval": row.trial_interval,
        "trial_interval_count": row.trial_interval_count,
        "metadata": row.metadata,
        "external_customer_id": row.external_customer_id,
        "customer_external_id": row.external_customer_id,
        "subscription_id": row.subscription_id,
        "customer_metadata": row.customer_metadata,
    }


def public_checkout(state: "PolarState", row: Checkout) -> Json:
    """The buyer's view: no metadata, but the merchant's public face."""
    organization = state.organization(row.organization_id)
    return {**common(state, row), "organization": render_catalog.public_organization(organization)}
