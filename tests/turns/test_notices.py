"""Messages at `notify_url`: of channels other than web and of escalated conversations, whoever writes; no others."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from agentpay.conversations.enums import CHANNELS
from agentpay.db.engine import Database
from agentpay.db.transaction import Params, Row, Tx
from tests.cast import LISTEN_SECONDS, Shop, Visitor
from tests.organizations.conftest import Inbox, inbox
from tests.turns.scripted import Scripted

__all__ = ["inbox"]  # the fixture

LOOK_SECONDS = 0.01
ELSEWHERE = [channel for channel in CHANNELS if channel != "web"]
GREETED = ("message.completed", "agent")
ASKED = ("message.created", "user")
REPLIED = ("message.completed", "agent")
STAFF = ("message.created", "staff")
SYSTEM = ("message.created", "system")
DUE = "update jobs set run_at = now() where kind = 'notify.send' and status = 'pending' and run_at > now()"


@dataclass
class Merchant:
    """Acme Candles with a server of its own that listens."""

    shop: Shop
    inbox: Inbox
    secret: str
    db: Database

    async def notices(self) -> list[Row]:
        """What was stored with the messages, in their order."""
        return await self.db.all(
            "select organization_id, conversation_id, type, data from notifications"
            " where type like 'message.%' order by id"
        )

    async def said(self) -> list[tuple[str, str]]:
        return [(row["type"], row["data"]["role"]) for row in await self.notices()]

    async def received(self, count: int) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """The first so many deliveries; each is verified."""
        async with asyncio.timeout(LISTEN_SECONDS):
            while len(self.inbox.received) < count:  # noqa: ASYNC110 (the inbox only keeps a list)
                await asyncio.sleep(LOOK_SECONDS)
        webhook = Webhook(self.secret)
        return [(headers, webhook.verify(body, headers)) for headers, body in self.inbox.received[:count]]

    async def answer(self, sam: Visitor, content: str = "We pour at dawn.") -> dict[str, Any]:
        body = {"role": "staff", "author_name": "Ann", "content": content}
        answer = await self.shop.post(f"{sam.base}/messages", body)
        assert answer.status_code == 201, answer.text
        message: dict[str, Any] = answer.json()
        return message

    async def handoff(self, sam: Visitor, action: str) -> None:
        answer = await self.shop.post(f"{sam.base}/handoff", {"action": action, "staff_name": "Ann"})
        assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture
async def merchant(candles: Shop, model: Scripted, inbox: Inbox, db: Database) -> Merchant:
    model.script = lambda _: ("Hello Sam!",)
    path = f"/v1/organizations/{candles.organization_id}"
    rotated = await candles.post(f"{path}/rotate", {"what": "notify"})
    assert (await candles.patch(path, {"notify_url": inbox.url})).status_code == 200
    return Merchant(candles, inbox, rotated.json()["secret"], db)


@pytest.mark.parametrize("channel", ELSEWHERE)
async def test_every_message_of_another_channel_is_told_as_in_the_stream(merchant: Merchant, channel: str) -> None:
    sam = await merchant.shop.visitor(channel=channel)
    await sam.say("hello")
    await merchant.answer(sam)
    assert await merchant.said() == [GREETED, ASKED, REPLIED, STAFF]
    for row in await merchant.notices():
        assert str(row["conversation_id"]) == row["data"]["conversation_id"] == sam.id
        assert row["organization_id"] == merchant.shop.organization_id


async def test_a_web_chat_is_told_only_while_a_person_has_it(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor()
    await sam.say("hello")
    await sam.post("/handoff", {"action": "request", "reason": "A question."})
    await sam.say("is anybody there?")
    assert await merchant.said() == [], "who was only asked for has not come"
    await merchant.handoff(sam, "take")
    assert (await sam.say("finally!"))["status"] == "handed_off"
    await merchant.answer(sam)
    assert await merchant.said() == [ASKED, STAFF]
    await merchant.handoff(sam, "release")
    await sam.say("thank you")
    assert await merchant.said() == [ASKED, STAFF]


async def test_the_message_by_which_a_person_takes_a_web_chat_is_told(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor()
    await merchant.answer(sam)
    assert await merchant.said() == [STAFF]


async def test_a_notice_holds_the_message_as_the_merchant_reads_it(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor(channel="api")
    turn = await sam.say("hello")
    await merchant.answer(sam)
    listed = (await merchant.shop.get(f"{sam.base}/messages")).json()["items"]
    told = {row["data"]["id"]: row["data"] for row in await merchant.notices()}
    assert [each["id"] for each in listed] == list(told)
    for message in listed:
        if message["role"] != "user":  # what a visitor means is found out after he was heard
            assert told[message["id"]] == message
    assert told[turn["reply"]["id"]]["llm_model"], "staff sees which model spoke"
    assert told[turn["message"]["id"]]["content"] == "hello"


async def test_notices_arrive_signed_and_again_until_they_are_taken(merchant: Merchant, candles: Shop) -> None:
    merchant.inbox.status = 500
    sam = await candles.visitor(channel="whatsapp")
    ((headers, greeting),) = await merchant.received(1)
    assert (greeting["type"], greeting["data"]["conversation_id"]) == ("message.completed", sam.id)
    merchant.inbox.status = 204
    async with asyncio.timeout(LISTEN_SECONDS):
        while not await merchant.db.run(DUE):  # noqa: ASYNC110 (the worker puts it off in the database)
            await asyncio.sleep(LOOK_SECONDS)
    candles.service.parts.doorbell.ring("jobs")
    _, (again, same) = await merchant.received(2)
    assert (again["webhook-id"], same) == (headers["webhook-id"], greeting)


async def test_our_own_messages_are_told_with_their_transaction_or_not_at_all(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor()
    await merchant.handoff(sam, "take")
    await system_message(merchant, sam)
    assert await merchant.said() == [SYSTEM]
    with pytest.raises(KeyError):
        await system_message(merchant, sam, fails=True)
    assert await merchant.said() == [SYSTEM]


async def test_a_web_chat_pays_no_statement_for_it(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor()
    assert await system_message(merchant, sam) == 2, "the message, its event"
    await merchant.handoff(sam, "take")
    assert await system_message(merchant, sam) > 2, "or nothing was counted"


async def test_nothing_is_stored_for_who_does_not_listen(merchant: Merchant) -> None:
    await merchant.shop.patch(f"/v1/organizations/{merchant.shop.organization_id}", {"notify_url": None})
    sam = await merchant.shop.visitor(channel="api")
    await sam.say("hello")
    assert await merchant.said() == []


async def test_who_was_erased_is_told_of_no_more(merchant: Merchant) -> None:
    sam = await merchant.shop.visitor(channel="api")
    await sam.say("hello")
    assert len(await merchant.said()) == 3
    assert (await sam.http.delete(sam.base, headers=sam.headers)).status_code == 204
    assert await merchant.said() == [], "what waits goes, too"
    await system_message(merchant, sam)
    assert await merchant.said() == []


class Counting(Tx):
    """The same transaction; counts its statements."""

    __slots__ = ("count",)

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx.connection)
        self.count = 0

    async def execute(self, sql: str, params: Params = None) -> int:
        self.count += 1
        return await super().execute(sql, params)

    async def one(self, sql: str, params: Params = None, *, row: type[Any] | None = None) -> Any:
        self.count += 1
        return await super().one(sql, params)

    async def all(self, sql: str, params: Params = None, *, row: type[Any] | None = None) -> Any:
        self.count += 1
        return await super().all(sql, params)


async def system_message(merchant: Merchant, sam: Visitor, *, fails: bool = False) -> int:
    """Say something of ours in Sam's conversation; how many statements it took."""
    async with merchant.db.transaction() as tx:
        counting = Counting(tx)
        await merchant.shop.service.parts.appender.system_message(
            counting,
            organization_id=merchant.shop.organization_id,
            conversation_id=UUID(sam.id),
            content="Your order has arrived.",
        )
        if fails:
            raise KeyError
    return counting.count
