"""Concessions: what may be conceded to one visitor, the offers that were, and the ledger that pays for them.

Owns: the bound, the negotiation (both pure), offers and their transitions, discount budgets and spending budgets.
Never: asks Polar or a model anything, shows a floor, a budget or a rule to anybody.
Invariants: no offer below the strictest rule of the merchant, by Polar's own rounding; one usable offer per
conversation and product (open or accepted), beside it at most one that waits for a person; every standing offer has its
concession reserved in every budget that applies; a status is reached only as `enums.OFFER_FROM` says; whoever changes
an offer appends its event in the same transaction, with the conversation locked first.
"""
