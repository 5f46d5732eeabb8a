"""What a merchant's Polar token must be allowed: exactly what we call, as the guides list it."""

from typing import Final

SCOPES: Final = (
    "organizations:read",
    "products:read",
    "checkouts:write",
    "discounts:write",
    "orders:read",
    "refunds:read",
    "webhooks:write",
)
"""`:write` includes reading, except for orders (polar/API.md § 1.2)."""
