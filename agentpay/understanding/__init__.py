"""What a visitor wants: intent, entities and language of one message, in English and Brazilian Portuguese.

Owns the vocabulary of intents, actions and agent types, and the reading of a message. Never asks the network, the
database or the clock: the same message and the same agent's last words give the same answer, in well under a
millisecond. Invariants: it never raises on any text; its time is bounded for any length; a confidence is the measured
chance of being right; what it reads are the visitor's claims, never facts about prices, orders or people.
"""
