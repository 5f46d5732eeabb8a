"""What `dev` and the tests add around the service: twins of the outside systems, a demo merchant, an embedded database.

Nothing here runs in production and nothing outside this package imports it, except the command line's `dev` and tests.
"""
