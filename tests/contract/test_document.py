"""What the document says of a value is what the service does with it."""

import json
import re
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.agents.schemas import AgentCreate
from agentpay.catalog import endpoints as catalog
from agentpay.kit import pages, text, wire
from agentpay.kit.errors import Invalid
from agentpay.knowledge.schemas import check_url
from agentpay.organizations import checks
from agentpay.organizations.schemas import ORIGIN_PATTERN
from tests.cast import Shop

steady = settings(deadline=None, derandomize=True)
# Tags are the one kind of invisible character that no pattern names.
characters = st.characters(codec="utf-8", max_codepoint=0xDFFFF)


@steady
@given(st.uuids())
def test_a_cursor_that_the_service_gives_is_one_by_the_document(row_id: UUID) -> None:
    cursor = pages.encode_cursor(row_id)
    assert re.search(pages.CURSOR_PATTERN, cursor)
    assert pages.decode_cursor(cursor) == row_id


@steady
@given(st.from_regex(re.compile(pages.CURSOR_PATTERN), fullmatch=True))
def test_a_cursor_by_the_document_is_taken_and_has_one_spelling(cursor: str) -> None:
    row_id = pages.decode_cursor(cursor)
    assert row_id is not None
    assert pages.encode_cursor(row_id) == cursor


@pytest.mark.parametrize("cursor", ["", "null", "A" * 21, "A" * 21 + "B", "A" * 22 + "\n", "A" * 22 + "=="])
def test_what_is_no_cursor_by_the_document_is_refused(cursor: str) -> None:
    assert not re.search(pages.CURSOR_PATTERN.replace("$", r"\Z"), cursor)
    with pytest.raises(Invalid):
        pages.decode_cursor(cursor)


@steady
@given(st.datetimes(datetime(1970, 1, 1), datetime(8820, 1, 1), timezones=st.just(UTC)), st.uuids())  # noqa: DTZ001
def test_a_cursor_of_the_catalogue_leads_back_to_its_place(moment: datetime, product_id: UUID) -> None:
    cursor = catalog.encode_position((moment, product_id))
    assert re.search(catalog.CURSOR_PATTERN, cursor)
    assert catalog.decode_position(cursor) == (moment, product_id)


@steady
@given(st.from_regex(re.compile(catalog.CURSOR_PATTERN), fullmatch=True))
def test_a_cursor_of_the_catalogue_by_the_document_is_taken(cursor: str) -> None:
    position = catalog.decode_position(cursor)
    assert position is not None
    assert catalog.encode_position(position) == cursor


@steady
@given(st.text(characters, max_size=4))
def test_a_name_is_visible_by_the_document_when_something_is_left_of_it(name: str) -> None:
    assert bool(re.search(text.VISIBLE_PATTERN, name)) is bool(text.one_line(name))


@steady
@given(st.text(characters, max_size=4))
def test_a_message_says_something_by_the_document_when_something_is_left_of_it(content: str) -> None:
    assert bool(re.search(text.SPOKEN_PATTERN, content)) is bool(content.strip()) is not text.is_blank(content)


def test_every_kind_of_white_space_is_blank_to_the_pattern_too() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        assert text.is_blank(character) is character.isspace(), hex(ord(character))


@steady
@given(st.from_regex(re.compile(ORIGIN_PATTERN), fullmatch=True))
def test_an_origin_by_the_document_is_taken(origin: str) -> None:
    assert checks.origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example", "https://", "https://shop.example/", "https://a@shop.example", "https://shop..example",
        "https://shop.example:0", "https://shop.example:65536", "ftp://shop.example", "null", "https://-shop.example",
        "https://" + "a" * 64,
    ],
)  # fmt: skip
def test_what_is_no_origin_by_the_document_is_refused(origin: str) -> None:
    assert not re.search(ORIGIN_PATTERN, origin)
    with pytest.raises(ValueError, match=r"\S"):
        checks.origin(origin)


@pytest.mark.parametrize("url", ["/help", "ftp://shop.example", "https://", "https://sam:x@shop.example", "https:a"])
def test_what_is_no_web_address_by_the_document_is_refused(url: str) -> None:
    assert not re.search(text.WEB_ADDRESS_PATTERN, url)
    with pytest.raises(Invalid):
        check_url(url)


@pytest.mark.parametrize("url", ["https://shop.example", "HTTP://shop.example:8080/a?b#c", "https://[2606:4700::1]/"])
def test_a_web_address_by_the_document_is_taken(url: str) -> None:
    assert re.search(text.WEB_ADDRESS_PATTERN, url)
    assert check_url(url) == url


def test_the_document_states_the_limits_of_metadata() -> None:
    stated = msgspec.json.schema(wire.Metadata)
    at_most = {f"{number:040}": "x" * 500 for number in range(stated["maxProperties"])}
    assert wire.check_metadata({**at_most}) == at_most
    assert stated["propertyNames"] == {"minLength": 1, "maxLength": 40}
    assert {"type": "string", "minLength": 1, "maxLength": 500} in stated["additionalProperties"]["anyOf"]
    for wrong in ({**at_most, "more": "x"}, {"": "x"}, {"k" * 41: "x"}, {"k": ""}, {"k": "x" * 501}):
        with pytest.raises(Invalid):
            wire.check_metadata(dict(wrong))


def test_a_percentage_is_described_to_the_hundredth() -> None:
    rules = msgspec.json.schema(AgentCreate)["$defs"]["RulesWire"]["properties"]
    assert rules["max_discount_percent"]["multipleOf"] == 0.01
    assert rules["products"]["propertyNames"] == {"format": "uuid"}


async def test_the_served_document_says_what_is_accepted(acme: Shop) -> None:
    served: dict[str, Any] = (await acme.http.get("/openapi.json")).json()
    cursors = {
        (path, parameter["schema"].get("pattern"))
        for path, methods in served["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "cursor"
    }
    assert {pattern for path, pattern in cursors if path != "/v1/products"} == {pages.CURSOR_PATTERN}
    assert ("/v1/products", catalog.CURSOR_PATTERN) in cursors
    content = served["components"]["schemas"]["MessageCreate"]["properties"]["content"]
    assert (content["maxLength"], content["pattern"]) == (4_000, text.SPOKEN_PATTERN)
    assert "404" in served["paths"]["/v1/agent/conversations"]["post"]["responses"]
    assert "NUL" in served["info"]["description"]
    # Read by JavaScript without a flag too: no character beyond the first plane in a pattern.
    patterns = re.findall(r'"pattern": "(.*?)"', json.dumps(served, ensure_ascii=True))
    assert patterns
    assert not any(r"\ud" in pattern for pattern in patterns)
