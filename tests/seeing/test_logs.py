"""What a process writes: JSON for machines, lines for people, whose each line is, and nothing that anybody said."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.databases import own_database
from tests.seeing.conftest import ADDRESS, CANARY

ROOT = Path(__file__).parents[2]
VISIT = """
import asyncio, logging, sys
from agentpay.sandbox.stage import staged
from tests.seeing.conftest import CANARY, opened_shop, script, walk_through
from tests.turns.scripted import Scripted

async def main(url, format):
    environ = {"AGENTPAY_LOG_LEVEL": "debug", "AGENTPAY_LOG_FORMAT": format}
    async with staged(url, providers={"anthropic": Scripted(script)}, environ=environ) as found:
        await walk_through(found, await opened_shop(found))
        try:
            raise ValueError(CANARY)
        except ValueError:
            logging.getLogger("wax").exception("%s melted", CANARY)
            logging.getLogger("wax").info("nobody asked")

asyncio.run(main(*sys.argv[1:]))
"""


def said(url: str, *, format: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", VISIT, url, format]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=ROOT, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


@pytest.fixture(scope="module")
def lines(database_url: str) -> list[dict[str, Any]]:
    """`auto`, where nobody looks at a terminal: each line is a JSON object, or this fails."""
    return [json.loads(line) for line in said(own_database(database_url, "logs"), format="auto").splitlines()]


def of(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    found = [line for line in lines if line["event"] == event]
    assert found, f"no {event} among {sorted({line['event'] for line in lines})}"
    return found


def test_every_line_has_a_time_a_level_and_an_event(lines: list[dict[str, Any]]) -> None:
    assert all({"timestamp", "level", "event"} <= set(line) for line in lines)


def test_a_turn_says_whose_it_is_and_which_request_asked_for_it(lines: list[dict[str, Any]]) -> None:
    for line in of(lines, "turn.completed"):
        assert {"request_id", "turn_id", "organization_id", "conversation_id", "provider", "seconds"} <= set(line)
    assert len({line["turn_id"] for line in of(lines, "turn.completed")}) == len(of(lines, "turn.completed"))


def test_what_happens_inside_of_a_turn_says_so_too(lines: list[dict[str, Any]]) -> None:
    stopped, proposed = of(lines, "guard.stopped")[0], of(lines, "offer.proposed")[0]
    assert {stopped["turn_id"], proposed["turn_id"]} <= {line["turn_id"] for line in of(lines, "turn.completed")}
    assert proposed["organization_id"] == of(lines, "organization.registered")[0]["organization_id"]


def test_jobs_and_webhooks_say_whose_they_are(lines: list[dict[str, Any]]) -> None:
    organization_id = of(lines, "organization.registered")[0]["organization_id"]
    paid = of(lines, "order.paid")[0]
    assert paid["organization_id"] == organization_id
    assert paid["delivery_type"].startswith("order.")
    synced = of(lines, "catalog.synced")[0]
    assert (synced["job"], synced["organization_id"]) == ("catalog.sync", organization_id)


def test_what_a_library_says_goes_the_same_way_without_what_it_put_in(lines: list[dict[str, Any]]) -> None:
    [line] = of(lines, "library.said")
    assert (line["logger"], line["level"], line["said"], line["error"]) == ("wax", "error", "%s melted", "ValueError")


def test_no_line_holds_what_anybody_said_or_who_he_is(lines: list[dict[str, Any]]) -> None:
    everything = json.dumps(lines)
    for word in (CANARY, ADDRESS, "too cheap", "ap_ct_", "ap_sk_", "ap_pk_", "whsec_"):
        assert word not in everything


def test_people_read_lines(database_url: str) -> None:
    text = said(own_database(database_url, "console"), format="console")
    assert "turn.completed" in text
    assert not any(line.startswith("{") for line in text.splitlines())
    assert CANARY not in text
