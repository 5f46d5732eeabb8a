"""A person in charge silences the AI; giving back, pausing, closing, cancelling (API §§ 5–6)."""

from tests.cast import Shop


async def test_a_visitor_asks_for_a_person_and_the_ai_goes_on(acme: Shop) -> None:
    sam = await acme.visitor()
    asked = await sam.post("/handoff", {"action": "request", "reason": "I prefer people"})
    assert asked.status_code == 200
    assert asked.json()["handoff"]["state"] == "asked"
    assert asked.json()["status"] == "active"
    assert (await sam.say("hello?"))["status"] == "completed"
    assert (await sam.post("/handoff", {"action": "take"})).status_code == 403


async def test_a_person_takes_over_and_the_ai_is_silent_until_release(acme: Shop) -> None:
    sam = await acme.visitor()
    await sam.say("hello")
    async with sam.stream(last_event_id=(await sam.get()).json()["last_event_id"]) as stream:
        taken = await acme.post(f"{sam.base}/handoff", {"action": "take", "staff_name": "Ann"})
        assert (taken.json()["status"], taken.json()["handoff"]["staff_name"]) == ("escalated", "Ann")
        heard = await stream.until("conversation.updated", status="escalated")
        assert "message.delta" not in [event.name for event in heard]
    turn = await sam.say("are you there?")
    assert (turn["status"], turn["reason"], turn["reply"]) == ("handed_off", "taken", None)
    staff = await acme.post(
        f"{sam.base}/messages", {"content": "Yes, Ann here.", "role": "staff", "author_name": "Ann"}
    )
    assert (staff.status_code, staff.json()["role"], staff.json()["author_name"]) == (201, "staff", "Ann")
    await sam.say("and do you sell candles?")
    released = await acme.post(f"{sam.base}/handoff", {"action": "release"})
    assert released.json()["status"] == "active"
    async with sam.stream() as stream:
        pass
    items = (await sam.get("/messages", params={"limit": 50})).json()["items"]
    assert [m["content"] for m in items if m["role"] == "staff"] == ["Yes, Ann here."]


async def test_release_answers_the_last_unanswered_message(acme: Shop) -> None:
    sam = await acme.visitor()
    await acme.post(f"{sam.base}/handoff", {"action": "take", "staff_name": "Ann"})
    await sam.say("hello, anybody?")
    position = (await sam.get()).json()["last_event_id"]
    async with sam.stream(last_event_id=position) as stream:
        await acme.post(f"{sam.base}/handoff", {"action": "release"})
        heard = await stream.until("turn.completed")
    replies = [event.data for event in heard if event.name == "message.completed"]
    assert len(replies) == 1
    assert replies[0]["role"] == "agent"


async def test_staff_writing_takes_the_conversation(acme: Shop) -> None:
    sam = await acme.visitor()
    answer = await acme.post(f"{sam.base}/messages", {"content": "Hi Sam", "role": "staff", "author_name": "Ann"})
    assert answer.status_code == 201
    assert (await sam.get()).json()["status"] == "escalated"
    other = await acme.post(f"{sam.base}/handoff", {"action": "take", "staff_name": "Bob"})
    assert (other.status_code, other.json()["error"]) == (409, "HandoffTaken")


async def test_a_paused_conversation_stores_and_does_not_answer(acme: Shop) -> None:
    sam = await acme.visitor()
    assert (await acme.patch(sam.base, {"status": "paused"})).json()["status"] == "paused"
    turn = await sam.say("hello")
    assert (turn["status"], turn["reason"]) == ("handed_off", "paused")
    assert (await sam.http.patch(sam.base, json={"status": "active"}, headers=sam.headers)).status_code == 403
    assert (await acme.patch(sam.base, {"status": "active"})).json()["status"] == "active"


async def test_a_closed_conversation_can_be_read_and_not_written(acme: Shop) -> None:
    sam = await acme.visitor()
    assert (await acme.patch(sam.base, {"status": "closed"})).json()["status"] == "closed"
    said = await sam.post("/messages", {"content": "hi"})
    assert (said.status_code, said.json()["error"]) == (409, "ConversationClosed")
    patched = await sam.http.patch(sam.base, json={"context": {"a": 1}}, headers=sam.headers)
    assert patched.status_code == 409
    assert (await sam.get("/messages")).status_code == 200
    assert (await sam.get("/export")).status_code == 200
    again = await acme.visitor(previous_token=sam.token)
    assert again.conversation["session_id"] == sam.conversation["session_id"]
    assert again.id != sam.id


async def test_starting_over_closes_the_earlier_conversation(acme: Shop) -> None:
    sam = await acme.visitor()
    again = await acme.visitor(previous_token=sam.token)
    assert (await sam.get()).json()["status"] == "closed"
    assert again.conversation["session_id"] == sam.conversation["session_id"]
    sent = await acme.http.post("/v1/agent/conversations", json={"session_id": "mine"}, headers=acme.page)
    assert sent.status_code == 422


async def test_a_merchant_comes_back_to_a_session(acme: Shop) -> None:
    first = await acme.post("/v1/agent/conversations", {"session_id": "whatsapp:1", "channel": "whatsapp"})
    again = await acme.post("/v1/agent/conversations", {"session_id": "whatsapp:1", "channel": "whatsapp"})
    other = await acme.post("/v1/agent/conversations", {"session_id": "whatsapp:1", "channel": "sms"})
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 201]
    assert first.json()["conversation"]["id"] == again.json()["conversation"]["id"]
    assert first.json()["token"] != again.json()["token"]
    assert other.json()["conversation"]["id"] != first.json()["conversation"]["id"]


async def test_a_turn_that_has_ended_cannot_be_cancelled(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await sam.say("hello")
    cancelled = await sam.post(f"/turns/{turn['id']}/cancel")
    assert cancelled.json()["status"] == "completed"


async def test_erasing_leaves_nothing_to_read(acme: Shop) -> None:
    sam = await acme.visitor(context={"page_url": "http://localhost:3000/secret-page"})
    await sam.say("my name is Sam Canary")
    assert "Canary" in (await sam.get("/export")).text
    assert (await sam.http.delete(sam.base, headers=sam.headers)).status_code == 204
    assert (await sam.get("/messages")).status_code in (401, 404)
    assert (await acme.get(sam.base)).status_code == 404
    db = acme.service.parts.db
    tables = await db.all(
        "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
    )
    for table in tables:
        found = await db.value(
            f'select count(*) from "{table["tablename"]}" t'
            " where t::text like '%%Canary%%' or t::text like '%%secret-page%%'"
        )
        assert found == 0, table["tablename"]
