"""`agentpay eval`: scripted buyers play whole conversations against a provider, and a referee judges them.

Buyers and referee know only what a visitor sees and what Polar received. They share no code with the guards, bounds and
understanding that they judge: a mistake there must not be repeated here. Buyers are deterministic: the same seed plays
the same talks. The database is thrown away; nothing outside this process is touched but the model that is judged.
"""
