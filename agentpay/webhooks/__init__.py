"""What Polar tells us: verified, stored once, acknowledged, applied later.

Owns deliveries and their order: handlers believe the envelope's `timestamp`, not the order of arrival. Never works
before it has stored, never trusts a delivery it cannot verify, never lets a poisoned one block the others. What
webhooks lost, `reconcile.py` finds by asking.
"""
