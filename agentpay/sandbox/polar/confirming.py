"""The buyer pays: the one deed of a checkout that holds locks (contract §§ 3.3, 3.6; OFFERS 3, 4, 13, 22–28, 31, 38).

Confirmation tokens decide what the pretended card does: `ctoken_ok_*` pays a moment later, `ctoken_slow_*` after some
seconds, `ctoken_never_*` leaves the result open for ever, `ctoken_decline_*` (and anything else) is declined.
"""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agentpay.sandbox.polar import checkout_changing, constants, customers, discount_rules, emitting, money
from agentpay.sandbox.polar.entities import Checkout, Customer, Discount, Redemption
from agentpay.sandbox.polar.errors import Entry, Refused, broken_rule, entry, rule_refused
from agentpay.sandbox.polar.render_checkout import (
    billing_fields,
    find_price,
    is_payment_required,
    is_payment_setup_required,
    total_amount,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]

PAYMENT_SECONDS: Final = 0.7
FREE_SECONDS: Final = 0.3
DECLINED: Final = "Your card was declined."
# The order in which the real server's set of missing fields came out (recorded).
FIELD_ORDER: Final = ("country", "state", "line1", "city", "postal_code", "line2")


async def confirm(state: "PolarState", checkout: Checkout, form: Json) -> tuple[Checkout, str | None]:
    """Confirm an unexpired checkout; answers it and the portal token, if one may be given.

    Raises `Refused`: 409 while somebody else holds it, 403, 422 for broken rules, 400 when the card is declined.
    """
    discount = state.discounts.find(checkout.discount_id)
    # The row is loaded before the discount's lock is waited for: a later `ends_at` does not count (OFFERS 27).
    ends_at = discount.ends_at if discount is not None else None
    async with locked(state, checkout):
        changed = msgspec.structs.replace(checkout)
        checkout_changing.update(state, changed, form, is_buyer=True, is_confirm=True)
        if not changed.is_business_customer:
            changed.customer_billing_name = None
        if discount is None or changed.discount_id != discount.id:
            discount = state.discounts.find(changed.discount_id)
            ends_at = discount.ends_at if discount is not None else None
        if discount is None:
            return await _charge(state, changed, form, None)
        async with state.discount_locks[discount.id]:
            now = state.now()
            if not discount_rules.is_running(discount, ends_at, now) or not discount_rules.has_room(state, discount):
                raise broken_rule("discount_id", "Discount is no longer redeemable.", discount.id)
            if not discount_rules.has_room_for(state, discount, changed):
                message = "This discount has reached its redemption limit for this customer."
                raise Refused(403, "DiscountRedemptionLimitReached", message)
            return await _charge(state, changed, form, discount)


@asynccontextmanager
async def locked(state: "PolarState", checkout: Checkout) -> "AsyncIterator[None]":
    """Hold the checkout, or 409 at once when somebody else does."""
    if checkout.id in state.locked_checkouts:
        raise Refused(409, "CheckoutLocked", "Checkout is currently being processed. Please try again.")
    state.locked_checkouts.add(checkout.id)
    state.lock_taken.set()
    try:
        yield
    finally:
        state.locked_checkouts.discard(checkout.id)


async def _charge(
    state: "PolarState", checkout: Checkout, form: Json, discount: Discount | None
) -> tuple[Checkout, str | None]:
    _check_ready(state, checkout, form)
    token = form.get("confirmation_token_id") or ""
    needs_card = is_payment_required(checkout) or is_payment_setup_required(state, checkout)
    await asyncio.sleep(state.settings.confirm_seconds * state.settings.delay_scale)
    if needs_card:
        _ask_the_card(state, checkout, token)
    customer, is_new = customers.of_checkout(state, checkout)
    was_linked = checkout.customer_id is not None
    _settle(state, checkout, customer, needs_card=needs_card)
    if discount is not None:
        redeem(state, discount, checkout)
    emitting.emit_checkout(state, "checkout.updated", checkout)
    customers.announce(state, customer, is_new=is_new)
    _schedule_payment(state, checkout, token, needs_card=needs_card)
    session = customers.open_session(state, customer) if is_new or was_linked else None
    return checkout, session.token if session is not None else None


def _check_ready(state: "PolarState", checkout: Checkout, form: Json) -> None:
    """Everything that must be there before money moves, in Polar's order."""
    complaints: list[Entry] = []
    payment, setup = is_payment_required(checkout), is_payment_setup_required(state, checkout)
    address = checkout.customer_billing_address
    if (payment or setup) and address is not None and checkout.tax_amount is None:
        message = "Required tax location information is missing."
        complaints.append(entry(("body", "customer_billing_address"), message))
    price = find_price(state, checkout, checkout.product_price_id)
    if price is None or price.is_archived:
        complaints.append(entry(("body", "product_price_id"), "Price is archived.", checkout.product_price_id))
    capabilities = state.organization(checkout.organization_id).capabilities
    if (payment or setup) and not capabilities["checkout_payments"]:
        raise Refused(403, "PaymentNotReady", "Organization is not ready to accept payments")
    if checkout.trial_end is not None and _had_a_trial(state, checkout):
        raise Refused(403, "TrialAlreadyRedeemed", "You have already used a trial for this product.")
    complaints += _missing_fields(checkout, is_paid=payment or setup)
    if (payment or setup) and form.get("confirmation_token_id") is None:
        message = "Confirmation token is required."
        complaints.append(entry(("body", "confirmation_token_id"), message, kind="missing"))
    if complaints:
        raise rule_refused(*complaints)


def _had_a_trial(state: "PolarState", checkout: Checkout) -> bool:
    """Whether this buyer had one before, where the organization minds; aliases of an address are one buyer."""
    if not state.organization(checkout.organization_id).subscription_settings["prevent_trial_abuse"]:
        return False
    email = discount_rules.plain_email(checkout.customer_email)
    return any(
        row.trial_start is not None
        and row.organization_id == checkout.organization_id
        and discount_rules.plain_email(state.customers.get(row.customer_id).email) == email
        for row in state.subscriptions
    )


def _missing_fields(checkout: Checkout, *, is_paid: bool) -> list[Entry]:
    places: list[tuple[str, ...]] = []
    if checkout.customer_email is None and checkout.customer_id is None:
        places.append(("customer_email",))
    if is_paid and checkout.customer_name is None:
        places.append(("customer_name",))
    if is_paid or checkout.is_business_customer:
        needs = billing_fields(checkout)
        address = checkout.customer_billing_address
        if address is None:
            places.append(("customer_billing_address",))
        places += [
            ("customer_billing_address", name)
            for name in FIELD_ORDER
            if needs[name] == "required" and (address is None or getattr(address, name) is None)
        ]
    if checkout.is_business_customer and checkout.customer_billing_name is None:
        places.append(("customer_billing_name",))
    return [entry(("body", *place), "Field is required.", kind="missing") for place in places]


def _ask_the_card(state: "PolarState", checkout: Checkout, token: str) -> None:
    """Raises `Refused` 400 when the card back end says no. Its minimum charge is checked nowhere else (OFFERS 31)."""
    total = total_amount(checkout)
    least = constants.MINIMUM_CHARGE.get(checkout.currency, constants.MINIMUM_CHARGE_DEFAULT)
    reason: str | None = None
    if is_payment_required(checkout) and total < least:
        reason = f"Amount must be at least {money.shown_amount(least, checkout.currency)} {checkout.currency}."
    elif not token.startswith(("ctoken_ok", "ctoken_slow", "ctoken_never")):
        reason = DECLINED
        due = state.delayed(state.settings.late_decline_seconds)
        state.schedule("payment_failed", due=due, checkout_id=checkout.id)
    if reason is not None:
        message = f"The payment failed: {reason} Please try again with a different payment method."
        raise Refused(400, "PaymentError", message)


def _settle(state: "PolarState", checkout: Checkout, customer: Customer, *, needs_card: bool) -> None:
    intent = "pi_" if is_payment_required(checkout) else "seti_"
    checkout.customer_id = customer.id
    checkout.status = "confirmed"
    checkout.modified_at = state.now()
    checkout.payment_processor_metadata = {
        **checkout.payment_processor_metadata,
        "customer_id": f"cus_{customer.id[:8]}",
        **({"intent_client_secret": state.new_secret(intent), "intent_status": "succeeded"} if needs_card else {}),
    }
    state.checkouts.put(checkout)


def redeem(state: "PolarState", discount: Discount, checkout: Checkout) -> None:
    state.redemptions.put(
        Redemption(
            id=state.new_id(),
            created_at=state.now(),
            discount_id=discount.id,
            checkout_id=checkout.id,
            customer_id=checkout.customer_id,
            email=checkout.customer_email,
        )
    )


def release(state: "PolarState", checkout: Checkout) -> None:
    """Give the redemption back: the payment failed."""
    for row in state.redemptions.where("checkout_id", checkout.id):
        state.redemptions.drop(row.id)


def _schedule_payment(state: "PolarState", checkout: Checkout, token: str, *, needs_card: bool) -> None:
    if not needs_card:
        state.schedule("payment_succeeded", due=state.delayed(FREE_SECONDS), checkout_id=checkout.id)
    elif token.startswith("ctoken_slow"):
        due = state.later(state.settings.slow_payment_seconds)
        state.schedule("payment_succeeded", due=due, checkout_id=checkout.id)
    elif not token.startswith("ctoken_never"):
        state.schedule("payment_succeeded", due=state.delayed(PAYMENT_SECONDS), checkout_id=checkout.id)


def payment_failed(state: "PolarState", checkout_id: str) -> None:
    """The late notice of a decline: it reopens whatever the checkout has become meanwhile (OFFERS 23, 24)."""
    checkout = state.checkouts.find(checkout_id)
    if checkout is None or checkout.status in ("expired", "succeeded", "failed"):
        return
    dropped = {"intent_status", "intent_client_secret"}
    reopened = msgspec.structs.replace(
        checkout,
        status="open",
        modified_at=state.now(),
        payment_processor_metadata={
            key: value for key, value in checkout.payment_processor_metadata.items() if key not in dropped
        },
    )
    state.checkouts.put(reopened)
    release(state, reopened)
    emitting.emit_checkout(state, "checkout.updated", reopened)
