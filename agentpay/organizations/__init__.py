"""The tenants: merchants' Polar accounts, their secrets and keys, what they are told.

Never shows a secret twice: secrets are sealed before they touch the database, keys are kept as hashes, reads show the
last four characters. Whatever Polar or a merchant's server does, no transaction is open meanwhile. A secret key sees
its own organization and no other: not yours = not found.
"""
