"""What is held about a person: erased on request or by age, exported whole.

Erasure removes texts and identity and keeps amounts and ids of offers, checkouts and orders (API § 10): the merchant's
books stay right. Polar's copy stays Polar's. Never partly done: one transaction.
"""
