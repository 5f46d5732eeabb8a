"""`mkdocs.yml` and its hooks. MkDocs itself is no dependency: `mkdocs build --strict` is a command."""

import importlib.util
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.docs.pages import ALL, ROOT

# Made by the hooks.
MADE = {"running.md", "figures.md", "reference.html"}


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_contents_name_every_page_once() -> None:
    named = sorted(paths_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    there = {str(page.relative_to(ROOT / "docs")) for page in ALL if page.is_relative_to(ROOT / "docs")}
    assert named == sorted(there | MADE)


def paths_of(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    for child in entry.values() if isinstance(entry, dict) else entry:
        yield from paths_of(child)


def test_links_are_as_the_site_needs_them(hooks: ModuleType) -> None:
    def on(path: str, text: str) -> str:
        made: str = hooks.rewritten(text, path=path)
        return made

    assert on("index.md", "[Run](../deploy/README.md#start)") == "[Run](running.md#start)"
    assert on("adr/0001-x.md", "[why](../security.md)") == "[why](../security.md)"
    assert on("running.md", "[model](../docs/security.md#attacks)") == "[model](security.md#attacks)"
    assert on("operator.md", "[figures](../deploy/prometheus/README.md)") == "[figures](figures.md)"
    assert on("running.md", "[figures](prometheus/README.md)") == "[figures](figures.md)"
    assert on("running.md", "[all](../.env.example)") == "all (`.env.example`)"
    assert on("operator.md", "[.env.example](../.env.example)") == "`.env.example`"
    assert on("index.md", "[map](../README.md)") == "map (`README.md`)"
    for left in ("[Polar](https://polar.sh)", "[below](#decisions)"):
        assert on("index.md", left) == left
