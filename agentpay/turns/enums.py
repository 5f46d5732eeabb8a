"""The words of turns, as on the wire."""

TURN_STATUSES = ("queued", "running", "completed", "failed", "cancelled", "handed_off")
REASONS = ("over_budget", "models_down", "steps", "time", "cancelled", "taken", "paused", "closed", "error")
