"""Why a purchase cannot begin (API § 9)."""

from agentpay.kit.errors import Conflict, Invalid


class ProductUnavailable(Conflict):
    """Not on sale: unknown, archived, hidden, sold out, or without a price in any currency."""

    def __init__(self, detail: str = "This product is not available.") -> None:
        super().__init__(detail)


class PaymentsNotReady(Conflict):
    """Polar does not let this merchant take payments yet; buyers would meet an error on the payment page."""

    def __init__(self) -> None:
        super().__init__("The shop cannot take payments yet.")


class CouponInvalid(Invalid):
    """422 at ["body","discount_code"]: unknown, over, used up, or not for this product; one sentence for all."""

    def __init__(self) -> None:
        super().__init__([("value_error", ("body", "discount_code"), "This code cannot be used for this purchase.")])


class LeaseLost(Exception):
    """Another attempt performs this checkout now: stop, write nothing. Never leaves this package."""
