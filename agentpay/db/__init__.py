"""PostgreSQL, the only truth: one pool for hot SQL text, one engine for admin paths, one transaction type for both.

Never opens a transaction across a network call (`transaction.forbid_transaction` asserts it on both sides), never
notifies inside a business transaction. Leases, due times and rate windows use the database's clock.
"""
