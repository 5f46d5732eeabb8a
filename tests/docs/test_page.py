"""`/docs` and `agentpay openapi`: the contract for people and for machines, without a service."""

import re
from typing import Any

import pytest

from agentpay import docs_page
from tests.cast import Shop
from tests.dev.process import agentpay


@pytest.fixture(scope="module")
def page() -> str:
    printed = agentpay("openapi", "--html")
    assert printed.code == 0
    return printed.out


async def test_what_the_command_prints_is_what_a_service_serves(
    acme: Shop, contract: dict[str, Any], page: str
) -> None:
    assert (await acme.http.get("/openapi.json")).json() == contract
    assert (await acme.http.get("/docs")).text == page.removesuffix("\n")


def test_every_route_and_object_has_its_place(contract: dict[str, Any], page: str) -> None:
    places = set(re.findall(r' id="([^"]+)"', page))
    for methods in contract["paths"].values():
        assert {operation["operationId"] for operation in methods.values()} <= places
    assert set(contract["components"]["schemas"]) <= places
    assert set(contract["components"]["securitySchemes"]) <= places


def test_every_link_inside_leads_somewhere_and_nothing_comes_from_elsewhere(page: str) -> None:
    places = set(re.findall(r' id="([^"]+)"', page))
    links = set(re.findall(r'href="([^"]+)"', page))
    assert {link[1:] for link in links if link.startswith("#")} <= places
    assert {link for link in links if not link.startswith("#")} == {"openapi.json"}
    assert not re.search(r"src=|url\(|@import|<script|<link", page)


def test_a_route_says_who_may_what_it_takes_and_what_it_answers() -> None:
    document = {
        "info": {"title": "Wick", "version": "1", "description": "Read `this`."},
        "paths": {
            "/v1/things": {
                "post": {
                    "operationId": "make_thing", "tags": ["things"], "summary": "Make a <thing>",
                    "description": "Make a <thing>. It is `lit` at once.\n\nOnce only.",
                    "security": [{"secretKey": []}],
                    "parameters": [
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1.0, "maximum": 100.0,
                                                                      "default": 20}}
                    ],
                    "requestBody": {"content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "responses": {
                        "201": {"description": "Document created, URL follows"},
                        "404": {"description": "Absent", "content": {"application/json": {
                            "schema": {"$ref": "#/components/schemas/ErrorPublic"}}}},
                    },
                }
            }
        },
        "components": {"schemas": {
            "ErrorPublic": {"title": "ErrorPublic"},
            "Thing": {"title": "Thing", "additionalProperties": False, "required": ["name"], "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 1000},
                "kind": {"enum": ["wax", None], "default": "wax"},
            }},
        }, "securitySchemes": {"secretKey": {"description": "`ap_sk_…`"}}},
    }  # fmt: skip
    page = docs_page.render(document)
    assert "<p>Read <code>this</code>.</p>" in page
    assert "Make a &lt;thing&gt;</p><p>It is <code>lit</code> at once.</p><p>Once only.</p>" in page
    assert 'Credential: <a href="#secretKey">secretKey</a>' in page
    assert "query: integer, 1 to 100, default <code>20</code>" in page
    assert '<code>name</code> <b class="must">required</b></td><td>string, 1 to 1,000 characters' in page
    assert "<code>wax</code> · <code>null</code>, default <code>wax</code>" in page
    assert "<code>201</code></td><td>Created" in page
    assert 'Refusals: <a href="#status-404">404</a>' in page
