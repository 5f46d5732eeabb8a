"""Providers: who answers. Owns the question's and the answer's types and the adapters to the outside.

Never decides a number, never sees rules, floors or budgets, knows nothing above it. A provider takes a `Request`,
yields `Words`, then exactly one `Reply`. Formats of other companies stay inside their adapter.
"""
