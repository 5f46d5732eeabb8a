from collections.abc import Sequence
from uuid import UUID

import pytest
import pytest_asyncio

from agentpay.catalog.price_limits import Limits, limits_of
from agentpay.catalog.search import search
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from tests.catalog.conftest import merchant, stock
from tests.catalog.goods import fixed, goods
from tests.catalog.questions import ENGLISH, NONSENSE, PORTUGUESE
from tests.catalog.shop import OFF_THE_SHELF, SHOP

RECALL_MIN = 0.93
FIRST_MIN = 0.9


@pytest_asyncio.fixture
async def shop(db: Database, jobs: Jobs, acme: UUID) -> UUID:
    """Acme's whole shop; Rival Shop sells the same things under other names."""
    await stock(db, jobs, acme, [*SHOP, *OFF_THE_SHELF])
    rival = await merchant(db, "Rival Shop")
    await stock(
        db, jobs, rival, [goods(f"Rival {data['name']}"[:64], description=data["description"]) for data in SHOP]
    )
    return acme


async def names(
    db: Database, organization_id: UUID, query: str, limits: Limits = Limits(), limit: int = 6
) -> list[str]:
    found = await search(db, organization_id=organization_id, query=query, limits=limits, limit=limit)
    return [each.product.name for each in found]


def recall(found: Sequence[str], wanted: set[str]) -> float:
    return len(set(found[:3]) & wanted) / min(3, len(wanted))


@pytest.mark.parametrize("asked", [ENGLISH, PORTUGUESE], ids=["english", "portuguese"])
async def test_visitors_questions_find_the_products_they_mean(
    db: Database, shop: UUID, asked: list[tuple[str, set[str]]]
) -> None:
    results = [(query, wanted, await names(db, shop, query)) for query, wanted in asked]
    weak = [(query, found[:3]) for query, wanted, found in results if recall(found, wanted) < 1]
    assert sum(recall(found, wanted) for _, wanted, found in results) / len(results) >= RECALL_MIN, weak
    firsts = [found[:1] for _, wanted, found in results if found and found[0] in wanted]
    assert len(firsts) / len(results) >= FIRST_MIN, weak
    assert not [found for _, _, found in results if any(name.startswith("Rival") for name in found)]


@pytest.mark.parametrize("query", [query for query in NONSENSE if not query.startswith("wer hat")])
async def test_what_the_shop_does_not_have_finds_nothing(db: Database, shop: UUID, query: str) -> None:
    assert await names(db, shop, query) == []


@pytest.mark.parametrize("query", ["", "?", "what do you sell?", "o que vocês vendem?", "show me your products", "🙂"])
async def test_a_question_that_names_nothing_gets_the_newest(db: Database, shop: UUID, query: str) -> None:
    assert len(await names(db, shop, query)) == 6


async def test_what_is_not_sold_is_never_found(db: Database, shop: UUID) -> None:
    hidden = {data["name"] for data in OFF_THE_SHELF}
    for query in ("", "focus candle 2023 edition", "friends family box", "secret focus draft"):
        assert not hidden & set(await names(db, shop, query, limit=100))


async def test_what_was_asked_for_faintly_is_cut_off(db: Database, shop: UUID) -> None:
    assert await names(db, shop, "lavender candle") == [
        "Lavender Sleep Candle",
        *(await names(db, shop, "lavender candle"))[1:],
    ]
    assert await names(db, shop, "chrome extension") == ["Tidy Tabs for Chrome (licence)"]


async def test_what_only_mentions_a_candle_is_no_candle(db: Database, shop: UUID) -> None:
    for query in ("the candle", "velas"):
        found = await names(db, shop, query)
        assert len(found) >= 3
        assert all("Candle" in name or "Vela" in name for name in found), found


@pytest.mark.parametrize("query", ["cheap candles", "velas baratas", "cheapest candle", "a vela mais em conta"])
async def test_cheap_sorts_by_price_what_was_asked_for(db: Database, shop: UUID, query: str) -> None:
    found = await search(db, organization_id=shop, query=query)
    amounts = [each.product.amount or 0 for each in found]
    assert amounts == sorted(amounts)
    assert len(found) >= 3
    assert all("Candle" in each.product.name or "Vela" in each.product.name for each in found)


async def test_the_cheapest_and_the_dearest_of_all(db: Database, shop: UUID) -> None:
    assert (await names(db, shop, "what's your cheapest product?"))[0] == "7-Day Focus Challenge"
    assert (await names(db, shop, "what is the most expensive thing you have?"))[0] == "Public Speaking Bootcamp"


async def test_price_limits_hold_in_the_currency_they_are_in(db: Database, shop: UUID) -> None:
    assert await names(db, shop, "keyboard", Limits(currency="usd", price_max=10_000)) == []
    assert await names(db, shop, "keyboard", Limits(currency="usd", price_max=14_900)) == [
        "Kumo 65 Mechanical Keyboard"
    ]
    assert await names(db, shop, "keyboard", Limits(currency="eur", price_max=13_900)) == [
        "Kumo 65 Mechanical Keyboard"
    ]
    assert await names(db, shop, "keyboard", Limits(currency="brl", price_max=99_900)) == [], "it has no price in reais"
    under = await names(db, shop, "anything", Limits(currency="usd", price_max=1_000), limit=100)
    assert under[0] == "7-Day Focus Challenge", "cheapest first"
    assert "Soundscapes+" in under
    assert "Focus Candle: Cedar & Sage" not in under
    over = await names(db, shop, "course", Limits(currency="usd", price_min=9_000))
    assert set(over) == {"Deep Focus: the 6-Week Course", "Public Speaking Bootcamp"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a gift under $20", Limits(currency="usd", price_max=2000)),
        ("curso até R$ 300", Limits(currency="brl", price_max=30000)),
        ("7-day challenge", Limits(currency="usd")),
        ("candles", Limits(currency="usd")),
    ],
)
def test_limits_are_read_from_the_visitors_words(query: str, expected: Limits) -> None:
    assert limits_of(query, {}, currency="usd") == expected


def test_stated_limits_win_over_what_the_words_say() -> None:
    stated = limits_of("under $20", {"price_max": 5_000, "currency": "EUR"}, currency="usd")
    assert stated == Limits(currency="eur", price_max=5_000)
    assert limits_of("under 2000", {}, currency="jpy") == Limits(currency="jpy", price_max=2_000)


async def test_the_ends_of_a_price_range_are_not_looked_for_either(db: Database, shop: UUID) -> None:
    for query in ("between 20 and 40", "entre 20 e 40"):
        assert await names(db, shop, query) == await names(db, shop, "")


async def test_amounts_in_a_question_are_not_looked_for_in_names(db: Database, shop: UUID) -> None:
    assert "Slow Mornings Coffee, 250 g" not in await names(db, shop, "an hourglass for $250")
    assert (await names(db, shop, "250 g coffee"))[0] == "Slow Mornings Coffee, 250 g"


async def test_what_is_sold_out_is_told_but_not_first(db: Database, jobs: Jobs, acme: UUID) -> None:
    gone = goods("Moss Diffuser", fixed(100), metadata={"stock": 0})
    await stock(db, jobs, acme, [gone, goods("Fig Diffuser", fixed(100), metadata={"stock": 3}), goods("Fern Soap")])
    assert await names(db, acme, "diffuser") == ["Fig Diffuser", "Moss Diffuser"]
    assert await names(db, acme, "diffuser", Limits(in_stock=True)) == ["Fig Diffuser"]


async def test_a_hundred_words_and_hostile_characters_are_only_words(db: Database, shop: UUID) -> None:
    for query in ("'); drop table products; --", "a & b | !c:*", "\\' \" %s %(x)s", "~ ~candle '~'", "\x00\u202e" * 40):
        await names(db, shop, query)
    rambling = "I was thinking about the thing we talked about yesterday and my sister said maybe " * 40
    assert (await names(db, shop, "keyboard! " + rambling))[0] == "Kumo 65 Mechanical Keyboard"


async def test_common_words_do_not_drown_rare_ones(db: Database, jobs: Jobs, acme: UUID) -> None:
    many = [goods(f"Candle number {number}", description="A candle of soy wax.") for number in range(1_300)]
    await stock(db, jobs, acme, [*many, goods("Tonka Candle"), goods("Tonka Soap")])
    assert (await names(db, acme, "tonka candle"))[0] == "Tonka Candle"
    assert len(await names(db, acme, "candle")) == 6
    assert len(await names(db, acme, "soy candle wax")) == 6
