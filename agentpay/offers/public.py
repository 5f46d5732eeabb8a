"""Offers as the contract shows them (API § 7), and the attachment made of them. Pure. Floors and rules never appear."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from agentpay.kit.wire import in_utc

OfferStatus = Literal["pending_approval", "open", "accepted", "redeemed", "expired", "declined", "void"]


class OfferPublic(msgspec.Struct, kw_only=True):
    """Amounts in minor units for one piece; of a subscription for its first charge.

    Only the merchant sees the last three fields.
    """

    id: UUID
    conversation_id: UUID
    product_id: UUID
    quantity: int
    status: OfferStatus
    list_amount: int
    amount: int
    currency: str
    discount_percent: float
    reasons: list[str]
    expires_at: datetime
    created_at: datetime
    agent_id: UUID | UnsetType = UNSET
    agent_version: int | UnsetType = UNSET
    void_reason: str | UnsetType | None = UNSET


def offer_struct(row: Mapping[str, Any], *, for_staff: bool) -> OfferPublic:
    offer = OfferPublic(
        id=row["id"],
        conversation_id=row["conversation_id"],
        product_id=row["product_id"],
        quantity=row["quantity"],
        status=row["status"],
        list_amount=row["list_amount"],
        amount=row["amount"],
        currency=row["currency"],
        discount_percent=discount_percent(row["list_amount"], row["amount"]),
        reasons=row["reasons"],
        expires_at=in_utc(row["expires_at"]) or row["expires_at"],
        created_at=in_utc(row["created_at"]) or row["created_at"],
    )
    if for_staff:
        offer.agent_id = row["agent_id"]
        offer.agent_version = row["agent_version"]
        offer.void_reason = row["void_reason"]
    return offer


def offer_public(row: Mapping[str, Any], *, for_staff: bool = False) -> dict[str, Any]:
    """The Offer object as plain JSON values: what events and notifications hold."""
    public: dict[str, Any] = msgspec.to_builtins(offer_struct(row, for_staff=for_staff))
    return public


def offer_attachment(row: Mapping[str, Any]) -> dict[str, Any]:
    """The `offer` attachment; figures stay as said here, status and expiry follow the offer."""
    attachment: dict[str, Any] = msgspec.to_builtins(
        {
            "type": "offer",
            "offer_id": row["id"],
            "product_id": row["product_id"],
            "list_amount": row["list_amount"],
            "amount": row["amount"],
            "currency": row["currency"],
            "expires_at": in_utc(row["expires_at"]),
            "status": row["status"],
        }
    )
    return attachment


def discount_percent(list_amount: int, amount: int) -> float:
    """For people, at most two decimals: 10.53; whole numbers as 10."""
    percent = round((list_amount - amount) * 100 / list_amount, 2)
    return int(percent) if percent == int(percent) else percent
