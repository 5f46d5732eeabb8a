"""The proof of promises 1 and 2: an adversary in the place of the model, a buyer who plays with the link, a referee.

A run is one random play against the real house: reception, runner, loop, tools, performer, and a local Polar over HTTP.
The referee judges from what Polar received and what is stored, by an arithmetic of its own (`oracle.py`); it calls no
decision of ours. `python -m tests.adversary --runs 10000` plays offline; `guards.py` switches off each guard in turn.
"""
