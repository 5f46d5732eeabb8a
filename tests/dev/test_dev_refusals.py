"""What keeps `dev` from starting is said in one sentence, with an exit code that is not zero."""

from pathlib import Path

import pytest

from tests.dev.process import agentpay, folder


def refused(*arguments: str, **env: str) -> str:
    with folder() as var:
        ended = agentpay("dev", "--var", str(var), "--port", "0", *arguments, env=env)
    return sentence(ended.code, ended.error)


def sentence(code: int, error: str) -> str:
    assert code != 0
    assert error.startswith("Error: ")
    assert error.count("\n") == 1, error
    return error


def test_a_base_url_of_polar_without_a_token() -> None:
    assert "AGENTPAY_POLAR_ACCESS_TOKEN must be set" in refused(AGENTPAY_POLAR_BASE_URL="https://polar.example")


def test_a_misspelt_setting() -> None:
    assert "did you mean AGENTPAY_LOG_LEVEL?" in refused(AGENTPAY_LOG_LEVLE="debug")


def test_a_database_of_ones_own_that_does_not_answer() -> None:
    error = refused(AGENTPAY_DATABASE_URL="postgresql://somebody:hunter2@127.0.0.1:9/none")
    assert "The database cannot be reached" in error
    assert "hunter2" not in error


def test_a_reset_does_not_touch_a_database_of_ones_own() -> None:
    assert "--reset" in refused("--reset", AGENTPAY_DATABASE_URL="postgresql://127.0.0.1:9/none")


@pytest.mark.parametrize("damage", ["a version of another age", "a file in the way", "something that is no database"])
def test_a_broken_data_folder_and_the_way_out(damage: str) -> None:
    with folder() as var:
        data = var / "postgres" / "data"
        data.parent.mkdir(parents=True)
        var.chmod(0o711)
        data.parent.chmod(0o711)
        break_it(data, damage)
        ended = agentpay("dev", "--var", str(var), "--port", "0")
    assert "--reset" in sentence(ended.code, ended.error)


def break_it(data: Path, damage: str) -> None:
    if damage == "a file in the way":
        data.write_text("not a folder")
        return
    data.mkdir()
    name = "PG_VERSION" if damage == "a version of another age" else "letter.txt"
    (data / name).write_text("9.4\n")
