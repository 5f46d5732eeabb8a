"""One visitor and one agent over time: conversations, their tokens, messages, feedback, events and handoffs.

Owns the stream: whoever changes a thing appends its event in the same transaction through `append.py`, under the lock
of the conversation's row, which also counts sequences and offsets. Never decides what is answered (`turns`), never
reads offers or checkouts (their live state is handed in). Order is by sequence and offset, never by id or time.
"""
