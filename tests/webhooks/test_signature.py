"""Polar's signatures: both key schemes, witnessed by published vectors and by the standardwebhooks package."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from agentpay.webhooks.signature import TOLERANCE_SECONDS, is_genuine

VECTORS = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())
BODY = b'{"type":"order.paid"}'
NOW = 1_795_429_075
SECRETS = ["whsec_" + base64.b64encode(bytes(range(32))).decode(), "whsec_ovyN6cPrTv56AApvzCaJno08SSmGJmgbWilb33N2JuK"]


def signed(secret: str, *, scheme: str, at: int = NOW, body: bytes = BODY, id: str = "msg_1") -> dict[str, Any]:
    signer = Webhook(secret) if scheme == "standard" else Webhook(secret.encode())
    signature = signer.sign(id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook_id": id, "timestamp": str(at), "signatures": signature, "body": body}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["scheme"][:10])
def test_published_vectors_verify(vector: dict[str, Any]) -> None:
    headers = vector["headers"]
    delivery = {
        "webhook_id": headers["webhook-id"],
        "timestamp": headers["webhook-timestamp"],
        "signatures": headers["webhook-signature"],
        "body": vector["body"].encode(),
        "now": vector["now_for_tolerance_check"],
    }
    assert is_genuine(secrets=[vector["secret"]], **delivery)
    assert not is_genuine(secrets=[vector["secret"]], **{**delivery, "body": delivery["body"] + b" "})


@pytest.mark.parametrize("scheme", ["standard", "legacy"])
def test_both_schemes_verify_and_a_second_secret_too(scheme: str) -> None:
    delivery = signed(SECRETS[0], scheme=scheme)
    assert is_genuine(secrets=["another", SECRETS[0]], **delivery, now=NOW)
    assert not is_genuine(secrets=["another"], **delivery, now=NOW)
    assert not is_genuine(secrets=[], **delivery, now=NOW)


def test_a_signature_is_bound_to_id_time_and_body() -> None:
    delivery = signed(SECRETS[0], scheme="standard")
    for change in ({"webhook_id": "msg_2"}, {"timestamp": str(NOW + 1)}, {"body": b"{}"}, {"signatures": "v1,AAAA"}):
        assert not is_genuine(secrets=SECRETS, **{**delivery, **change}, now=NOW)


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_old_and_future_attempts_are_refused(off: int) -> None:
    delivery = signed(SECRETS[0], scheme="standard")
    assert not is_genuine(secrets=SECRETS, **delivery, now=NOW + off)
    assert is_genuine(secrets=SECRETS, **delivery, now=NOW + off - off // abs(off))


def test_one_of_several_signatures_suffices() -> None:
    delivery = signed(SECRETS[0], scheme="standard")
    delivery["signatures"] = "v1a,xyz v1,AAAA " + delivery["signatures"]
    assert is_genuine(secrets=SECRETS, **delivery, now=NOW)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200), st.binary(max_size=60), st.text(max_size=60))
def test_nothing_that_is_sent_raises(
    webhook_id: str, timestamp: str, signatures: str, body: bytes, secret: str
) -> None:
    assert not is_genuine(
        secrets=[secret], webhook_id=webhook_id, timestamp=timestamp, signatures=signatures, body=body, now=NOW
    )
