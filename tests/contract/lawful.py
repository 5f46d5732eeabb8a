"""What JSON Schema cannot say, put right in every request that the document calls valid, before it is sent.

Schemathesis loads this module (`SCHEMATHESIS_HOOKS`). Each entry of `RULES` is one rule of the service that relates two
values, or a value and the world; whatever else a valid request is refused for is a finding. Requests that are meant to
be refused go out as they are.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import jwt
import msgspec
import schemathesis

DEV_JSON = "CONTRACT_DEV_JSON"
"""The variable that names the handout of the `dev` under test."""
KEY_HEADER = "Idempotency-Key"
TOKEN_SECONDS = 3_600

Json = dict[str, Any]

handout: Json = msgspec.json.decode(Path(os.environ[DEV_JSON]).read_bytes())


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: Json) -> None:
    """Mend a valid request in place."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers and case.headers.get(KEY_HEADER):
        # A key belongs to one request; which keys were used is nothing that a schema knows.
        case.headers[KEY_HEADER] = str(uuid.uuid4())
    if isinstance(case.body, dict):
        for rule in RULES.get(str(case.operation.label), ()):
            rule(case.body)


def proven_customer(body: Json) -> None:
    """A `customer_token` is signed by the merchant."""
    if body.get("customer_token") is not None:
        claims = {"sub": "sam", "exp": int(time.time()) + TOKEN_SECONDS}
        body["customer_token"] = jwt.encode(claims, handout["identity_secret"], algorithm="HS256")


def author_is_staff(body: Json) -> None:
    """Only a staff message has an `author_name`."""
    if body.get("role") != "staff":
        body.pop("author_name", None)


def bounds_in_order(body: Json) -> None:
    """`price_bounds.min` does not exceed `max`; each has a default."""
    bounds = (body.get("rules") or {}).get("price_bounds")
    if bounds is not None:
        low, high = sorted((bounds.get("min", 0.7), bounds.get("max", 1.0)))
        bounds |= {"min": low, "max": high}


def products_once(body: Json) -> None:
    """A product id is the same in every spelling."""
    rules = body.get("rules") or {}
    if "products" in rules:
        rules["products"] = {str(uuid.UUID(key)): limits for key, limits in rules["products"].items()}


def destinations_once(body: Json) -> None:
    """One shipping price for a country and currency."""
    config = body.get("config") or {}
    if "shipping" in config:
        config["shipping"] = firsts(config["shipping"], lambda entry: (entry["country"], entry["currency"]))


def budgets_once(body: Json) -> None:
    """One budget of each kind, scope, period and currency; model budgets are in micro-USD."""
    if "budgets" in body:
        for budget in body["budgets"]:
            if budget["kind"] == "model":
                budget["currency"] = "usd"
        body["budgets"] = firsts(
            body["budgets"], lambda budget: tuple(budget[key] for key in ("kind", "scope", "period", "currency"))
        )


def known_at_polar(body: Json) -> None:
    """Polar knows the token. `base_url` is a custom environment's, and only that one is there to be asked."""
    polar = body.get("polar")
    if polar:
        own = {"environment": "custom", "base_url": handout["polar_url"], "access_token": handout["polar_access_token"]}
        body["polar"] = {**polar, **own}


def firsts(entries: Iterable[Json], key: Callable[[Json], Hashable]) -> list[Json]:
    seen: dict[Hashable, Json] = {}
    for entry in entries:
        seen.setdefault(key(entry), entry)
    return list(seen.values())


AGENT = (bounds_in_order, products_once, destinations_once)
RULES: dict[str, tuple[Callable[[Json], None], ...]] = {
    "POST /v1/agent/conversations": (proven_customer,),
    "POST /v1/agent/conversations/{conversation_id}/identify": (proven_customer,),
    "POST /v1/agent/conversations/{conversation_id}/messages": (author_is_staff,),
    "POST /v1/agents": AGENT,
    "PATCH /v1/agents/{agent_id}": AGENT,
    "POST /v1/organizations": (known_at_polar, budgets_once),
    "PATCH /v1/organizations/{organization_id}": (known_at_polar, budgets_once),
}
