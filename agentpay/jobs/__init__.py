"""What is to be done later. The table is the truth: enqueued with the business transaction, claimed under a lease,
retried with backoff, dead after its tries, visible.

Never trusts Redis or arq to remember, never notifies inside a transaction. A job's function may run twice: it must be
idempotent. Knows kinds as words only; `worker.py` maps them to functions.
"""
