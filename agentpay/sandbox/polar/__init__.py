"""The twin of Polar's public API: same paths, statuses, bodies, webhooks and surprises, no network.

Owns the stand-in's state, its HTTP surface, its pay page and its webhook deliveries. Never imports the service it is a
twin for, never is kinder than the recorded server (`tests/recordings`), never keeps anything in a module global.
Start reading at `app.py` (the surface), `state.py` (what is remembered) and `serve.py` (how tests and `dev` run it).
"""
