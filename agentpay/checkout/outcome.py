"""Why a checkout did not come about, as the contract names it (API § 9). Pure."""

from collections.abc import Mapping
from typing import Any

from agentpay.checkout.errors import CouponInvalid, ProductUnavailable
from agentpay.kit.errors import ExpectedError, Invalid, Unavailable
from agentpay.offers.errors import OfferExpired, OfferUnavailable


def refuse_failed(row: Mapping[str, Any]) -> None:
    """Raises what a failed or expired row means to who asked for it; nothing for any other."""
    if row["status"] in ("failed", "expired"):
        raise error_of(row)


def error_of(row: Mapping[str, Any]) -> ExpectedError:
    match row["reason"]:
        case "product_unavailable":
            return ProductUnavailable()
        case "offer_expired":
            return OfferExpired()
        case "coupon_invalid":
            return CouponInvalid()
        case "refused":
            return Invalid.at(("body",), "The payment provider refused these details.")
        case _ if row["offer_id"] is not None:
            return OfferUnavailable()
        case "price_changed":
            return ProductUnavailable("The price of this product has changed. Please try again.")
        case _:
            return Unavailable("The checkout could not be opened. Please try again.")
