"""What goes by age: by each merchant's own retention, the silent after a day, the idle closed, old positions gone."""

from agentpay.db.engine import Database
from agentpay.privacy import retention
from agentpay.sandbox.stage import Stage
from tests.cast import Visitor
from tests.security.world import open_door


async def aged(db: Database, column: str, interval: str, *visitors: Visitor) -> None:
    ids = [visitor.id for visitor in visitors]
    await db.run(f"update conversations set {column} = now() - interval '{interval}' where id = any(%s)", (ids,))


async def test_each_merchants_own_retention_erases_by_age(theatre: Stage, db: Database) -> None:
    acme = await open_door(theatre, name="Acme Candles", retention_days=30)
    rival = await open_door(theatre, name="Rival Shop")
    young = await acme.shop.visitor()
    for visitor in (acme.sam, rival.sam, young):
        await visitor.say("hello")
    await aged(db, "last_message_at", "31 days", acme.sam, rival.sam)
    parts = theatre.service.parts
    assert await retention.erase_due(db, parts.appender, owner=parts.process_id) == 1
    rows = await db.all("select id::text, erased_at is not null as is_erased from conversations")
    assert {row["id"]: row["is_erased"] for row in rows} == {acme.sam.id: True, rival.sam.id: False, young.id: False}


async def test_who_never_wrote_is_forgotten_after_a_day(theatre: Stage, db: Database) -> None:
    acme = await open_door(theatre, name="Acme Candles")
    silent, fresh, talked = acme.sam, await acme.shop.visitor(), await acme.shop.visitor()
    await talked.say("hello")
    await aged(db, "created_at", "25 hours", silent, talked)
    parts = theatre.service.parts
    assert await retention.erase_due(db, parts.appender, owner=parts.process_id) == 1
    rows = await db.all("select id::text, erased_at is not null as is_erased from conversations")
    assert {row["id"]: row["is_erased"] for row in rows} == {silent.id: True, fresh.id: False, talked.id: False}


async def test_the_idle_are_closed_and_old_events_go(theatre: Stage, db: Database) -> None:
    sam = (await open_door(theatre, name="Acme Candles")).sam
    await sam.say("hello")
    await aged(db, "last_message_at", "31 days", sam)
    assert await retention.close_idle(db) == 1
    assert (await sam.get()).json()["status"] == "closed"
    refused = await sam.post("/messages", {"content": "hello?"})
    assert (refused.status_code, refused.json()["error"]) == (409, "ConversationClosed")
    await db.run("update events set created_at = now() - interval '8 days' where conversation_id = %s", (sam.id,))
    assert await retention.purge_events(db) > 0
    assert await db.value("select count(*) from events where conversation_id = %s", (sam.id,)) == 0
