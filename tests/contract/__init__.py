"""The OpenAPI document against the running service."""
