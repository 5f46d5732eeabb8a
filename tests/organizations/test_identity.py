"""Who vouches for a visitor: every way to forge or stretch a token ends at the same door."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpay.kit.errors import Invalid
from agentpay.organizations.identity import Identity, verify

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET, OLD_SECRET, RIVALS = "acme-identity-secret-of-32-bytes-", "acme-old-secret", "rival-secret"


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(claims: Any, *, secret: str = SECRET, header: Any = None, digest: Any = hashlib.sha256) -> str:
    body = f"{encoded({'alg': 'HS256', 'typ': 'JWT'} if header is None else header)}.{encoded(claims)}"
    return f"{body}.{encoded(hmac.new(secret.encode(), body.encode(), digest).digest())}"


def claims(**changes: Any) -> dict[str, Any]:
    made = {"sub": "sam", "exp": int((NOW + timedelta(hours=1)).timestamp()), **changes}
    return {name: value for name, value in made.items() if value is not ...}


def check(token: str) -> Identity:
    return verify(token, secrets=[SECRET, OLD_SECRET], now=NOW)


def test_a_signed_visitor_is_known() -> None:
    token = signed(claims(email="sam@example.com", name=" Sam\n Visitor ", plan="pro", iat=0))
    assert check(token) == Identity(sub="sam", email="sam@example.com", name="Sam Visitor")
    assert check(signed(claims())) == Identity(sub="sam")
    assert check(signed(claims(email=None, name=None))) == Identity(sub="sam")


def test_the_old_secret_counts_while_it_is_valid() -> None:
    assert check(signed(claims(), secret=OLD_SECRET)).sub == "sam"


def test_a_token_made_by_an_independent_library_is_read() -> None:
    assert check(jwt.encode(claims(), SECRET, algorithm="HS256")).sub == "sam"


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(), secret=RIVALS),
        signed(claims(), secret=""),
        signed(claims(), header={"alg": "none"}),
        f"{encoded({'alg': 'none'})}.{encoded(claims())}.",
        signed(claims(), header={"alg": "hs256"}),
        signed(claims(), header={"alg": "HS512"}, digest=hashlib.sha512),
        signed(claims(), header={"alg": "RS256"}),
        signed(claims(), header={"alg": ["HS256"]}),
        signed(claims(), header={}),
        signed(claims(), header=["HS256"]),
        signed(claims(), header=b"{"),
        signed(claims(), header={"alg": "HS256", "crit": ["b64"], "b64": False}),
        signed(claims(exp=...)),
        signed(claims(exp=None)),
        signed(claims(exp="4102444800")),
        signed(claims(exp=True)),
        signed(claims(exp=int(NOW.timestamp()))),
        signed(claims(exp=int(NOW.timestamp()) - 1)),
        signed(claims(exp=int((NOW + timedelta(hours=25)).timestamp()))),
        signed(claims(exp=10**400)),
        signed(claims(nbf=int((NOW + timedelta(hours=1)).timestamp()))),
        signed(claims(nbf="now")),
        signed(claims(sub=...)),
        signed(claims(sub="")),
        signed(claims(sub=7)),
        signed(claims(sub="s" * 256)),
        signed(claims(sub="sam\x00")),
        signed(claims(sub=" sam")),
        signed(claims(email="sam")),
        signed(claims(email=["sam@example.com"])),
        signed(claims(email="sam@example.com\n")),
        signed(claims(name=7)),
        signed(["sub", "sam"]),
        signed(b"\xff"),
        signed(b"[" * 3000),
        signed(claims(pad="x" * 4096)),
        signed(claims()) + "=",
        signed(claims()) + ".",
        signed(claims()).replace(".", "", 1),
        signed(claims())[:-2],
        " " + signed(claims()),
        "",
        "..",
        "a.b.c",
        "é.é.é",
    ],
)  # fmt: skip
def test_anything_else_is_refused_at_its_place(token: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(token)
    assert caught.value.problems[0][1] == ("body", "customer_token")
    assert "acme" not in str(caught.value)


def test_without_a_secret_nobody_is_known() -> None:
    with pytest.raises(Invalid):
        verify(signed(claims()), secrets=[], now=NOW)


def test_a_day_ahead_is_the_most_give_or_take_a_minute() -> None:
    day = int((NOW + timedelta(hours=24)).timestamp())
    assert check(signed(claims(exp=day))).sub == "sam"
    assert check(signed(claims(exp=day + 60))).sub == "sam"
    with pytest.raises(Invalid):
        check(signed(claims(exp=day + 61)))


@given(st.text(max_size=200), st.integers(min_value=0, max_value=400))
def test_no_tampering_passes(noise: str, place: int) -> None:
    good = signed(claims())
    place %= len(good)
    tampered = good[:place] + noise + good[place:]
    if noise:
        with pytest.raises(Invalid):
            check(tampered)
