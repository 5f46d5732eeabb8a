"""The kinds of jobs of this package; `jobs.py` says what each does."""

PERFORM = "checkout.perform"
POLL = "checkout.poll"
LOOK = "checkout.look"
REVOKE = "checkout.revoke"
TIDY = "checkout.tidy"
PRICE_WATCH = "checkout.price_watch"  # enqueued by the catalogue
SWEEP = "checkout.sweep"
