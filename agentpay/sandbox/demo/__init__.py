"""Clareira, the demo merchant of `dev`: a small studio that sells calm tools for deep work.

Data modules say what it sells and knows; `polar.py` puts the goods into the local Polar, `merchant.py` makes the
organization, its agents and its articles through AgentPay's own HTTP API. Both keep what is there already.
"""
