"""Everything done to answer: turns, their steps, the running reply.

A turn belongs to the server: stored with its message, run as a supervised task whoever listens, taken over when its
process dies, ended exactly once (`end.py`). `attempt` is the fencing token: every transaction begins with `hold`, every
flush of text with the draft row; who has an older one writes nothing and says nothing. At most one turn of a
conversation runs and one waits. No transaction is open across a network call.
"""
