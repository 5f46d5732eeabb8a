"""Two chat servers that others would take instead, in a throw-away environment; see `__main__.py`.

`agno_server.py` and `chatkit_server.py` run in that environment, never in ours: nothing here imports them.
"""
