"""What every package needs and nothing that does anything: ids, money, text, errors, limits, the clock.

Pure but for `clock.py`, the only reader of the wall clock, and `faults.py`, which tests arm. Imports nothing of
AgentPay.
"""
