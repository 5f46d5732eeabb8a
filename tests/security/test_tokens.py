"""Conversations are entered by proof only: tokens guessed, replayed, expired, revoked, fixed; forged identities."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt

from agentpay.db.engine import Database
from agentpay.kit import ids
from agentpay.kit.clock import utc_now
from tests.cast import ORIGIN
from tests.security.world import House


def signed(house: House, **claims: Any) -> str:
    now = int(utc_now().timestamp())
    return jwt.encode({"sub": "sam", "exp": now + 600, **claims}, house.identity_secret, algorithm="HS256")


async def test_ids_and_tokens_cannot_be_guessed(acme: House) -> None:
    """A token has 256 random bits and is no function of anything that is told; ids alone open nothing."""
    tokens = {(await acme.shop.visitor()).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) - len("ap_ct_") >= 43 for token in tokens)
    for guess in (acme.sam.id, f"ap_ct_{acme.sam.id}", "ap_ct_", f"ap_ct_{ids.new_secret('')}"):
        answer = await acme.http.get(acme.sam.base, headers={"Authorization": f"Bearer {guess}"})
        assert answer.status_code == 401


async def test_an_expired_or_revoked_token_opens_nothing(acme: House, open_database: Database) -> None:
    for column, value in (("expires_at", "now() - interval '1 second'"), ("revoked_at", "now()")):
        sam = await acme.shop.visitor()
        await open_database.run(
            f"update conversation_tokens set {column} = {value} where token_hash = %s", (ids.secret_hash(sam.token),)
        )
        assert (await sam.get()).status_code == 401
        # Nor does it lend its session to a new conversation.
        again = await acme.shop.visitor(previous_token=sam.token)
        assert again.conversation["session_id"] != sam.conversation["session_id"]


async def test_a_token_of_before_does_not_open_what_came_after(acme: House) -> None:
    """Starting over keeps the session and gives a new token; the old one still reads the old conversation, only."""
    before = await acme.shop.visitor()
    after = await acme.shop.visitor(previous_token=before.token)
    assert after.id != before.id
    assert (await after.http.get(after.base, headers=before.headers)).status_code == 404
    assert (await before.post("/messages", {"content": "hi"})).json()["error"] == "ConversationClosed"


async def test_nobody_chooses_the_session_of_a_visitor(acme: House) -> None:
    """Session fixation: a page can neither name a session nor bring a token that somebody else will hold."""
    body = {"session_id": acme.sam.conversation["session_id"]}
    refused = await acme.http.post("/v1/agent/conversations", json=body, headers=acme.shop.page)
    assert refused.status_code == 422
    planted = await acme.shop.visitor()  # the attacker's own, put into the victim's browser
    victim = await acme.shop.visitor(previous_token=planted.token, customer_token=signed(acme, sub="victim-1"))
    assert victim.token != planted.token
    assert (await victim.http.get(victim.base, headers=planted.headers)).status_code == 404


async def test_a_strangers_token_starts_a_session_of_its_own(acme: House, rival: House) -> None:
    mine = await rival.shop.visitor(previous_token=acme.sam.token)
    assert mine.conversation["session_id"] != acme.sam.conversation["session_id"]
    assert (await acme.sam.get()).json()["status"] != "closed"


async def test_a_start_that_is_replayed_gives_no_token_away(acme: House) -> None:
    headers = {**acme.shop.secret, "Idempotency-Key": "start-1"}
    first = await acme.http.post("/v1/agent/conversations", json={}, headers=headers)
    again = await acme.http.post("/v1/agent/conversations", json={}, headers=headers)
    assert first.json()["token"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "token" not in again.json()


async def test_a_bound_customer_stays_who_it_is(acme: House) -> None:
    sam = await acme.shop.visitor()
    assert (await sam.post("/identify", {"customer_token": signed(acme, sub="first")})).status_code == 200
    other = await sam.post("/identify", {"customer_token": signed(acme, sub="second")})
    assert (other.status_code, other.json()["error"]) == (409, "IdentityMismatch")


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    text = f"{part(header)}.{part(claims)}"
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def forgeries(acme: House, rival: House) -> dict[str, str]:
    now = int(utc_now().timestamp())
    claims = {"sub": "sam", "exp": now + 600}
    good = signed(acme)
    return {
        "none": f"{part({'alg': 'none'})}.{part(claims)}.",
        "none with the good signature": f"{part({'alg': 'none'})}.{part(claims)}.{good.rpartition('.')[2]}",
        "None in another spelling": by_hand({"alg": "nOnE"}, claims, acme.identity_secret),
        "another algorithm": jwt.encode(claims, acme.identity_secret, algorithm="HS512"),
        "a list of algorithms": by_hand({"alg": ["HS256", "none"]}, claims, acme.identity_secret),
        "a critical extension": by_hand({"alg": "HS256", "crit": ["b64"]}, claims, acme.identity_secret),
        "Rival's secret": jwt.encode(claims, rival.identity_secret, algorithm="HS256"),
        "an empty secret": by_hand({"alg": "HS256"}, claims, ""),
        "the publishable key as secret": by_hand({"alg": "HS256"}, claims, acme.shop.publishable_key),
        "expired": signed(acme, exp=now - 1),
        "far in the future": signed(acme, exp=now + 25 * 3600),
        "for ever": by_hand({"alg": "HS256"}, {"sub": "sam"}, acme.identity_secret),
        "infinite": by_hand({"alg": "HS256"}, {"sub": "sam", "exp": 1e400}, acme.identity_secret),
        "not yet": signed(acme, nbf=now + 3600),
        "another payload": ".".join((good.split(".")[0], part({**claims, "sub": "boss"}), good.split(".")[2])),
        "cut": good[:-2],
        "nobody": signed(acme, sub=""),
        "no text": by_hand({"alg": "HS256"}, {**claims, "sub": {"$ne": None}}, acme.identity_secret),
    }


async def test_no_forged_identity_is_believed(acme: House, rival: House) -> None:
    sam = await acme.shop.visitor()
    for name, token in forgeries(acme, rival).items():
        identified = await sam.post("/identify", {"customer_token": token})
        started = await acme.http.post(
            "/v1/agent/conversations", json={"customer_token": token}, headers=acme.shop.page
        )
        for answer in (identified, started):
            assert answer.status_code == 422, f"{name}: {answer.text}"
            assert answer.json()["detail"][0]["loc"] == ["body", "customer_token"], name
            assert token not in answer.text
    assert (await sam.get()).json()["external_customer_id"] is None


async def test_a_proof_finds_the_customers_own_conversation_only(acme: House, rival: House) -> None:
    mine = await acme.shop.visitor(customer_token=signed(acme, sub="carol"))
    back = await acme.shop.visitor(customer_token=signed(acme, sub="carol"))
    assert back.id == mine.id
    theirs = await rival.shop.visitor(customer_token=signed(rival, sub="carol"))
    assert theirs.id != mine.id


NOT_THE_CALLERS = (
    "id", "organization_id", "stage", "order_id", "agent_state", "external_customer_id", "message_count", "erased_at",
    "negotiation_history", "is_training",
)  # fmt: skip


async def test_a_field_that_is_not_the_callers_is_refused(acme: House) -> None:
    """Mass assignment: what is not in a schema is 422 and changes nothing, whoever sends it."""
    sam = await acme.shop.visitor()
    before = (await sam.http.get(sam.base, headers=acme.shop.secret)).json()
    for name in NOT_THE_CALLERS:
        for headers in (sam.headers, acme.shop.secret):
            refused = await sam.http.patch(sam.base, json={name: "x", "context": {"a": 1}}, headers=headers)
            assert refused.status_code == 422, name
        started = await acme.http.post("/v1/agent/conversations", json={name: "x"}, headers=acme.shop.page)
        assert started.status_code == 422, name
    assert (await sam.http.get(sam.base, headers=acme.shop.secret)).json() == before


async def test_a_visitor_does_not_speak_for_the_staff(acme: House) -> None:
    sam = await acme.shop.visitor()
    for path, body in (
        ("/messages", {"content": "hi", "role": "staff"}),
        ("/handoff", {"action": "take"}),
        ("/handoff", {"action": "release"}),
    ):
        assert (await sam.post(path, body)).status_code == 403
    for change in ({"metadata": {"vip": True}}, {"status": "closed"}):
        assert (await sam.http.patch(sam.base, json=change, headers=sam.headers)).status_code == 403
    unknown = await sam.post("/messages", {"content": "hi", "role": "agent"})
    assert unknown.status_code == 422


async def test_a_page_of_another_site_gets_nothing_with_a_good_token(acme: House) -> None:
    for origin in ("https://evil.example", "null", ORIGIN + "0", ORIGIN.replace("http:", "https:"), ORIGIN + "/"):
        answer = await acme.http.get(acme.sam.base, headers={**acme.sam.headers, "Origin": origin})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
