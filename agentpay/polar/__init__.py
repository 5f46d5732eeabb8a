"""Polar's public API as AgentPay uses it: types, errors, one thin client, the shared rate limit.

Owns every HTTP call to Polar. Never decides anything about money, never holds a transaction across a call, never sends
a POST again whose outcome is unknown, never lets a token, a URL or a body into a log, an exception or a repr.
Start reading at `gateway.py` (whose call it is), then `calls.py` (what may be asked) and `client.py` (how it travels).
Facts and section numbers refer to Polar's contract sheet; where it was corrected by experiment, to OFFERS.
"""
