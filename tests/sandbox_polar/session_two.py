"""What happened between the recorded calls of the second session: many of its checkouts were made off the record."""

from datetime import timedelta
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import confirming, seeding
from agentpay.sandbox.polar.entities import Address
from tests.sandbox_polar import objects
from tests.sandbox_polar.objects import Recorded
from tests.sandbox_polar.purchases import (
    ONE_TIME,
    a_subscriber,
    answer_of,
    bought_before,
    listed_order,
    order_of_the_answer,
    renewed,
    sold,
)
from tests.sandbox_polar.recordings import Exchange, exchanges
from tests.sandbox_polar.sessions import Step, by_secret, change, id_of, limited, limits_off, secret_of
from tests.sandbox_polar.world import World

SEATS: Final = "a7043c0e-99c4-4b47-a695-189ae261f21d"
MULTI: Final = "cee728a6-387a-4e11-b3f2-04ac1164b0fd"
EXCLUSIVE: Final = "9e353665-df88-49b7-a030-64d2fb14ceea"
MOVER: Final = "06542cb8-0160-44e7-849a-e3691af404ee"
MOVERS_FIRST_PRICE: Final = "cd59f3a9-fada-4518-b78b-47b3730c548d"
BIG_CODE: Final = "692b1cab-2854-4f96-8320-e6f3db3d71fa"
FREE: Final = "2e4f83d9-e090-4bcc-af1e-7403a8e2eb0a"


def metadata_of(recorded: Recorded, answer: Any) -> dict[str, Any]:
    """Of a checkout: shown to the merchant, or repeated by its order."""
    order = next((each for each in recorded.orders.values() if each["checkout_id"] == answer["id"]), {})
    return answer.get("metadata") or order.get("metadata") or {}


def checkout_from_answer(**more: Any) -> Step:
    """A checkout that nobody recorded, as the answer to its first recorded call shows it."""

    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        body = {**objects.body_shown_by(exchange.answer), **more}
        body["metadata"] = metadata_of(recorded, exchange.answer)
        body = {name: value for name, value in body.items() if value is not None}
        if "discount_id" in body and world.state.discounts.find(body["discount_id"]) is None:
            objects.adopt_discount(world, recorded, body["discount_id"], product_ids=body["products"])
        objects.open_checkout(world, id=exchange.answer["id"], secret=exchange.answer["client_secret"], **body)

    return step


def offer(discount_id: str, product_id: str = ONE_TIME, **terms: Any) -> Step:
    """The checkout of an offer, for calls whose answer shows nothing of it."""

    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        if world.state.discounts.find(discount_id) is None:
            objects.adopt_discount(world, recorded, discount_id, product_ids=[product_id], **terms)
        objects.open_checkout(world, secret=secret_of(exchange), products=[product_id], discount_id=discount_id)

    return step


def plain(product_id: str = ONE_TIME, **body: Any) -> Step:
    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        objects.open_checkout(world, secret=secret_of(exchange), products=[product_id], **body)

    return step


def both(*steps: Step) -> Step:
    async def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        for each in steps:
            outcome = each(world, exchange, recorded)
            if outcome is not None:
                await outcome

    return step


def ad_hoc(product_id: str, *prices: seeding.PriceFields, price_id: str | None = None, **more: Any) -> Step:
    """A checkout with a price of its own. `price_id`: the id under which the buyer later asks for it."""

    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        answer = exchange.answer
        made = objects.open_checkout(
            world,
            id=answer["id"],
            secret=answer["client_secret"],
            products=[product_id],
            prices={product_id: list(prices)},
            metadata=metadata_of(recorded, answer),
            **more,
        )
        if price_id is not None:
            made.ad_hoc_prices[product_id][0].id = price_id
            change(world, made, product_price_id=price_id)

    return step


def a_british_buyer(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """He had given address and IP address before; neither switches the currency."""
    checkout = by_secret(world, secret_of(exchange))
    change(world, checkout, customer_ip_address="8.8.8.8", customer_billing_address=Address(country="GB"))


def a_big_code(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """A public code that is worth far more than the offer."""
    objects.adopt_discount(world, recorded, BIG_CODE, max_redemptions=None, product_ids=[])


def deleted(world: World, exchange: Exchange, recorded: Recorded) -> None:
    objects.adopt_discount(world, recorded, id_of(exchange), product_ids=[ONE_TIME])
    answer = answer_of("revoke-discount-deleted-checkout-get")
    body = objects.body_shown_by(answer)
    objects.open_checkout(world, id=answer["id"], secret=answer["client_secret"], **body)


def edited_discount(name: str, **terms: Any) -> Step:
    """The discount that is about to be edited, and the checkout (of the exchange `name`) that carries it."""

    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        objects.adopt_discount(world, recorded, id_of(exchange), product_ids=[ONE_TIME], **terms)
        later = next(each for each in exchanges() if each.name == name)
        shown = later.answer if "id" in later.answer else {"id": None}
        objects.open_checkout(
            world,
            id=shown["id"],
            secret=secret_of(later),
            products=[ONE_TIME],
            currency="usd",
            discount_id=id_of(exchange),
            metadata=metadata_of(recorded, shown),
        )

    return step


def lost_currency(world: World, exchange: Exchange, recorded: Recorded) -> None:
    discount = objects.adopt_discount(world, recorded, world.state.new_id(), amounts={"usd": 1000})
    objects.open_checkout(world, secret=secret_of(exchange), products=[ONE_TIME], discount_id=discount.id)
    world.state.discounts.put(msgspec.structs.replace(discount, amounts={"eur": 1000}))


def used_up(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """Somebody else has redeemed the discount since this checkout was made."""
    checkout = by_secret(world, secret_of(exchange))
    discount = world.state.discounts.get(checkout.discount_id or "")
    confirming.redeem(world.state, discount, msgspec.structs.replace(checkout, id=world.state.new_id()))


def freed(world: World, exchange: Exchange, recorded: Recorded) -> None:
    for row in world.state.redemptions_of("500dda99-00f8-44fb-842c-45707c10ac51"):
        world.state.redemptions.drop(row.id)


def ended(world: World, exchange: Exchange, recorded: Recorded) -> None:
    checkout = by_secret(world, secret_of(exchange))
    world.state.discounts.get(checkout.discount_id or "").ends_at = world.now - timedelta(seconds=1)


def confirmed(world: World, exchange: Exchange, recorded: Recorded) -> None:
    checkout = by_secret(world, secret_of(exchange))
    world.state.checkouts.drop(checkout.id)
    change(world, checkout, status="confirmed", id=exchange.answer["detail"].split()[1])


def confirmed_elsewhere(world: World, exchange: Exchange, recorded: Recorded) -> None:
    made = objects.open_checkout(world, id=id_of(exchange), products=[ONE_TIME])
    change(world, made, status="confirmed")


def first_price_of_the_mover(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """It cost 100.00 when three checkouts were made, and is about to cost 50.00."""
    product = world.state.products.get(MOVER)
    product.prices = [seeding.price(seeding.fixed(10_000), product_id=MOVER, now=product.created_at)]
    product.prices[0].id = MOVERS_FIRST_PRICE
    old, reselected, dearer = (
        next(each for each in exchanges() if each.name == name)
        for name in ("price-drop-confirm-old-checkout", "price-drop-client-reselect", "price-drop-confirm-adhoc")
    )
    discount_id = reselected.answer["discount_id"]
    objects.adopt_discount(world, recorded, discount_id, product_ids=[MOVER])
    twin = objects.adopt_discount(world, recorded, world.state.new_id(), amounts={"usd": 3000})
    objects.open_checkout(world, secret=secret_of(old), products=[MOVER], discount_id=twin.id)
    for each, more in (
        (reselected, {"discount_id": discount_id, "metadata": metadata_of(recorded, reselected.answer)}),
        (dearer, {"prices": {MOVER: [seeding.fixed(7000)]}}),
    ):
        objects.open_checkout(
            world, id=each.answer["id"], secret=secret_of(each), products=[MOVER], currency="usd", **more
        )


def archived(world: World, exchange: Exchange, recorded: Recorded) -> None:
    world.state.products.get(exchange.answer["product_id"]).is_archived = True


def a_taken_code(world: World, exchange: Exchange, recorded: Recorded) -> None:
    objects.adopt_discount(world, recorded, world.state.new_id(), code=exchange.body["code"])


def a_token_in_a_name(world: World, exchange: Exchange, recorded: Recorded) -> None:
    objects.adopt_discount(world, recorded, exchange.answer["items"][0]["id"])


def a_free_product(world: World, exchange: Exchange, recorded: Recorded) -> None:
    world.product("PV Free", seeding.fixed(0), id=FREE, price_ids=[world.state.new_id()])
    objects.adopt_discount(world, recorded, exchange.body["discount_id"], product_ids=[])


def offered(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """The discount of a recorded checkout that was itself made off the record."""
    objects.adopt_discount(world, recorded, exchange.body["discount_id"], product_ids=exchange.body["products"])


def needs_offer(world: World, exchange: Exchange) -> bool:
    """Whether a recorded checkout was made with a discount that was not."""
    if exchange.path != "/v1/checkouts/" or exchange.status != 201 or not exchange.body.get("discount_id"):
        return False
    id = exchange.body["discount_id"]
    return world.state.discounts.find(world.ids.here.get(id, id)) is None


def one_seat(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """He lowered the seats once more before he paid."""
    checkout = by_secret(world, secret_of(exchange))
    change(world, checkout, seats=1, amount=1000)


def repaired(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """The broken discount was mended, or the list would still answer 500."""
    for discount in world.state.discounts:
        if discount.amounts == {"eur": 1000}:
            discount.amounts = {"usd": 1000}


SESSION_TWO: Final[dict[str, Step]] = {
    "seats-fixed-discount-confirm-1-seat": one_seat,
    "offer-order-fr-location-tax": listed_order,
    "trial-client-allow-trial-false": checkout_from_answer(),
    "base-and-seat-client-picks-seat-price": checkout_from_answer(seats=5),
    "adhoc-dearer-client-reselect": ad_hoc(ONE_TIME, seeding.fixed(12_000)),
    "adhoc-cheaper-client-reselect": ad_hoc(ONE_TIME, seeding.fixed(8000)),
    "free-product-discount": a_free_product,
    "multi-client-picks-gbp-price": a_british_buyer,
    "multi-eur-confirm-gb-address": checkout_from_answer(),
    "multi-two-amounts-client-switches": checkout_from_answer(currency="usd"),
    "renewal-orders-sub": renewed("4d18799d-7170-41de-82c5-5dc89e53731b"),
    "renewal-orders-trial": renewed("4bc85c68-d13f-4d5b-b6dc-e00b244f85f4"),
    "client-patch-discount_code": both(a_big_code, checkout_from_answer()),
    "codes-allowed-client-replaces-discount": checkout_from_answer(discount_id=None),
    "offer-after-ends-at-client-get": both(checkout_from_answer(), ended),
    "race-confirm-0-a": both(offer("500dda99-00f8-44fb-842c-45707c10ac51"), used_up),
    "race-confirm-0-b": both(freed, checkout_from_answer()),
    "offer-confirm-declined": plain(),
    "decline-then-ok-confirm": checkout_from_answer(),
    "offer-order-full-refund": sold("a2d6fa8b-5b39-474c-ac0e-b5412692b670", ONE_TIME, {"usd": 1000}),
    "offer-confirm-after-refund": both(offer("7539a3e4-5474-4b2d-9745-5f7c572f8c5f"), used_up),
    "revoke-discount-patch-ends-at-now": edited_discount("revoke-ends-at-confirm", ends_at=None),
    "revoke-checkout-discount-null": checkout_from_answer(),
    "revoke-discount-delete": deleted,
    "revoke-discount-patch-products": edited_discount("revoke-patch-products-confirm"),
    "discount-patch-amounts-open-checkout": edited_discount("discount-patch-amounts-confirm", amounts={"usd": 1000}),
    "discount-lost-currency-client-get": lost_currency,
    "revoke-checkout-null-while-confirmed": confirmed_elsewhere,
    "price-drop-product-update": first_price_of_the_mover,
    "archived-product-confirm-open-checkout": both(checkout_from_answer(), archived),
    "net-0-confirm-no-card": checkout_from_answer(),
    "portal-switch-after-fixed-once": bought_before(),
    "portal-switch-after-percentage-once": bought_before(),
    "portal-switch-to-yearly-after-percentage-once": bought_before(),
    "portal-more-seats-after-percentage-once": bought_before(),
    "recover-discount-by-name-token": a_token_in_a_name,
    "discount-duplicate-code": a_taken_code,
    "refund-partial-inclusive": sold(
        "1316f5d0-8297-4c73-b541-9a3702f6fa94",
        ONE_TIME,
        {"usd": 1000},
        customer_billing_address={"country": "FR"},
    ),
    "rate-limit-429-other-org": limited,
    "refund-partial-exclusive": both(
        limits_off,
        sold(
            "6238a452-11c7-4a5d-9e42-238f18e1488a",
            EXCLUSIVE,
            {"usd": 400},
            customer_billing_address={"country": "FR"},
        ),
    ),
    "recover-checkout-by-product-and-status": repaired,
    "seats-adhoc-open-tier-client-picks-price": ad_hoc(
        SEATS,
        seeding.seat_based((1, None, 850)),
        price_id="a01bb1d4-58b4-46fa-a084-936ef1e6c45b",
        seats=10,
        min_seats=10,
    ),
    "adhoc-server-reselect-revokes": ad_hoc(
        ONE_TIME, seeding.fixed(8000), price_id="c04fb875-1c1d-4952-9a07-629ed6ffb1de"
    ),
    "subscription-remove-once-discount-after-payment": bought_before(
        discount_id="00000000-0000-4000-8000-0000000000d1"
    ),
    "confirmed-checkout-confirm-again": both(plain(), confirmed),
    "sub-confirm-already-subscribed": a_subscriber,
    "pwyw-zero-order": order_of_the_answer,
    "base-and-seat-order-cheap": order_of_the_answer,
    "discount-patch-amounts-order": order_of_the_answer,
    "percentage-price-drop-confirm": checkout_from_answer(),
}
