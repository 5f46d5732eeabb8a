from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import fastjsonschema
import msgspec
import pytest
import pytest_asyncio

from agentpay.agents.rules import Rules
from agentpay.agents.tools import Tool, ToolContext
from agentpay.catalog import tools as catalog_tools
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import uuid7
from agentpay.llm.types import ToolResult
from tests.catalog.conftest import merchant, stock
from tests.catalog.goods import fixed, goods, product_id
from tests.catalog.shop import OFF_THE_SHELF, SHOP

KEYBOARD = product_id("Kumo 65 Mechanical Keyboard")
SHIPPING = [
    {"country": "BR", "amount": 3900, "currency": "brl", "days": 14},
    {"country": "BR", "amount": 990, "currency": "usd", "days": 14},
    {"country": "PT", "amount": 490, "currency": "eur", "days": 4},
]


class Counter:
    """Sam's conversation as the tools know it: what was shown, what may be named, whether the turn is held."""

    def __init__(self, db: Database, organization_id: UUID) -> None:
        self.shown: list[UUID] = []
        self.nameable: set[UUID] = set()
        self.held = 0
        self.organization_id = organization_id
        made = catalog_tools.tools(db, show=self.show, nameable=self.may_name)
        self.tools: dict[str, Tool] = {tool.name: tool for tool in made}
        self.context = ToolContext(
            organization_id=organization_id,
            conversation_id=uuid7(),
            turn_id=uuid7(),
            call_id="call_1",
            effect_key="turn:1:call_1",
            agent_id=uuid7(),
            agent_version=1,
            rules=Rules(),
            config={"shipping": SHIPPING},
            visitor_key="session:sam",
            is_proven_customer=False,
            external_customer_id=None,
            customer_id=None,
            currency="usd",
            language="en",
            origin=None,
            hesitation_signals=0,
            hold=self.hold,
        )

    async def hold(self, tx: Tx) -> None:
        self.held += 1

    async def show(self, tx: Tx, *, organization_id: UUID, conversation_id: UUID, product_ids: Sequence[UUID]) -> None:
        assert self.held, "each transaction of a turn begins with hold"
        assert organization_id == self.organization_id
        self.shown += product_ids

    async def may_name(self, source: object, *, organization_id: UUID, conversation_id: UUID) -> Collection[UUID]:
        return self.nameable

    async def ask(self, tool: str, /, **arguments: Any) -> ToolResult:
        fastjsonschema.compile(self.tools[tool].parameters)(arguments)
        result = await self.tools[tool].perform(self.context, arguments)
        assert (result.call_id, result.name) == ("call_1", tool)
        msgspec.json.encode(result)
        return result

    def speak(self, **changes: Any) -> None:
        self.context = msgspec.structs.replace(self.context, **changes)


@pytest_asyncio.fixture
async def wick(db: Database, jobs: Jobs, acme: UUID) -> Counter:
    await stock(db, jobs, acme, [*SHOP, *OFF_THE_SHELF])
    return Counter(db, acme)


async def test_a_search_answers_with_facts_and_cards_and_marks_them_as_shown(wick: Counter) -> None:
    result = await wick.ask("search_products", query="do you have a silent keyboard?")
    assert result.status == "done"
    first = result.facts["products"][0]
    assert (first["product_id"], first["price_text"], first["amount"]) == (str(KEYBOARD), "$149.00", 14_900)
    assert (first["availability"], first["benefits"], first["negotiable"]) == ("in_stock", ["Two-year warranty"], True)
    assert result.facts["total"] == len(result.facts["products"]) == len(result.attachments)
    assert [card["type"] for card in result.attachments] == ["product_card"] * len(result.attachments)
    assert [str(shown) for shown in wick.shown] == [card["product_id"] for card in result.attachments]


async def test_a_search_that_finds_nothing_is_done_and_shows_nothing(wick: Counter) -> None:
    result = await wick.ask("search_products", query="tractor tyres")
    assert (result.status, result.facts, result.attachments, wick.shown) == (
        "done",
        {"products": [], "total": 0},
        (),
        [],
    )


async def test_over_the_price_limit_the_closest_are_told_but_get_no_card(wick: Counter) -> None:
    result = await wick.ask("search_products", query="a keyboard under $100")
    assert (result.facts["products"], result.attachments) == ([], ())
    assert result.facts["reason"] == "none_within_price_limit"
    assert result.facts["closest"][0]["product_id"] == str(KEYBOARD)
    assert KEYBOARD in wick.shown
    stated = await wick.ask("search_products", query="keyboard", price_max=14_900, currency="USD")
    assert [row["product_id"] for row in stated.facts["products"]] == [str(KEYBOARD)]


async def test_prices_are_told_in_the_visitors_currency_and_language(wick: Counter) -> None:
    wick.speak(currency="brl", language="pt")
    result = await wick.ask("search_products", query="curso de foco", limit=1)
    row = result.facts["products"][0]
    assert (row["name"], row["price_text"], row["currency"]) == (
        "Foco Profundo: o curso de 6 semanas",
        "R$ 299,00",
        "brl",
    )
    assert result.attachments[0]["price"]["currency"] == "brl"
    assert "Inclui: Certificado de conclusão." in row["description"]


async def test_an_agent_that_may_not_negotiate_is_told_so_of_every_product(wick: Counter) -> None:
    wick.speak(rules=Rules(allow_dynamic_pricing=False))
    result = await wick.ask("search_products", query="keyboard")
    assert {row["negotiable"] for row in result.facts["products"]} == {False}


async def test_an_id_counts_only_if_the_conversation_was_shown_it(wick: Counter) -> None:
    refused = await wick.ask("show_product", product_id=str(KEYBOARD))
    assert (refused.status, refused.facts) == ("refused", {"reason": "unknown_product"})
    assert wick.shown == []
    wick.nameable = {KEYBOARD}
    shown = await wick.ask("show_product", product_id=str(KEYBOARD))
    assert shown.status == "done"
    product = shown.facts["product"]
    assert "Hot-swappable switches" in product["description"]
    assert product["benefits"] == ["Two-year warranty"]
    assert [card["product_id"] for card in shown.attachments] == [str(KEYBOARD)]
    assert wick.shown == [KEYBOARD]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": "kumo 65 mechanical KEYBOARD"}, "Kumo 65 Mechanical Keyboard"),
        ({"name": "mechanical keybord"}, "Kumo 65 Mechanical Keyboard"),
        ({"product_id": "Lumen Desk Lamp"}, "Lumen Desk Lamp"),
        ({"product_id": "00000000-0000-4000-8000-000000000000", "name": "lumen lamp"}, "Lumen Desk Lamp"),
        ({"name": "vela manha clara laranja e alecrim"}, "Vela Manhã Clara: Laranja e Alecrim"),
    ],
)
async def test_a_product_is_found_by_name(wick: Counter, said: dict[str, str], name: str) -> None:
    result = await wick.ask("show_product", **said)
    assert result.facts["product"]["name"] == name


async def test_what_is_not_sold_is_not_shown_by_id_or_name(wick: Counter) -> None:
    archived, private = product_id("Focus Candle 2023 Edition"), product_id("Friends & Family Box")
    wick.nameable = {archived, private}
    for hidden in (archived, private):
        assert (await wick.ask("show_product", product_id=str(hidden))).facts == {"reason": "product_unavailable"}
    for nothing in ("zzyzx", "the best one", "?"):
        assert (await wick.ask("show_product", name=nothing)).facts == {"reason": "unknown_product"}
    assert wick.shown == []


async def test_another_merchants_product_is_unknown_even_where_its_id_is_known(
    db: Database, jobs: Jobs, wick: Counter
) -> None:
    rival = await merchant(db, "Rival Shop")
    await stock(db, jobs, rival, [goods("Rival Lantern")])
    wick.nameable = {product_id("Rival Lantern")}
    for said in ({"product_id": str(product_id("Rival Lantern"))}, {"name": "Rival Lantern"}):
        result = await wick.ask("show_product", **said)
        assert result.status == "refused" or result.facts["product"]["name"] != "Rival Lantern"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("Kumo 65 Mechanical Keyboard", "in_stock"),
        ("Brass Pen, Engraved", "low"),
        ("Reed Diffuser, Fig & Moss", "out_of_stock"),
        ("The Quiet Desk (e-book)", "unknown"),
    ],
)
async def test_stock_is_told_as_a_level_never_as_a_number(wick: Counter, name: str, state: str) -> None:
    result = await wick.ask("check_inventory", name=name)
    assert result.facts == {"product_id": str(product_id(name)), "product_name": name, "state": state}


async def test_whether_a_quantity_is_there_is_told(wick: Counter) -> None:
    assert (await wick.ask("check_inventory", name="Brass Pen, Engraved", quantity=3)).facts["is_enough"] is True
    assert (await wick.ask("check_inventory", name="Brass Pen, Engraved", quantity=4)).facts["is_enough"] is False
    assert "is_enough" not in (await wick.ask("check_inventory", name="The Quiet Desk (e-book)", quantity=4)).facts


@pytest.mark.parametrize("country", ["BR", "br", "Brazil", "Brasil", "brazil please", "pro Brasil"])
async def test_shipping_is_quoted_by_country_from_the_agents_table(wick: Counter, country: str) -> None:
    result = await wick.ask("quote_shipping", country=country)
    assert result.facts == {
        "country": "Brazil",
        "country_code": "BR",
        "amount": 990,
        "amount_text": "$9.90",
        "currency": "usd",
        "days": 14,
    }


async def test_shipping_prefers_the_visitors_currency_and_speaks_their_language(wick: Counter) -> None:
    wick.speak(currency="brl", language="pt")
    result = await wick.ask("quote_shipping", country="Brazil", name="Lumen Desk Lamp")
    assert (result.facts["country"], result.facts["amount_text"]) == ("Brasil", "R$ 39,00")
    assert (await wick.ask("quote_shipping", country="Portugal")).facts["currency"] == "eur"


async def test_where_nothing_is_sent_is_said_with_the_countries_that_are_served(wick: Counter) -> None:
    result = await wick.ask("quote_shipping", country="Japan")
    assert (result.status, result.facts) == (
        "refused",
        {"reason": "country_not_served", "country": "Japan", "countries": ["Brazil", "Portugal"]},
    )
    assert (await wick.ask("quote_shipping", country="Narnia")).facts == {"reason": "unknown_country"}
    wick.speak(config={})
    assert (await wick.ask("quote_shipping", country="Brazil")).facts["reason"] == "no_rates_known"


async def test_what_polar_delivers_online_is_not_shipped(wick: Counter) -> None:
    result = await wick.ask("quote_shipping", country="Japan", name="Deep Focus: the 6-Week Course")
    assert (result.status, result.facts["is_digital"], result.facts["amount_text"]) == ("done", True, "$0.00")


async def test_nothing_the_merchant_keeps_to_itself_reaches_a_provider(db: Database, jobs: Jobs, wick: Counter) -> None:
    secretive = goods(
        "Secretive Candle",
        fixed(100),
        metadata={"stock": 3, "floor": "SECRET", "supplier": "SECRET"},
        benefits=[
            {"id": str(uuid7()), "type": "license_keys", "description": "Key", "properties": {"prefix": "SECRET"}}
        ],
    )
    await stock(db, jobs, wick.organization_id, [secretive])
    for name, arguments in (
        ("search_products", {"query": "secretive candle"}),
        ("show_product", {"name": "Secretive Candle"}),
        ("check_inventory", {"name": "Secretive Candle"}),
    ):
        result = await wick.ask(name, **arguments)
        assert result.status == "done"
        assert b"SECRET" not in msgspec.json.encode(result)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("search_products", {}),
        ("search_products", {"query": "x", "limit": 7}),
        ("search_products", {"query": "x", "price_max": -1}),
        ("search_products", {"query": "x", "price_max": "20"}),
        ("search_products", {"query": "x", "organization_id": "y"}),
        ("show_product", {}),
        ("show_product", {"name": ""}),
        ("check_inventory", {"name": "x", "quantity": 0}),
        ("quote_shipping", {"name": "x"}),
    ],
)
def test_arguments_that_no_tool_takes_are_refused_by_the_schema(
    wick: Counter, name: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(fastjsonschema.JsonSchemaException):
        fastjsonschema.compile(wick.tools[name].parameters)(wrong)
