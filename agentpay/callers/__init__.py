"""Who calls, from where, how often, again or not: the gate that every request passes.

Owns idempotency keys and rate windows, the headers that every answer carries, and how an exception becomes an answer.
Never trusts an address or an Origin that the caller could have made up, never keeps a credential in clear, never lets a
browser of one organization's pages act for another. A credential's revocation holds within five seconds on every
replica.
"""
