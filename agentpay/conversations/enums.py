"""The words of conversations, as on the wire. One transition table per status type."""

CHANNELS = ("web", "whatsapp", "telegram", "sms", "phone", "api")
STATUSES = ("active", "paused", "closed", "escalated")
STAGES = ("discovery", "browsing", "interested", "negotiating", "checkout", "payment", "completed")
ROLES = ("user", "agent", "staff", "system")
ASKED_BY = ("visitor", "agent", "rule", "staff")

# From which statuses each may be reached. `closed` is final.
STATUS_FROM: dict[str, tuple[str, ...]] = {
    "active": ("active", "paused", "escalated"),
    "paused": ("active", "paused", "escalated"),
    "escalated": ("active", "paused", "escalated"),
    "closed": ("active", "paused", "escalated", "closed"),
}
