"""What an operator types. One module per group of commands; `cli.py` puts them together.

A command reads settings, calls one thing that the packages below offer, and says what came of it: for people (aligned,
coloured on a terminal) or, with `--json`, as one JSON document on stdout. Whatever goes wrong in an expected way is one
sentence on stderr and an exit code that is not zero (`console.py` lists them). Decides nothing about business.
Imports wait until a command needs them: `agentpay --help` must not load a web server.
"""
