"""The document and the gate say the same."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import OpenAPIConfig
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.callers.endpoints import DEPENDENCIES
from agentpay.callers.openapi import StructSchemas, document
from agentpay.kit.caller import Member, Merchant, Operator, Page
from agentpay.kit.pages import Page as ListPage
from agentpay.kit.wire import Limit
from tests.callers.cast import ADMIN_KEY, Shop, bearing
from tests.callers.conftest import Thing

STARTS = "/v1/agent/conversations"
ONE = "/v1/agent/conversations/{conversation_id}"


class Wick(msgspec.Struct):
    """An agent."""

    name: str
    tone: str | msgspec.UnsetType = msgspec.UNSET
    # What msgspec takes as a default and Litestar's own description of structs stumbles over.
    rules: dict[str, Any] = msgspec.field(default_factory=lambda: {"floor": {}})


@get("/v1/agents")
async def agents(merchant: NamedDependency[Merchant], limit: FromQuery[Limit] = 20) -> ListPage[Wick]:
    """List agents, newest first. Cheap at any depth."""
    raise AssertionError


@post(STARTS, status_code=201, opt={"idempotent": True})
async def start(starter: NamedDependency[Page | Merchant], data: JSONBody[Thing]) -> Wick:
    raise AssertionError


@post(ONE.replace("}", ":uuid}"), status_code=200, opt={"keyed": True, "event_stream": True})
async def say(conversation_id: FromPath[str], member: NamedDependency[Member], data: JSONBody[Thing]) -> Response[Wick]:
    raise AssertionError


@get(f"{STARTS}/{{conversation_id:uuid}}/events", media_type="text/event-stream")
async def events(conversation_id: FromPath[str], member: NamedDependency[Member]) -> str:
    raise AssertionError


@get("/v1/organizations")
async def organizations(operator: NamedDependency[Operator]) -> list[Wick]:
    raise AssertionError


@post("/v1/webhooks/polar/{organization_id:uuid}", status_code=202, opt={"refuses": (403,)})
async def webhook(organization_id: FromPath[str]) -> None:
    raise AssertionError


@get("/healthz")
async def healthz() -> Wick:
    raise AssertionError


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    structs = StructSchemas()
    app = Litestar(
        [agents, start, say, events, organizations, webhook, healthz],
        dependencies=DEPENDENCIES,
        plugins=[structs],
        openapi_config=OpenAPIConfig(title="AgentPay", version="1", path="/schema", render_plugins=[]),
    )
    return document(app, structs=structs, enums={"AgentType": ("sales", "support")})


def statuses(made: dict[str, Any], method: str, path: str) -> set[str]:
    return set(made["paths"][path][method]["responses"])


def schemes(made: dict[str, Any], method: str, path: str) -> list[str]:
    return [name for entry in made["paths"][path][method]["security"] for name in entry]


def test_credentials_are_those_that_the_handler_takes(made: dict[str, Any]) -> None:
    assert schemes(made, "get", "/v1/agents") == ["secretKey"]
    assert schemes(made, "post", STARTS) == ["publishableKey", "secretKey"]
    assert schemes(made, "post", ONE) == ["conversationToken", "secretKey"]
    assert schemes(made, "get", "/v1/organizations") == ["adminKey"]
    assert schemes(made, "get", "/healthz") == []
    known = made["components"]["securitySchemes"]
    assert set(known) == {"adminKey", "secretKey", "publishableKey", "conversationToken"}
    assert all((scheme["type"], scheme["scheme"]) == ("http", "bearer") for scheme in known.values())


def test_refusals_follow_from_the_kind_of_route(made: dict[str, Any]) -> None:
    body = {"400", "413", "415", "422"}
    assert statuses(made, "get", "/v1/agents") == {"200", "401", "403", "422", "429", "503"}
    assert statuses(made, "post", STARTS) == {"201", "401", "403", "409", "429", "503"} | body
    assert statuses(made, "post", ONE) == {"200", "401", "403", "404", "409", "429", "503"} | body
    assert statuses(made, "get", "/v1/organizations") == {"200", "401", "403", "422", "503"}
    assert statuses(made, "post", "/v1/webhooks/polar/{organization_id}") == {"202", "403", "404", "413", "422", "503"}
    assert statuses(made, "get", "/healthz") == {"200"}


def test_refusals_are_described_with_their_headers(made: dict[str, Any]) -> None:
    answers = made["paths"][ONE]["post"]["responses"]
    assert answers["404"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorPublic"}
    assert "WWW-Authenticate" in answers["401"]["headers"]
    assert "Retry-After" in answers["429"]["headers"]
    assert "Retry-After" in answers["503"]["headers"]
    assert all("X-Request-Id" in answer["headers"] for answer in answers.values())


def test_idempotency_keys_are_named_where_they_count(made: dict[str, Any]) -> None:
    for method, path, counts in (("post", STARTS, True), ("post", ONE, True), ("get", "/v1/agents", False)):
        operation = made["paths"][path][method]
        names = [parameter["name"] for parameter in operation.get("parameters", [])]
        assert ("Idempotency-Key" in names) == counts
        answer = operation["responses"].get("201") or operation["responses"]["200"]
        assert ("Idempotency-Replayed" in answer["headers"]) == counts


def test_streams_are_described_as_streams(made: dict[str, Any]) -> None:
    assert set(made["paths"][ONE]["post"]["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert set(made["paths"][f"{ONE}/events"]["get"]["responses"]["200"]["content"]) == {"text/event-stream"}


def test_structs_are_described_by_what_checks_them(made: dict[str, Any]) -> None:
    thing = made["components"]["schemas"]["Thing"]
    assert thing["additionalProperties"] is False
    assert thing["required"] == ["name"]
    assert thing["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 10}
    assert made["components"]["schemas"]["Wick"]["required"] == ["name"]
    assert made["components"]["schemas"]["AgentType"]["enum"] == ["sales", "support"]
    body = made["paths"][STARTS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Thing"}
    [limit] = made["paths"]["/v1/agents"]["get"]["parameters"]
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (1, 100, 20)


def test_docstrings_become_summaries(made: dict[str, Any]) -> None:
    operation = made["paths"]["/v1/agents"]["get"]
    assert operation["summary"] == "List agents, newest first"
    assert operation["description"].endswith("Cheap at any depth.")


def test_every_reference_leads_somewhere(made: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for entry in value.values():
                yield from references(entry)
        elif isinstance(value, list):
            for entry in value:
                yield from references(entry)

    found = set(references(made))
    assert found
    for reference in found:
        target: Any = made
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


async def test_what_is_described_is_what_happens(client: httpx.AsyncClient, made: dict[str, Any], acme: Shop) -> None:
    answers = [
        await client.post(STARTS, json={}),
        await client.post(STARTS, json={}, headers=bearing(ADMIN_KEY)),
        await client.post(STARTS, json={}, headers=bearing(acme.secret_key)),
        await client.post(STARTS, content=b"{", headers=bearing(acme.secret_key, Content_Type="application/json")),
        await client.post(STARTS, content=b"{}", headers=bearing(acme.secret_key, Content_Type="text/plain")),
        await client.post(STARTS, content=b"x" * 300_000, headers=bearing(acme.secret_key)),
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 422, 400, 415, 413]
    assert {str(answer.status_code) for answer in answers} <= statuses(made, "post", STARTS)
    for answer in answers:
        described = made["paths"][STARTS]["post"]["responses"][str(answer.status_code)]["headers"]
        assert all(name in answer.headers for name in described)
