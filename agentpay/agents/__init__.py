"""A merchant's configured sellers: rows with versions, their rules as a value, and who answers which intent.

Owns: agents and their versions, `rules` (the merchant's limits, pure), `routing` (pure), the shape of a tool.
Never: talks to a visitor or a model, decides a price, shows rules to a provider.
Invariants: every change of an agent makes exactly one version row in the same transaction; versions never change;
percentages are basis points from the moment rules are written; an agent is found through its organization only.
"""
