"""`agentpay conversation export | erase`: what the operator does for a person who asks."""

import json
import stat
from pathlib import Path
from uuid import uuid4

from tests.cast import Shop, Visitor
from tests.commands.conftest import Operator

CANARY = "my name is Sam and I love lavender"


async def sam(acme: Shop) -> Visitor:
    visitor = await acme.visitor()
    await visitor.say(CANARY)
    return visitor


async def test_everything_about_the_person_is_printed(acme: Shop, operator: Operator) -> None:
    visitor = await sam(acme)
    document = json.loads((await operator("conversation", "export", visitor.id)).out)
    assert document["conversation"]["id"] == visitor.id
    assert CANARY in [message["content"] for message in document["messages"]]


async def test_a_file_is_new_and_for_its_owner_alone(acme: Shop, operator: Operator, tmp_path: Path) -> None:
    visitor, file = await sam(acme), tmp_path / "sam.json"
    written = await operator("conversation", "export", visitor.id, "-o", str(file))
    assert written.code == 0
    assert f"Wrote {file}: " in written.out
    assert "messages" in written.out
    assert CANARY not in written.out
    assert CANARY in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = await operator("conversation", "export", visitor.id, "-o", str(file), "--json")
    assert (again.code, again.error) == (1, f"Error: {file} exists already.\n")
    nowhere = await operator("conversation", "export", visitor.id, "-o", str(tmp_path / "no" / "where"))
    assert "cannot be written" in nowhere.error
    said = await operator("conversation", "export", visitor.id, "-o", str(tmp_path / "other"), "--json")
    assert json.loads(said.out)["counts"]["messages"] >= 2


async def test_the_person_is_erased(acme: Shop, operator: Operator) -> None:
    visitor = await sam(acme)
    assert (await operator("conversation", "erase", visitor.id, "--yes")).out.startswith("The person is erased")
    assert (await visitor.get("/messages")).status_code == 404
    exported = await operator("conversation", "export", visitor.id)
    assert (exported.code, exported.out) == (1, "")
    assert "or it was erased" in exported.error
    again = await operator("conversation", "erase", visitor.id, "--yes", "--json")
    assert json.loads(again.out) == {"conversation_id": visitor.id, "erased": True}


async def test_nothing_is_erased_without_a_yes(acme: Shop, operator: Operator) -> None:
    visitor = await sam(acme)
    asked = await operator("conversation", "erase", visitor.id)
    assert (asked.code, asked.out) == (2, "")
    assert "--yes" in asked.error
    assert (await visitor.get("/messages")).status_code == 200


async def test_an_unknown_conversation_is_a_sentence(operator: Operator) -> None:
    unknown = str(uuid4())
    for command in (("export", unknown), ("erase", unknown, "--yes")):
        said = await operator("conversation", *command)
        assert said.code == 1
        assert said.error.startswith(f"Error: There is no conversation {unknown}")
