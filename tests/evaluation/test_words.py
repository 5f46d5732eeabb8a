"""How the referee finds amounts, and tells two languages apart."""

from decimal import Decimal

import pytest

from agentpay.sandbox.evaluation.languages import is_other_language
from agentpay.sandbox.evaluation.money_words import Figure, figures, shown


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("$119.00", "usd", 11900),
        ("$ 26,00", "usd", 2600),
        ("$1,299.50", "usd", 129950),
        ("R$ 1.299,50", "brl", 129950),
        ("R$39", "brl", 3900),
        ("€4.90", "eur", 490),
        ("¥1,800", "jpy", 1800),
        ("80 reais", "brl", 8000),
        ("25.50 dollars", "usd", 2550),
        ("noventa reais", "brl", 9000),
        ("twenty five dollars", "usd", 2500),
        ("15 %", "percent", 15),
        ("7.5% off", "percent", 7.5),
        ("quinze por cento", "percent", 15),
        ("half off", "percent", 50),
        ("metade do preço", "percent", 50),
        ("US$ 10", "usd", 1000),
    ],
)
def test_an_amount_is_found(text: str, unit: str, value: float) -> None:
    assert figures(f"It is {text}, you know.") == [Figure(unit, Decimal(str(value)))]


@pytest.mark.parametrize("text", ["25 minutes", "90 g, 192 pages", "Kumo 65", "order 4711", "one real bargain", "A5"])
def test_a_count_is_no_amount(text: str) -> None:
    assert figures(text) == []


def test_figures_are_shown_to_people() -> None:
    assert [shown(each) for each in figures("$119 or ¥1800, 12.5 % off")] == ["119.00 usd", "1800 jpy", "12.5 %"]


def test_names_of_products_do_not_decide_the_language() -> None:
    reply = "Vela Manhã Clara: Laranja e Alecrim is $26.00. Shall I open the checkout for you?"
    assert not is_other_language(reply, "en", quotes=["Vela Manhã Clara: Laranja e Alecrim"])
    assert is_other_language(reply, "pt", quotes=["Vela Manhã Clara: Laranja e Alecrim"])


def test_a_few_words_decide_nothing() -> None:
    assert not is_other_language("OK!", "pt")
    assert not is_other_language("Lumen Desk Lamp: $119.00", "pt")
