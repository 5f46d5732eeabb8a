"""Selling: checkouts at Polar, from "buy now" or an accepted offer to the order, and taking a concession back.

Owns checkouts (each row is its own outbox: insert, then `perform`), orders and coupon tries. Never shows a checkout
URL before Polar's answer was verified field by field; never sends a POST again before looking whether it worked; never
holds a transaction across a call; never refunds. Money always lands: an order is recorded whatever state anything has.
Start reading at `start.py` and `accept.py` (a purchase begins), `perform.py` (Polar is asked), `orders.py` (paid).
"""
