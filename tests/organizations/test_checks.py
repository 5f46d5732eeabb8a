"""What may be written down: origins as browsers send them, budgets that do not contradict each other."""

import pytest

from agentpay.kit.errors import Invalid
from agentpay.organizations import checks
from agentpay.organizations.schemas import Budget


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://acme.example", "https://acme.example"),
        ("https://ACME.example", "https://acme.example"),
        ("https://acme.example:443", "https://acme.example"),
        ("https://acme.example:8443", "https://acme.example:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://203.0.113.7", "https://203.0.113.7"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://shop.localhost:80", "http://shop.localhost"),
        ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written: str, sent: str) -> None:
    assert checks.origins([written]) == [sent]


@pytest.mark.parametrize(
    "written",
    [
        "", "null", "*", "acme.example", "//acme.example", "https://", "https://acme.example/", "https://acme.example/shop",
        "https://acme.example?x", "https://acme.example?", "https://acme.example#", "https://sam@acme.example",
        "https://*.acme.example", "http://acme.example", "http://127.evil.example", "http://localhost.evil.example",
        "ftp://acme.example", "chrome-extension://abc", "https://acme.example:99999", "https://acme .example",
        "https://acme.example\\", "https://-acme.example", "https://[::1", "https://acme.example\n", " https://acme.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as caught:
        checks.origins(["https://acme.example", written])
    assert caught.value.problems[0][1] == ("body", "allowed_origins", 1)


def test_origins_are_kept_once() -> None:
    assert checks.origins(["https://a.example", "https://A.example:443"]) == ["https://a.example"]


def budget(**changes: object) -> Budget:
    values = {"kind": "discount", "scope": "visitor", "period": "day", "currency": "usd", "amount": 5_000, **changes}
    return Budget(**values)  # type: ignore[arg-type] # by name


def test_budgets_of_different_things_stand_together() -> None:
    given = [
        budget(),
        budget(currency="eur"),
        budget(period="month"),
        budget(scope="organization"),
        budget(kind="model"),
    ]
    assert checks.budgets(given) == given


def test_two_budgets_of_one_thing_contradict_each_other() -> None:
    with pytest.raises(Invalid) as caught:
        checks.budgets([budget(), budget(amount=1)])
    assert caught.value.problems[0][1] == ("body", "budgets", 1)


def test_models_are_paid_in_micro_dollars() -> None:
    with pytest.raises(Invalid) as caught:
        checks.budgets([budget(kind="model", currency="eur")])
    assert caught.value.problems[0][1] == ("body", "budgets", 0, "currency")
