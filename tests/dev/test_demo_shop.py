"""What Clareira sells and knows, and how it gets into the local Polar."""

from pathlib import Path

import httpx
import msgspec
import pytest

from agentpay.agents.rules import RulesWire
from agentpay.agents.schemas import AgentCreate
from agentpay.sandbox.demo import agents, articles, local_polar, pictures
from agentpay.sandbox.demo.shapes import flow
from agentpay.sandbox.polar import settings
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.storefront.catalogue import Catalogue

GOODS = local_polar.GOODS
SHELVED = [goods for goods in GOODS if not goods.is_archived and not goods.is_private]


def kinds_of_price() -> set[str]:
    return {price["amount_type"] for goods in SHELVED for price in goods.prices}


def test_the_shelves_hold_every_kind_of_thing_that_polar_sells() -> None:
    assert len(SHELVED) == 24
    assert kinds_of_price() == {"fixed", "custom", "seat_based"}
    assert {goods.interval for goods in SHELVED} == {None, "month", "year"}
    assert any(goods.trial_days for goods in SHELVED)
    assert any(goods.interval and not goods.trial_days for goods in SHELVED)
    assert any(price.get("price_amount") == 0 for goods in SHELVED for price in goods.prices)
    assert [goods.is_archived for goods in GOODS].count(True) == 1
    assert [goods.is_private for goods in GOODS].count(True) == 1
    assert any(goods.asks_for for goods in SHELVED)
    assert any(not perk.public for goods in SHELVED for perk in goods.perks)


@pytest.mark.parametrize("goods", GOODS, ids=lambda goods: goods.name)
def test_polar_would_take_each_product(goods: local_polar.Goods) -> None:
    assert 3 <= len(goods.name) <= 64
    assert goods.prices[0]["price_currency"] == "usd", "the organization's default currency is always present"
    assert flow(goods.description)
    assert pictures.picture_of(goods.name).startswith("<svg ")


def test_the_agents_have_exactly_the_rules_of_the_contract() -> None:
    wanted = [msgspec.convert(agent, AgentCreate) for agent in agents.wanted("template")]
    assert [agent.agent_type for agent in wanted] == ["sales", "support", "payment"]
    for agent in wanted:
        assert agent.rules == RulesWire()
        assert agent.rules.products == {}


def test_the_articles_answer_in_both_languages() -> None:
    languages = [article.language for article in articles.ARTICLES]
    assert languages.count("en") >= 7
    assert languages.count("pt") >= 7
    assert len({article.slug for article in articles.ARTICLES}) == len(articles.ARTICLES)


def test_a_second_start_finds_the_shop_as_it_was(tmp_path: Path) -> None:
    state = PolarState(tmp_path / "polar.sqlite3")
    first = local_polar.settle(state)
    names = [product.name for product in state.products]
    state.close()
    again = PolarState(tmp_path / "polar.sqlite3")
    assert local_polar.settle(again) == first
    assert [product.name for product in again.products] == names
    again.close()


def test_shelves_that_were_left_half_filled_are_filled_up() -> None:
    state = PolarState()
    local_polar.settle(state)
    for token in state.tokens:
        state.tokens.drop(token.id)
    for product in list(state.products)[10:]:
        state.products.drop(product.id)
    local_polar.settle(state)
    assert sorted(product.name for product in state.products) == sorted(goods.name for goods in GOODS)


async def test_the_page_is_shown_the_public_shelf_in_the_shops_order_and_no_secrets() -> None:
    state = PolarState(config=settings.for_tests())
    account = local_polar.settle(state)
    async with serve(state) as url, httpx.AsyncClient() as http:
        shown = await Catalogue(http, polar_url=url, access_token=account.access_token).products()
        picture = await http.get(shown[0]["image_url"])
    assert [product["name"] for product in shown] == [goods.name for goods in SHELVED]
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text == pictures.picture_of(shown[0]["name"])
    text = msgspec.json.encode(shown).decode()
    for perk in (perk for goods in GOODS for perk in goods.perks if not perk.public):
        assert perk.description not in text
        assert perk.note not in text
