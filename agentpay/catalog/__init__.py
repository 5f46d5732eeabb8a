"""Polar's catalogue, mirrored: read in whole every ten minutes and by webhook between, searched in Postgres.

Owns the mirror of products, their prices as facts, cards and words, and the tools that look things up in it.
Never asks Polar on a visitor's behalf (DESIGN § 7), never writes a product, never decides a price.
Invariants: what is shown is public, unarchived and purchasable; metadata but `stock` and benefits' properties are never
kept, so nothing can tell them; older news never overwrite newer ones, in whatever order they come; when a price changed
or a product went, the job `checkout.price_watch` says so in the same transaction.
"""
