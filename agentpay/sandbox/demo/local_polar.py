"""Puts Clareira's goods into the local Polar, as a merchant would in Polar's dashboard. Keeps what is there."""

from datetime import timedelta

import msgspec

from agentpay.sandbox.demo import digital, tangible
from agentpay.sandbox.demo.pictures import picture_of
from agentpay.sandbox.demo.shapes import SHOP_NAME, Goods, flow
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState

GOODS: tuple[Goods, ...] = (
    *digital.COURSES,
    *tangible.OBJECTS,
    *tangible.MEMBERSHIPS,
    *digital.TEMPLATES,
    *digital.BOOKS,
    *tangible.OFF_THE_SHELF,
)


class LocalMerchant(msgspec.Struct, frozen=True):
    """What the merchant knows of its Polar account."""

    organization_id: str
    access_token: str


def settle(state: PolarState) -> LocalMerchant:
    """Clareira's account in this local Polar: made on the first start, found again on later ones."""
    organization = next((row for row in state.organizations if row.name == SHOP_NAME), None)
    if organization is None:
        organization = state.add_organization(SHOP_NAME)
    token = next((row.secret for row in state.tokens if row.organization_id == organization.id), None)
    if token is None:  # made last, so that its absence tells of shelves that were never filled to the end
        stock(state, organization)
        token = state.add_token(organization)
    return LocalMerchant(organization.id, token)


def stock(state: PolarState, organization: entities.Organization) -> None:
    """Everything on the shelves, a minute apart in age, so that lists keep the shop's order."""
    opening = state.now() - timedelta(minutes=len(GOODS))
    there = {row.name for row in state.products if row.organization_id == organization.id}
    for minute, goods in enumerate(GOODS):
        if goods.name in there:
            continue
        state.add_product(
            organization,
            goods.name,
            prices=goods.prices,
            benefits=benefits(state, organization, goods),
            media_ids=[uploaded(state, organization, goods).id],
            created_at=opening + timedelta(minutes=minute),
            description=flow(goods.description),
            visibility="private" if goods.is_private else "public",
            is_archived=goods.is_archived,
            recurring_interval=goods.interval,
            trial_interval="day" if goods.trial_days else None,
            trial_interval_count=goods.trial_days,
            metadata=metadata(goods),
            attached_fields=attached_fields(state, organization, goods),
        )


def uploaded(state: PolarState, organization: entities.Organization, goods: Goods) -> entities.Media:
    media = seeding.media(organization, goods.name, now=state.now())
    media.svg = picture_of(goods.name)
    return state.medias.put(media)


def metadata(goods: Goods) -> entities.Metadata:
    """`category` sorts the shop's shelves; `stock` is what AgentPay's check_inventory reads."""
    shelf: entities.Metadata = {"category": goods.category}
    return shelf if goods.stock is None else {**shelf, "stock": goods.stock}


def benefits(state: PolarState, organization: entities.Organization, goods: Goods) -> list[entities.Benefit]:
    """The perks as Polar's benefits; equal ones are shared between products."""
    known = {(row.description, row.visibility): row for row in state.benefits}
    found = []
    for perk in goods.perks:
        visibility = "public" if perk.public else "private"
        found.append(
            known.get((perk.description, visibility))
            or seeding.benefit(
                organization,
                perk.description,
                now=state.now(),
                visibility=visibility,
                properties={"note": perk.note},
            )
        )
    return found


def attached_fields(
    state: PolarState, organization: entities.Organization, goods: Goods
) -> list[entities.AttachedField]:
    if goods.asks_for is None:
        return []
    slug = next(iter(goods.asks_for.casefold().split()))
    field = seeding.custom_field(
        organization,
        slug,
        now=state.now(),
        name=goods.asks_for,
        properties={"form_label": goods.asks_for, "max_length": 20},
    )
    state.custom_fields.put(field)
    return [entities.AttachedField(custom_field_id=field.id, required=True)]
