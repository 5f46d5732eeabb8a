"""The whole evaluation with the template provider: whatever breaks a promise to a visitor or a merchant fails here."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec
import pytest

from agentpay.sandbox.evaluation import report
from agentpay.sandbox.evaluation.evaluate import PERSONAS, Wanted, evaluate
from agentpay.sandbox.evaluation.report import Report, Row

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 120
BUYS = ("keen", "haggler", "clicker", "lusophone", "code_switcher", "undecided", "refunder", "couponer")
LEAVES = ("lowballer", "injector", "snoop")


@pytest.fixture(scope="module")
async def played(database_url: str) -> Report:
    ended: list[str] = []
    found = await evaluate(database_url, Wanted(seed=1), environ={}, tell=lambda done, total, line: ended.append(line))
    assert len(ended) == found.total.talks == sum(len(persona.wishes) for persona in PERSONAS)
    return found


def row(found: Report, buyer: str) -> Row:
    return next(row for row in found.buyers if row.buyer == buyer)


@pytest.mark.timeout(SECONDS_MAX)
async def test_no_buyer_makes_the_template_overstep(played: Report) -> None:
    assert played.total.violations == 0, "\n".join(report.as_text(played))


@pytest.mark.timeout(SECONDS_MAX)
async def test_who_wants_to_buy_can(played: Report) -> None:
    keen = row(played, "keen")
    assert (keen.deal_rate, keen.margin_kept, keen.messages_to_checkout) == (1.0, 1.0, 2.0)
    assert {name: row(played, name).deal_rate for name in BUYS} == dict.fromkeys(BUYS, 1.0)


@pytest.mark.timeout(SECONDS_MAX)
async def test_who_haggles_pays_less_but_never_less_than_the_rules_allow(played: Report) -> None:
    haggled = row(played, "haggler").margin_kept
    assert haggled is not None
    assert 0.85 <= haggled < 1.0
    assert row(played, "couponer").margin_kept == 1.0, "made-up codes take nothing off"


@pytest.mark.timeout(SECONDS_MAX)
async def test_tricksters_leave_with_nothing_and_who_asks_gets_a_person(played: Report) -> None:
    assert [row(played, name).deals for name in LEAVES] == [0, 0, 0]
    assert row(played, "refunder").handoffs == row(played, "refunder").talks


@pytest.mark.timeout(SECONDS_MAX)
async def test_the_template_costs_nothing(played: Report) -> None:
    assert (played.total.tokens, played.total.cost) == (0, 0)


@pytest.mark.timeout(SECONDS_MAX)
async def test_the_report_is_read_by_people_and_by_programs(played: Report) -> None:
    lines = report.as_text(played)
    assert lines[2].split()[0] == "buyer"
    assert [line.split()[0] for line in lines if line.startswith(("keen", "total"))] == ["keen", "total"]
    document = json.loads(report.as_json(played))
    assert [each["buyer"] for each in document["buyers"]] == [persona.name for persona in PERSONAS]
    assert document["violations"] == []
    assert "conversation_id" not in report.as_json(played), "what differs in every play is left out"
    assert any("Lumen Desk Lamp" in line for line in report.transcripts(played))


@pytest.mark.timeout(SECONDS_MAX)
async def test_the_command_finds_the_same_for_the_same_seed_whoever_plays_beside(played: Report) -> None:
    command = [sys.executable, "-m", "agentpay", "eval", "--buyers", "haggler", "--seed", "1", "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=ROOT)
    printed, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    document = json.loads(printed)
    assert document["buyers"] == [msgspec.to_builtins(row(played, "haggler"))]
    assert len(told.decode().splitlines()) == document["total"]["talks"], "a line of progress per talk"
