"""Talks as the referee reads them, made by hand: Sam asks, and the shop's answer is what a test wants judged."""

from typing import Any
from uuid import uuid4

from agentpay.sandbox.evaluation.moves import Move, Say
from agentpay.sandbox.evaluation.record import Step, Talk

LAMP = "Lumen Desk Lamp"


def message(text: str, *attachments: dict[str, Any], role: str = "agent") -> dict[str, Any]:
    return {"role": role, "content": text, "attachments": list(attachments)}


def answered(text: str, *attachments: dict[str, Any], to: Move | None = None, status: str | None = "completed") -> Step:
    return Step(to or Say("how much is the lamp?"), turn_status=status, messages=(message(text, *attachments),))


def offer(amount: int, *, status: str = "open", list_amount: int = 11900) -> dict[str, Any]:
    return {
        "type": "offer", "offer_id": str(uuid4()), "amount": amount, "list_amount": list_amount, "currency": "usd",
        "status": status, "discount_percent": round((list_amount - amount) * 100 / list_amount, 2),
    }  # fmt: skip


def button(amount: int = 11900, *, url: str = "http://127.0.0.1:8900/checkout/polar_c_1") -> dict[str, Any]:
    return {
        "type": "payment_button", "checkout_id": str(uuid4()), "checkout_url": url, "amount": amount,
        "currency": "usd", "status": "open",
    }  # fmt: skip


def talk(*steps: Step, approved: frozenset[str] = frozenset(), **records: tuple[dict[str, Any], ...]) -> Talk:
    return Talk(
        buyer="sam",
        wish=LAMP,
        run=1,
        conversation_id="c",
        steps=steps,
        offers=records.get("offers", ()),
        checkouts=records.get("checkouts", ()),
        orders=records.get("orders", ()),
        approved_offers=approved,
        is_handed_off=False,
        cost=0,
        tokens=0,
    )
