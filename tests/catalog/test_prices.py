from typing import Any

import pytest

from agentpay.catalog import currencies, prices
from agentpay.catalog.price_text import price_text
from tests.catalog.goods import custom, fixed, goods, metered, price, product, read, seats

MONTHLY = {"recurring_interval": "month"}
UNITS = price(
    "unit_based",
    tiers={"type": "graduated", "tiers": [{"bound": 10, "unit_amount": "100"}, {"bound": None, "unit_amount": "50.5"}]},
    minimum_units=12,
    maximum_units=None,
    unit_label={"en": {"=1": "page", "other": "pages"}},
)

TEXTS: list[tuple[list[dict[str, Any]], dict[str, Any], str, str]] = [
    ([fixed(9500)], {}, "$95.00", "$ 95,00"),
    ([fixed(0)], {}, "free", "grátis"),
    ([fixed(2900)], MONTHLY, "$29.00 per month", "$ 29,00 por mês"),
    ([fixed(0)], MONTHLY, "free", "grátis"),
    (
        [fixed(2900)],
        {"recurring_interval": "month", "recurring_interval_count": 3},
        "$29.00 every 3 months",
        "$ 29,00 a cada 3 meses",
    ),
    (
        [fixed(2900)],
        MONTHLY | {"trial_interval": "day", "trial_interval_count": 7},
        "7 days free, then $29.00 per month",
        "7 dias grátis, depois $ 29,00 por mês",
    ),
    (
        [fixed(29000)],
        {"recurring_interval": "year", "trial_interval": "month", "trial_interval_count": 1},
        "1 month free, then $290.00 per year",
        "1 mês grátis, depois $ 290,00 por ano",
    ),
    ([seats((1, None, 1000))], {}, "$10.00 per seat", "$ 10,00 por assento"),
    (
        [seats((1, 9, 1000), (10, None, 700))],
        MONTHLY,
        "from $7.00 per seat per month",
        "a partir de $ 7,00 por assento por mês",
    ),
    (
        [seats((1, None, 1000), minimum=5)],
        {},
        "$10.00 per seat, at least 5 seats",
        "$ 10,00 por assento, no mínimo 5 assentos",
    ),
    (
        [fixed(10000), seats((1, None, 1000))],
        MONTHLY,
        "$100.00 plus $10.00 per seat per month",
        "$ 100,00 mais $ 10,00 por assento por mês",
    ),
    ([custom()], {}, "pay what you want", "pague quanto quiser"),
    (
        [custom(500, 1000)],
        {},
        "pay what you want, from $5.00 (suggested $10.00)",
        "pague quanto quiser, a partir de $ 5,00 (sugerido: $ 10,00)",
    ),
    ([UNITS], {}, "from $0.505 per page, at least 12 pages", "a partir de $ 0,505 por page, no mínimo 12 pages"),
    (
        [metered("2")],
        MONTHLY,
        "$0.02 per unit (API calls), billed per month",
        "$ 0,02 por unidade (API calls), cobrado por mês",
    ),
    (
        [fixed(1900), metered("0.05", label="token", cap=5000)],
        MONTHLY,
        "$19.00 per month, plus $0.0005 per token, at most $50.00",
        "$ 19,00 por mês, mais $ 0,0005 por token, no máximo $ 50,00",
    ),
    ([fixed(0), metered("2", label="call")], {}, "$0.02 per call", "$ 0,02 por call"),
]


@pytest.mark.parametrize(("listed", "terms", "english", "portuguese"), TEXTS)
def test_a_price_is_put_into_words_with_all_its_terms(
    listed: list[dict[str, Any]], terms: dict[str, Any], english: str, portuguese: str
) -> None:
    candle = product("Focus Candle", *listed, **terms)
    assert price_text(candle, currency="usd") == english
    assert price_text(candle, currency="usd", language="pt") == portuguese


def test_prices_are_written_the_way_each_currency_is_written() -> None:
    candle = product(
        "Focus Candle", fixed(4990, "brl"), fixed(500, "jpy"), fixed(123_456_700, "eur"), fixed(9500, "pln")
    )
    assert price_text(candle, currency="brl") == "R$ 49,90"
    assert price_text(candle, currency="jpy") == "¥500"
    assert price_text(candle, currency="eur") == "€1,234,567.00"
    assert price_text(candle, currency="pln") == "95.00 PLN"
    assert price_text(candle, currency="usd") == ""


def test_the_smallest_purchase_is_what_a_card_shows() -> None:
    def amount(*listed: dict[str, Any]) -> int | None:
        facts = prices.price_facts(product("Focus Candle", *listed), currency="usd")
        assert facts is not None
        return facts.amount

    assert amount(fixed(9500)) == 9500
    assert amount(custom(500, 1000)) == 500
    assert amount(seats((1, 4, 1000), (5, None, 700), minimum=5)) == 3500
    assert amount(seats((1, 4, 1000), (5, None, 700), minimum=6, kind="graduated")) == 4 * 1000 + 2 * 700
    assert amount(fixed(10000), seats((1, None, 1000), minimum=2)) == 12000
    assert amount(UNITS) == 10 * 100 + 2 * 50 + 1
    assert amount(fixed(1900), metered("2")) == 1900
    assert amount(metered("2")) is None


def test_only_one_fixed_price_can_carry_a_discount() -> None:
    def carries(*listed: dict[str, Any], **terms: Any) -> bool:
        facts = prices.price_facts(product("Focus Candle", *listed, **terms), currency="usd")
        assert facts is not None
        return facts.carries_discount

    assert carries(fixed(9500))
    assert carries(fixed(2900), **MONTHLY)
    assert not carries(fixed(0))
    assert not carries(custom(500))
    assert not carries(seats((1, None, 1000)))
    assert not carries(fixed(1000), seats((1, None, 1000)))
    assert not carries(fixed(1000), metered("2"))


def test_facts_name_the_price_only_where_there_is_exactly_one() -> None:
    candle = product("Focus Candle", fixed(9500), fixed(8900, "eur"))
    facts = prices.price_facts(candle, currency="eur")
    assert facts is not None
    assert (facts.amount, facts.currency, facts.static_prices) == (8900, "eur", 1)
    assert facts.price_id == candle.prices[1].id
    both = prices.price_facts(product("Plan", fixed(10000), seats((1, None, 1000))), currency="usd")
    assert both is not None
    assert both.price_id is None


def test_a_currency_with_a_price_of_unknown_kind_is_not_offered() -> None:
    candle = product("Focus Candle", fixed(9500), price("auction", "eur"))
    assert prices.price_facts(candle, currency="eur") is None
    assert prices.smallest_amounts(candle) == {"usd": 9500}


def test_the_fingerprint_changes_exactly_with_the_prices() -> None:
    before = goods("Focus Candle", fixed(9500), fixed(8900, "eur"))
    assert prices.fingerprint(read(before)) == prices.fingerprint(read(before | {"name": "Calm Candle"}))
    assert prices.fingerprint(read(before)) == prices.fingerprint(read(before | {"prices": before["prices"][::-1]}))
    dearer = before | {"prices": [fixed(9900), fixed(8900, "eur")]}
    assert prices.fingerprint(read(before)) != prices.fingerprint(read(dearer))
    same_id = before | {"prices": [before["prices"][0] | {"price_amount": 9900}, before["prices"][1]]}
    assert prices.fingerprint(read(before)) != prices.fingerprint(read(same_id))


@pytest.mark.parametrize(
    ("context", "country", "expected"),
    [
        ({"currency": "BRL"}, None, "brl"),
        ({"currency": "money"}, None, "usd"),
        ({"currency": 5, "locale": "pt-BR"}, None, "brl"),
        ({"locale": "en_GB.UTF-8"}, None, "gbp"),
        ({"locale": "zh-Hant-TW"}, None, "twd"),
        ({"locale": "pt"}, None, "usd"),
        ({"locale": ["pt-BR"]}, None, "usd"),
        ({"locale": "pt-BR"}, "PT", "eur"),
        ({}, "ZZ", "usd"),
    ],
)
def test_a_visitor_is_quoted_in_the_currency_that_the_page_or_the_country_suggests(
    context: dict[str, Any], country: str | None, expected: str
) -> None:
    assert currencies.visitor_currency(context=context, country=country, default="usd") == expected


def test_a_product_is_quoted_in_a_currency_that_it_has() -> None:
    candle = product("Focus Candle", fixed(9500), fixed(8900, "eur"))
    assert currencies.product_currency(candle, wanted="eur", default="usd") == "eur"
    assert currencies.product_currency(candle, wanted="brl", default="usd") == "usd"
    assert currencies.product_currency(candle, wanted="brl", default="gbp") == "usd"
    assert currencies.product_currency(product("Nothing", price("auction")), wanted="usd", default="usd") is None
