"""The words of offers. One transition table: a status may be reached only from those listed."""

OFFER_STATUSES = ("pending_approval", "open", "accepted", "redeemed", "expired", "declined", "void")
DISCOUNT_STATES = ("none", "creating", "live", "revoked")
STANDING = ("pending_approval", "open", "accepted")

# `redeemed` is reachable from everywhere: money always lands (DESIGN § 8).
OFFER_FROM: dict[str, tuple[str, ...]] = {
    "open": ("pending_approval",),
    "accepted": ("open",),
    "declined": ("pending_approval", "open"),
    "expired": ("pending_approval", "open", "accepted"),
    "void": ("pending_approval", "open", "accepted"),
    "redeemed": ("pending_approval", "open", "accepted", "expired", "declined", "void", "redeemed"),
}
