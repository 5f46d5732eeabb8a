"""Bodies and parameters: read strictly, refused at their exact place, in Polar's words."""

from typing import Any

import httpx
import pytest

from agentpay.callers.bodies import decode
from agentpay.callers.errors import Unreadable, problem
from agentpay.kit.errors import Invalid
from tests.callers.cast import ADMIN_KEY, Shop, bearing
from tests.callers.conftest import Thing

PATH = "/v1/organizations"


async def post(client: httpx.AsyncClient, content: bytes, *, content_type: str = "application/json") -> httpx.Response:
    return await client.post(PATH, content=content, headers=bearing(ADMIN_KEY, Content_Type=content_type))


@pytest.mark.parametrize(
    ("content", "kind", "loc"),
    [
        (b"{}", "missing", ["body", "name"]),
        (b'{"name": ""}', "string_too_short", ["body", "name"]),
        (b'{"name": "candlesticks"}', "string_too_long", ["body", "name"]),
        (b'{"name": 1}', "string_type", ["body", "name"]),
        (b'{"name": null}', "string_type", ["body", "name"]),
        (b'{"name": "a", "cuont": 1}', "extra_forbidden", ["body", "cuont"]),
        (b'{"name": "a", "count": "5"}', "int_type", ["body", "count"]),
        (b'{"name": "a", "count": true}', "int_type", ["body", "count"]),
        (b'{"name": "a", "bounds": {"min": 2}}', "less_than_equal", ["body", "bounds", "min"]),
        (b'{"name": "a", "bounds": {"min": 1, "max": 1}}', "extra_forbidden", ["body", "bounds", "max"]),
        (b'{"name": "a", "bounds": {}}', "missing", ["body", "bounds", "min"]),
        (b'{"name": "a", "tags": [1, "b"]}', "int_type", ["body", "tags", 1]),
        (b'{"name": "a", "metadata": {"k": 1}}', "string_type", ["body", "metadata"]),
        (b'{"name": "a\\u0000"}', "value_error", ["body", "name"]),
        (b'{"name": "a", "metadata": {"k": "\\u0000"}}', "value_error", ["body", "metadata", "k"]),
        (b'{"name": "a", "context": {"k": ' + b"[" * 990 + b"]" * 990 + b"}}", "value_error", ["body"]),
        (b'{"name": "a", "context": {"k": ' + b"[" * 9999, "value_error", ["body"]),
        (b"[]", "dict_type", ["body"]),
        (b"null", "dict_type", ["body"]),
        (b"", "missing", ["body"]),
    ],
)
async def test_a_wrong_body_is_422_at_its_place(
    client: httpx.AsyncClient, content: bytes, kind: str, loc: list[Any]
) -> None:
    answer = await post(client, content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "RequestValidationError"
    [found] = answer.json()["detail"]
    assert (found["type"], found["loc"]) == (kind, loc)
    assert found["msg"]
    assert "`" not in found["msg"]


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"cuont": ', b'{"name": 1', b'{"name": "a"} x', b"\xff", b'{"name": NaN}', b'{"name": "\\ud800"}'],
)
async def test_malformed_json_is_400(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await post(client, content)
    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequest"


@pytest.mark.parametrize("number", ["3", "3.0", "30e-1", "9007199254740992.0", "-0.0"])
def test_an_integer_may_be_written_with_a_fraction_of_nothing(number: str) -> None:
    body = f'{{"name": "a", "count": {number}, "tags": [{number}], "context": {{"share": 0.5}}}}'.encode()
    thing = decode(body, kind=Thing)
    assert (thing.count, thing.tags) == (int(float(number)), [int(float(number))])
    assert type(thing.count) is int
    assert thing.context == {"share": 0.5}


@pytest.mark.parametrize(
    ("rest", "kind", "loc"),
    [
        ('"count": 3.5', "int_type", ("body", "count")),
        ('"count": 1e300', "int_type", ("body", "count")),
        ('"count": 3.0, "tags": [1.0, 2.5]', "int_type", ("body", "tags", 1)),
        ('"count": 3.0, "tags": ["b"]', "int_type", ("body", "tags", 0)),
        ('"count": 3.0, "cuont": 1', "extra_forbidden", ("body", "cuont")),
    ],
)
def test_only_a_whole_number_is_an_integer(rest: str, kind: str, loc: tuple[str | int, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        decode(f'{{"name": "a", {rest}}}'.encode(), kind=Thing)
    assert [problem[:2] for problem in refused.value.problems] == [(kind, loc)]


def test_half_a_document_with_a_whole_number_is_malformed() -> None:
    with pytest.raises(Unreadable):
        decode(b'{"name": "a", "count": 3.0, ', kind=Thing)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_is_not_json_is_415(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await post(client, b'{"name": "a"}', content_type=content_type)
    assert (answer.status_code, answer.json()["error"]) == (415, "UnsupportedMediaType")


async def test_json_may_say_its_charset(client: httpx.AsyncClient) -> None:
    assert (await post(client, b'{"name": "a"}', content_type="application/json; charset=utf-8")).status_code == 201


async def test_a_wrong_parameter_is_422_at_its_name(client: httpx.AsyncClient, acme: Shop) -> None:
    answer = await client.get("/v1/orders?limit=many", headers=bearing(acme.secret_key))
    assert answer.status_code == 422
    [found] = answer.json()["detail"]
    assert (found["type"], found["loc"]) == ("int_type", ["query", "limit"])


async def test_a_nul_in_a_query_is_422(client: httpx.AsyncClient, acme: Shop) -> None:
    answer = await client.get("/v1/orders?x=a%00", headers=bearing(acme.secret_key))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query"]


async def test_a_path_that_is_no_id_is_404(client: httpx.AsyncClient, acme: Shop) -> None:
    assert (await client.get("/v1/agent/conversations/7", headers=bearing(acme.secret_key))).status_code == 404


def test_a_refused_value_is_not_repeated() -> None:
    assert problem("Invalid enum value 'hunter2' - at `$.polar.environment`", source=("body",)) == (
        "enum",
        ("body", "polar", "environment"),
        "Not one of the allowed values",
    )


def test_a_key_of_a_mapping_is_placed_at_the_mapping() -> None:
    kind, loc, _ = problem("Expected `str` of length >= 1 - at `key` in `$.metadata`", source=("body",))
    assert (kind, loc) == ("string_too_short", ("body", "metadata"))
