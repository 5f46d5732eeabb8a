"""Nobody reaches another merchant's things: every route of the document, with every credential of a stranger."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import httpx
import pytest

from agentpay.db.engine import Database
from agentpay.kit import ids
from agentpay.sandbox.stage import ADMIN_KEY, Stage
from tests.cast import ORIGIN, Visitor
from tests.security.routes import Route, routes_of
from tests.security.world import House, open_house

REFUSALS = {401, 403, 404}
WEBHOOK = "/v1/webhooks/polar/{organization_id}"
# What the house's own clockwork writes, or a refused call may count.
BESIDE = {"rate_windows", "idempotency_keys", "schedules", "processes", "jobs", "alembic_version", "catalog_syncs"}
BESIDE_COLUMNS = (
    "'{last_used_at,reconciled_at,refunds_reconciled_at,seen_at,polar_seen_at,modified_at,lease_until,watched_until,"
    "next_try_at}'::text[]"
)


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def strangers(acme: House, rival: House, neighbour: Visitor) -> dict[str, dict[str, str]]:
    """Headers of everybody who has nothing to do with Sam's conversation, by who it is."""
    others = {f"Rival's {name}": headers for name, headers in rival.credentials().items()}
    return others | {
        "nobody": {},
        "another visitor of Acme's": neighbour.headers,
        "the operator": bearing(ADMIN_KEY),
    }


async def routes(house: House) -> list[Route]:
    return routes_of((await house.http.get("/openapi.json")).json())


async def ask(http: httpx.AsyncClient, route: Route, url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """The answer's status and text; of a stream, only that it began."""
    async with http.stream(route.method.upper(), url, json=route.body, headers=headers) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, ""
        return answer.status_code, (await answer.aread()).decode()


async def everything_of(db: Database, house: House) -> dict[str, Any]:
    """All rows of a merchant's, by table."""
    found = {}
    for row in await db.all(
        """select table_name, max(column_name) as owner from information_schema.columns
        where table_schema = 'public' and (column_name = 'organization_id'
          or (column_name = 'id' and table_name = 'organizations')) group by 1"""
    ):
        table = row["table_name"]
        if table not in BESIDE:
            found[table] = await db.all(
                f"""select to_jsonb(t) - {BESIDE_COLUMNS} as row from {table} t where {row["owner"]} = %(id)s
                order by 1""",
                {"id": house.organization_id},
            )
    return found


def calls_on(acme: House, rival: House, route: Route) -> Iterator[str]:
    """The call's URLs with at least one id of Acme's in it, all other ids being Rival's own."""
    for mixed in product((acme, rival), repeat=len(route.parameters)):
        if acme in mixed:
            yield route.url({name: house.ids[name] for name, house in zip(route.parameters, mixed, strict=True)})


@pytest.mark.timeout(120)
async def test_no_stranger_gets_in_by_any_route(acme: House, rival: House, open_database: Database) -> None:
    neighbour = await acme.shop.visitor()
    before = await everything_of(open_database, acme)
    let_in, asked = [], 0
    for route in await routes(acme):
        if not route.parameters:
            continue
        for url in calls_on(acme, rival, route):
            for who, headers in strangers(acme, rival, neighbour).items():
                if who == "the operator" and "adminKey" in route.schemes:
                    continue
                status, text = await ask(acme.http, route, url, headers)
                asked += 1
                if status not in REFUSALS or acme.sam.conversation["session_id"] in text:
                    let_in.append(f"{who}: {route.method.upper()} {url}: {status} {text[:200]}")
    assert not let_in, "\n".join(let_in)
    assert asked > 280
    assert await everything_of(open_database, acme) == before


async def test_the_ids_that_strangers_tried_are_real(theatre: Stage, acme: House) -> None:
    """The same calls by whom they are for are not refused: or the test above would prove nothing."""
    refused = []
    acme = await open_house(theatre, name="Acme Candles of before")
    order = ["get", "post", "patch", "delete"]  # nothing is erased before it was read
    by_method = sorted(await routes(acme), key=lambda route: (order.index(route.method), -len(route.parameters)))
    for route in by_method:
        if not route.parameters or route.path == WEBHOOK:
            continue
        headers = acme.shop.secret if "secretKey" in route.schemes else bearing(ADMIN_KEY)
        status, text = await ask(acme.http, route, route.url(acme.ids), headers)
        if status in REFUSALS:
            refused.append(f"{route}: {status} {text[:200]}")
    assert not refused, "\n".join(refused)


async def test_lists_and_searches_hold_only_ones_own(acme: House, rival: House) -> None:
    foreign = [*acme.ids.values(), acme.sam.conversation["session_id"], acme.shop.publishable_key, "Acme"]
    for route in await routes(acme):
        if route.parameters or "secretKey" not in route.schemes or route.method != "get":
            continue
        url = f"{route.path}?limit=100" if route.path not in ("/v1/agent/tools", "/v1/analytics/funnel") else route.path
        status, text = await ask(acme.http, route, url, rival.shop.secret)
        assert status == 200, f"{route}: {text}"
        leaked = [value for value in foreign if value in text]
        assert not leaked, f"{route} tells {leaked}"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/agent/conversations", "agent_id"),
        ("/v1/agent/conversations", "order_id"),
        ("/v1/offers", "conversation_id"),
        ("/v1/orders", "conversation_id"),
    ],
)
async def test_a_filter_with_a_strangers_id_finds_nothing(acme: House, rival: House, path: str, name: str) -> None:
    answer = await rival.shop.get(path, params={name: acme.ids[name]})
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_ids_in_bodies_are_looked_for_among_ones_own(acme: House, rival: House) -> None:
    product_id = (await acme.shop.get("/v1/products")).json()["items"][0]["product_id"]
    for path, body in (
        ("/v1/agent/conversations", {"agent_id": acme.ids["agent_id"]}),
        (f"/v1/agent/conversations/{rival.sam.id}/checkouts", {"product_id": product_id}),
    ):
        answer = await rival.shop.post(path, body)
        assert answer.status_code in (404, 409), answer.text
    own = (await rival.shop.post("/v1/agent/knowledge/search", {"query": "returns lavender"})).json()
    assert acme.ids["article_id"] not in str(own)
    assert product_id not in str(own)


async def test_what_a_stranger_is_refused_looks_like_what_does_not_exist(acme: House, rival: House) -> None:
    """404 for both, in the same words and headers: an id cannot be probed."""
    nowhere = {name: str(ids.uuid7()) for name in acme.ids}
    for route in await routes(acme):
        if not route.parameters or route.path == WEBHOOK or "secretKey" not in route.schemes:
            continue
        theirs = await ask(acme.http, route, route.url(acme.ids), rival.shop.secret)
        none = await ask(acme.http, route, route.url(nowhere), rival.shop.secret)
        assert theirs == none, str(route)
        assert theirs[0] == 404, str(route)


async def test_a_credential_in_the_wrong_place_or_made_up_is_none(acme: House) -> None:
    url = acme.sam.base
    for headers, status in (
        (bearing(ids.new_secret("ap_sk_")), 401),
        (bearing(ids.new_secret("ap_ct_")), 401),
        (bearing(acme.sam.token[:-1]), 401),
        (bearing(acme.sam.token.upper()), 401),
        ({"Authorization": f"Basic {acme.shop.secret_key}"}, 401),
        ({"X-API-Key": acme.shop.secret_key, "Cookie": f"token={acme.sam.token}"}, 401),
        (acme.shop.secret | {"Origin": ORIGIN}, 403),
        (acme.shop.page, 403),
    ):
        assert (await acme.http.get(url, headers=headers)).status_code == status
    in_the_url = {"access_token": acme.sam.token, "token": acme.sam.token, "key": acme.shop.secret_key}
    assert (await acme.http.get(url, params=in_the_url)).status_code == 401
