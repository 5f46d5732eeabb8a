"""A person comes in: by the merchant's rule, by request, because the AI failed; and what the AI knows afterwards."""

from typing import Any

import pytest

from agentpay.llm.types import Request
from agentpay.sandbox.stage import Stage
from agentpay.turns import escalate
from tests.cast import Shop, Visitor
from tests.turns.scripted import Line, Scripted


async def handoff(sam: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = (await sam.get()).json()["handoff"]
    return found


async def hire(shop: Shop, **fields: Any) -> None:
    assert (await shop.patch(f"/v1/agents/{shop.agent['id']}", fields)).status_code == 200


async def test_a_long_conversation_asks_for_a_person_once_and_again_after_release(acme: Shop) -> None:
    await hire(acme, rules={"auto_escalate_after_messages": 2})
    sam = await acme.visitor()
    await sam.say("hello")
    assert (await handoff(sam))["state"] == "none"
    turn = await sam.say("hello again")
    assert (turn["status"], (await handoff(sam))["state"]) == ("completed", "asked"), "the AI goes on"
    await sam.say("hello?")
    asked = "select count(*) from handoffs"
    assert await acme.service.parts.db.value(asked) == 1
    await acme.post(f"{sam.base}/handoff", {"action": "release"})
    await sam.say("hello")
    assert (await handoff(sam))["state"] == "none", "counted from the release on"
    await sam.say("hello again")
    assert (await handoff(sam))["state"] == "asked"
    assert await acme.service.parts.db.value(asked) == 2


async def test_a_rule_that_is_null_asks_for_nobody(acme: Shop) -> None:
    await hire(acme, rules={"auto_escalate_after_messages": None})
    sam = await acme.visitor()
    for _ in range(3):
        await sam.say("hello")
    assert (await handoff(sam))["state"] == "none"


async def test_who_asks_the_agent_for_a_person_gets_one_asked(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await sam.say("I want to talk to a human, please")
    assert (turn["status"], turn["reply"]["action"]) == ("completed", "escalate")
    assert (await handoff(sam))["state"] == "asked"
    assert await acme.service.parts.db.value("select asked_by from handoffs") == "agent"


def broken(_: Request) -> tuple[Line, ...]:
    raise LookupError("a bug of ours")


async def test_turns_that_fail_one_after_another_ask_for_a_person(
    candles: Shop, model: Scripted, theatre: Stage
) -> None:
    model.script = broken
    sam = await candles.visitor()
    first = await sam.say("hello there")
    assert (first["status"], first["reason"]) == ("failed", "error")
    assert "ask for a person" in first["reply"]["content"]
    assert (await handoff(sam))["state"] == "none", "once is an accident"
    await sam.say("hello there")
    assert await handoff(sam) | {"asked_at": None} == {
        "state": "asked", "reason": escalate.FAILED, "staff_name": None, "asked_at": None, "taken_at": None,
    }  # fmt: skip
    assert await theatre.service.parts.db.value("select asked_by from handoffs") == "rule"


async def test_a_turn_that_went_well_in_between_ends_the_row(candles: Shop, model: Scripted) -> None:
    sam = await candles.visitor()
    for script in (broken, lambda _: ("Hello Sam!",), broken):
        model.script = script
        await sam.say("hello there")
    assert (await handoff(sam))["state"] == "none"


@pytest.mark.parametrize(("hands_off", "state"), [(True, "asked"), (False, "none")])
async def test_who_was_not_helped_four_times_in_a_row_gets_a_person_asked(
    acme: Shop, hands_off: bool, state: str
) -> None:
    await hire(acme, tools={"human_handoff": hands_off})
    sam = await acme.visitor()
    for wish in ("flurbl", "gnarf", "wumple", "zork"):
        assert (await handoff(sam))["state"] == "none", f"before {wish}"
        await sam.say(f"do you have any {wish}?")
    assert (await handoff(sam))["state"] == state


async def test_the_ai_takes_up_again_with_what_the_person_said(candles: Shop, model: Scripted) -> None:
    model.script = [("Hello Sam!",), ("As Ann said, tomorrow.",)]
    sam = await candles.visitor()
    await sam.say("hello there")
    await candles.post(
        f"{sam.base}/messages", {"content": "We pour candles at dawn.", "role": "staff", "author_name": "Ann"}
    )
    await sam.say("and when is that?")
    async with sam.stream(last_event_id=(await sam.get()).json()["last_event_id"]) as stream:
        await candles.post(f"{sam.base}/handoff", {"action": "release"})
        await stream.until("turn.completed")
    assert "We pour candles at dawn." in str(model.asked[-1].messages)
    assert "and when is that?" in str(model.asked[-1].messages)
    items = (await sam.get("/messages")).json()["items"]
    assert [item["role"] for item in items] == ["agent", "user", "agent", "staff", "user", "agent"]
