"""`agentpay replay`: any past turn, from what is stored."""

import asyncio
import json
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from agentpay import cli
from agentpay.db.engine import Database
from agentpay.turns.prepared import digest
from agentpay.turns.replay import NotReplayable, replay
from tests.cast import Shop
from tests.turns.scripted import Scripted, call
from tests.turns.test_models import looked, product_id


async def haggled(candles: Shop, model: Scripted) -> UUID:
    sam = await looked(candles, model)
    model.script = lambda request: (
        ["See."]
        if any(entry.results for entry in request.messages)
        else ["Let me ask.", call("propose_price", product_id=product_id(request, "Lavender candle"))]
    )
    return UUID((await sam.say("can I get a discount on the lavender candle?"))["id"])


async def test_questions_and_decisions_come_out_the_same(candles: Shop, model: Scripted, db: Database) -> None:
    turn_id = await haggled(candles, model)
    again = await replay(db, turn_id=turn_id, specs=candles.service.parts.toolbox.specs)
    assert again.differences == []
    assert [(asked.step, asked.is_same) for asked in again.questions] == [(1, True), (2, True)]
    assert [digest(asked.request) for asked in again.questions] == [digest(asked) for asked in model.asked[-2:]]
    (decision,) = again.decisions
    assert decision.noted["type"] == "granted"


async def test_later_changes_change_nothing(candles: Shop, model: Scripted, db: Database) -> None:
    turn_id = await haggled(candles, model)
    rules = candles.agent["rules"] | {"max_discount_percent": 1}
    changed = {"rules": rules, "system_prompt": "Be someone else.", "name": "Flame"}
    assert (await candles.patch(f"/v1/agents/{candles.agent['id']}", changed)).status_code == 200
    assert (await replay(db, turn_id=turn_id, specs=candles.service.parts.toolbox.specs)).differences == []


async def test_differences_are_shown(candles: Shop, model: Scripted, db: Database) -> None:
    turn_id = await haggled(candles, model)
    await db.run("update messages set content = 'something else' where role = 'user'")
    await db.run(
        """update conversations set negotiation_history =
        jsonb_set(negotiation_history, '{0,engine,terms,amount}', '100')"""
    )
    again = await replay(db, turn_id=turn_id, specs=candles.service.parts.toolbox.specs)
    assert [line.split()[0] for line in again.differences] == ["question", "question", "decision"]


async def test_what_was_erased_cannot_be_replayed(candles: Shop, model: Scripted, db: Database) -> None:
    turn_id = await haggled(candles, model)
    conversation = await db.value("select conversation_id from turns where id = %s", [turn_id])
    assert (await candles.http.delete(f"/v1/agent/conversations/{conversation}", headers=candles.secret)).is_success
    with pytest.raises(NotReplayable):
        await replay(db, turn_id=turn_id, specs=candles.service.parts.toolbox.specs)


async def test_the_command_says_whether_it_comes_out_the_same(
    candles: Shop, model: Scripted, db: Database, database_url: str
) -> None:
    turn_id = await haggled(candles, model)
    environ = {"AGENTPAY_DATABASE_URL": database_url, "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode()}

    def replayed(*options: str) -> Result:
        return CliRunner(env=environ).invoke(cli.main, ["replay", str(turn_id), *options])

    same = await asyncio.to_thread(replayed)
    assert (same.exit_code, same.output.splitlines()[-1]) == (0, "no differences"), same.output
    assert "discount" not in same.output, "no visitor's word without --whole"
    whole = await asyncio.to_thread(replayed, "--whole")
    assert "can I get a discount on the lavender candle?" in whole.output
    await db.run("update messages set content = 'something else' where role = 'user'")
    other = await asyncio.to_thread(replayed, "--json")
    assert other.exit_code == 1
    assert [asked["is_same"] for asked in json.loads(other.output)["questions"]] == [False, False]
