"""The threat model is kept true: the tests that it names exist, and its boundaries are those of the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "security.md").read_text()
CALLERS = {"polar/client.py", "egress.py"}
CLIENTS = {"httpx", "requests", "urllib.request", "http.client", "aiohttp"}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MODEL)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_threat_model_names_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert name in {function.name for function in functions}


def test_every_attack_names_its_test() -> None:
    attacks = MODEL.partition("## Attacks")[2].partition("## What is left")[0]
    rows = [line for line in attacks.splitlines() if line.startswith("|") and not line.startswith(("| attack", "|---"))]
    assert len(rows) > 45
    assert not [row for row in rows if "::test_" not in row]


def test_code_that_the_threat_model_names_exists() -> None:
    for name in set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", MODEL)) - {"schemas.py"}:
        assert any((root / name).exists() for root in (ROOT, ROOT / "agentpay")), name


def test_only_two_modules_can_call_out() -> None:
    """Images and knowledge URLs are never fetched: nothing that handles them could. Models have their own client.

    Commands that an operator types (`doctor`, `admin_client`) call out from their shell; no server imports them.
    """
    package = ROOT / "agentpay"
    found = set()
    for path in package.rglob("*.py"):
        place = path.relative_to(package).as_posix()
        if place.startswith(("sandbox/", "llm/", "doctor/")) or place in {"admin_client.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(name in CLIENTS or name.partition(".")[0] in CLIENTS for name in names):
                found.add(place)
    assert found == CALLERS


def test_no_server_imports_what_an_operator_types() -> None:
    """`doctor` stands above everything that serves: whoever serves cannot import it."""
    import configparser

    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    ladder = [line.strip() for line in contracts["importlinter:contract:ladder"]["layers"].strip().splitlines()]
    rung = {name.strip(): number for number, line in enumerate(ladder) for name in line.split("|")}
    assert max(rung["doctor"], rung["admin_client"]) < min(rung["serve"], rung["app"], rung["worker"])
