"""The words of checkouts and orders. Money always lands: `succeeded` is reachable from every status."""

CHECKOUT_STATUSES = ("creating", "open", "confirmed", "succeeded", "expired", "failed")
ORDER_STATUSES = ("paid", "partially_refunded", "refunded")

CHECKOUT_FROM: dict[str, tuple[str, ...]] = {
    "open": ("creating", "open", "confirmed"),  # a late decline flips confirmed back (OFFERS 24)
    "confirmed": ("creating", "open", "confirmed", "expired"),
    "succeeded": CHECKOUT_STATUSES,
    "expired": ("creating", "open", "confirmed"),
    "failed": ("creating", "open", "confirmed"),
}
