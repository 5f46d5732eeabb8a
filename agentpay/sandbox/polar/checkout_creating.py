"""What may be bought: a new checkout from an accepted form (contract §§ 3.1, 3.5, 3.6)."""

from typing import TYPE_CHECKING, Any

import msgspec

from agentpay.sandbox.polar import checkout_sums as sums
from agentpay.sandbox.polar import constants, custom_fields, discount_rules, money, price_rules
from agentpay.sandbox.polar.entities import Address, Checkout, Customer, Organization, Price, Product
from agentpay.sandbox.polar.errors import Entry, broken_rule, entry, rule_refused

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]


def create(state: "PolarState", organization: Organization, form: Json) -> Checkout:
    """A new checkout from an accepted form. Raises `Refused` with the rules of contract § 3.5."""
    products, chosen, currency = _chosen_products(state, organization, form)
    product = products[0]
    ad_hoc = _ad_hoc_prices(state, organization, products, form)
    if chosen is None:
        found = _in_currency(organization, ad_hoc.get(product.id) or product.active_prices, form)
        if found is None:
            message = "Product is not available in the specified currency."
            place = ("products", 0) if "products" in form else ("product_id",)
            raise broken_rule(place, message, product.id)
        prices, currency = found
    else:
        prices = [chosen]
    price = money.default_price(prices)
    now = state.now()
    checkout = Checkout(
        id=state.new_id(),
        created_at=now,
        organization_id=organization.id,
        client_secret=state.new_secret("polar_c_"),
        expires_at=state.later(constants.CHECKOUT_HOURS * 3600),
        product_ids=[each.id for each in products],
        ad_hoc_prices=ad_hoc,
        product_id=product.id,
        product_price_id=price.id,
        currency=currency,
        amount=0,
        payment_processor_metadata={"publishable_key": "pk_test_stand_in"},
    )
    _set_quantities(checkout, prices, form)
    sums.set_amount(checkout, prices, form["amount"])
    if form["discount_id"] is not None:
        checkout.discount_id = discount_rules.usable(
            state, product, currency, organization_id=organization.id, discount_id=form["discount_id"]
        ).id
    _set_buyer(state, checkout, organization, form)
    _set_texts(checkout, product, state, form)
    sums.set_trial_end(state, checkout)
    sums.settle_amounts(state, checkout)
    return checkout


def _chosen_products(
    state: "PolarState", organization: Organization, form: Json
) -> tuple[list[Product], Price | None, str]:
    """The products, and the one price of a legacy body that names a price."""
    if "product_price_id" in form:
        price_id = form["product_price_id"]
        for product in state.products:
            for price in product.prices:
                if price.id == price_id and product.organization_id == organization.id:
                    if price.is_archived or product.is_archived:
                        what = "Price" if price.is_archived else "Product"
                        raise broken_rule("product_price_id", f"{what} is archived.", price_id)
                    return [product], price, price.price_currency
        raise broken_rule("product_price_id", "Price does not exist.", price_id)
    wanted = form["products"] if "products" in form else [form["product_id"]]
    found: list[Product] = []
    complaints: list[Entry] = []
    for position, id in enumerate(wanted):
        loc = ("body", "products", position) if "products" in form else ("body", "product_id")
        product_or_none = state.products.find(id)
        if product_or_none is None or product_or_none.organization_id != organization.id:
            complaints.append(entry(loc, "Product does not exist.", id))
        elif product_or_none.is_archived:
            complaints.append(entry(loc, "Product is archived.", id))
        elif product_or_none.visibility == "draft":
            complaints.append(entry(loc, "Product is a draft.", id))
        else:
            found.append(product_or_none)
    if complaints:
        raise rule_refused(*complaints)
    return found, None, organization.default_presentment_currency


def _ad_hoc_prices(
    state: "PolarState", organization: Organization, products: list[Product], form: Json
) -> dict[str, list[Price]]:
    made: dict[str, list[Price]] = {}
    complaints: list[Entry] = []
    by_id = {product.id: product for product in products}
    for product_id, fields in (form.get("prices") or {}).items():
        loc = ("body", "prices", product_id)
        if product_id not in by_id:
            complaints.append(entry(loc, "Product is not set on that checkout.", product_id))
            continue
        product = by_id[product_id]
        complaints += price_rules.complaints(organization, fields, is_recurring=product.is_recurring, loc=loc)
        made[product_id] = price_rules.ad_hoc(fields, product=product, now=state.now())
    if complaints:
        raise rule_refused(*complaints)
    return made


def _in_currency(organization: Organization, prices: list[Price], form: Json) -> tuple[list[Price], str] | None:
    """The prices to charge: in the asked currency, else in the organization's (there is no geolocation here)."""
    return money.prices_in(prices, form.get("currency") or organization.default_presentment_currency)


def _set_quantities(checkout: Checkout, prices: list[Price], form: Json) -> None:
    for noun in ("seats", "units"):
        for field in (noun, f"min_{noun}", f"max_{noun}"):
            setattr(checkout, field, form[field])
        price = sums.quantity_price(prices, noun)
        for field in (noun, f"min_{noun}", f"max_{noun}"):
            if price is None and form[field] is not None:
                kind = "seat-based" if noun == "seats" else "unit-based"
                message = f"{noun.capitalize()} can only be set for {kind} pricing."
                raise broken_rule(field, message, form[field])
        if price is not None:
            least, most = sums.quantity_bounds(price, noun)
            wanted = form[noun] if form[noun] is not None else max(least, form[f"min_{noun}"] or least)
            sums.check_quantity(noun, wanted, least, most)
            setattr(checkout, noun, wanted)


def _set_buyer(state: "PolarState", checkout: Checkout, organization: Organization, form: Json) -> None:
    address = form["customer_billing_address"]
    if form["customer_tax_id"] is not None and address is None:
        message = "Country is required to validate tax ID."
        raise broken_rule("customer_billing_address", message, kind="missing")
    customer = _linked_customer(state, organization, form)
    if form["subscription_id"] is not None:
        checkout.subscription_id = form["subscription_id"]
    checkout.external_customer_id = form["external_customer_id"]
    checkout.customer_name = form["customer_name"]
    checkout.customer_email = form["customer_email"]
    checkout.customer_ip_address = form["customer_ip_address"]
    checkout.customer_billing_name = form["customer_billing_name"]
    checkout.customer_billing_address = msgspec.convert(address, Address) if address is not None else None
    checkout.customer_tax_id = form["customer_tax_id"]
    checkout.is_business_customer = form["is_business_customer"]
    if customer is not None:
        checkout.customer_id = customer.id
        checkout.customer_name = checkout.customer_name or customer.name
        checkout.customer_email = checkout.customer_email or customer.email
        checkout.customer_billing_name = checkout.customer_billing_name or customer.billing_name or customer.name
        checkout.customer_billing_address = checkout.customer_billing_address or customer.billing_address
        checkout.payment_processor_metadata["customer_session_client_secret"] = state.new_secret("cuss_")
    preset = checkout.customer_billing_address
    has_more = preset is not None and (
        preset.has_detail or (preset.state is not None and preset.country not in constants.STATES_REQUIRED)
    )
    checkout.require_billing_address = form["require_billing_address"] or has_more


def _linked_customer(state: "PolarState", organization: Organization, form: Json) -> Customer | None:
    if form["subscription_id"] is not None:
        subscription = state.subscriptions.find(form["subscription_id"])
        if subscription is None or subscription.organization_id != organization.id:
            raise broken_rule("subscription_id", "Subscription does not exist.", form["subscription_id"])
        if subscription.amount > 0:
            raise broken_rule("subscription_id", "Only free subscriptions can be upgraded.", subscription.id)
        return state.customers.get(subscription.customer_id)
    if form["customer_id"] is not None:
        customer = state.customers.find(form["customer_id"])
        if customer is None or customer.organization_id != organization.id or customer.deleted_at is not None:
            raise broken_rule("customer_id", "Customer does not exist.", form["customer_id"])
        return customer
    if form["external_customer_id"] is not None:
        return state.find_customer_by_external_id(form["external_customer_id"], organization_id=organization.id)
    return None


def _set_texts(checkout: Checkout, product: Product, state: "PolarState", form: Json) -> None:
    checkout.allow_discount_codes = form["allow_discount_codes"]
    checkout.allow_trial = form["allow_trial"]
    checkout.trial_interval = form["trial_interval"]
    checkout.trial_interval_count = form["trial_interval_count"]
    checkout.metadata = form["metadata"]
    checkout.customer_metadata = form["customer_metadata"]
    checkout.custom_field_data = custom_fields.accepted(state, product, form["custom_field_data"], require=False)
    checkout.success_url = form["success_url"]
    checkout.return_url = form["return_url"]
    checkout.embed_origin = form["embed_origin"]
    checkout.locale = sums.locale_of(state, checkout, form["locale"])
