"""What a page names is there: pages and headings behind links, files, settings, metrics, routes, commands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentpay import settings
from agentpay.cli import main
from agentpay.metrics import Metrics
from tests.docs.pages import ALL, PAGES, ROOT, all_blocks, anchors_of, blocks_of, links_of, named_in

FOLDERS = ("agentpay", "benchmarks", "deploy", "docs", "migrations", "requirements", "tests")
FILE = r"(?!/)[\w.{}/-]*\w\.(?:py|md|sql|json|yaml|yml|txt|toml|html|css)"
# Made by whoever runs a sample or a service.
MADE = {"var/dev.json", "dev.json"}
NOT_IN_THE_CONTRACT = {"/openapi.json", "/docs", "/widget.js"}
ROUTE = r"(?:(?:GET|POST|PATCH|PUT|DELETE)[/, ]*)+ ?(?:/[\w{}./-]*)(?:\?[\w=&.-]*)?"


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", ALL, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        if re.match(r"https://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


def test_every_page_is_reached_from_the_first_one() -> None:
    seen, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links_of(page) if link[0] != "#"]
    assert {page for page in ALL if page.is_relative_to(ROOT / "docs")} <= seen


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Every file, by all the endings of its path: pages name `check.py` and mean the one they speak of."""
    paths = [path.name for path in ROOT.iterdir()]
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.*"):
            parts = path.relative_to(ROOT).parts
            paths += ["/".join(parts[start:]) for start in range(len(parts))]
    return set(paths)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_file_that_is_named_exists(page: Path, files: set[str]) -> None:
    samples = {block.marks["file"] for block in all_blocks() if "file" in block.marks}
    named = set(named_in(page, FILE)) - MADE - samples
    assert named <= files, named - files


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {settings.variable(name) for name in settings.Settings.__struct_fields__}
    named = set(re.findall(r"AGENTPAY_[A-Z_]*[A-Z]", page.read_text()))
    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_metric_that_is_named_exists(page: Path) -> None:
    families = {family.name for family in Metrics().registry.collect()}
    for name in named_in(page, r"agentpay_[a-z_]+(?:\{.*\})?"):
        family = name.partition("{")[0]
        assert family in families or family.removesuffix("_total") in families, name


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_route_that_is_named_is_in_the_contract(page: Path, contract: dict[str, Any]) -> None:
    known = {(method, shape(path)) for path, methods in contract["paths"].items() for method in methods}
    known |= {("get", path) for path in NOT_IN_THE_CONTRACT}
    for route in named_in(page, ROUTE):
        for method, path in calls_of(route):
            assert (method, path) in known, route


def calls_of(route: str) -> Iterator[tuple[str, str]]:
    methods, slash, path = re.fullmatch(r"([A-Z/, ]+?) ?(/)(.*)", route).groups()  # type: ignore[union-attr] # it fits ROUTE
    for method in re.findall(r"[A-Z]+", methods):
        yield method.lower(), shape(slash + path)


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0])


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_that_is_named_exists(page: Path) -> None:
    for command in named_in(page, r"agentpay [a-z]+.*"):
        assert command.split()[1] in main.commands, command


def test_a_diagram_is_drawn_of_packages_that_exist() -> None:
    """Boxes without words of their own are packages or modules of `agentpay`."""
    diagrams = [b.text for b in blocks_of(ROOT / "docs" / "architecture.md") if b.language == "mermaid"]
    flow = next(text for text in diagrams if text.startswith("flowchart"))
    worded = set(re.findall(r"(\w+) ?[(\[]", flow))
    plain = re.sub(r"\(.*?\)\]?|\[.*?\]\)?|\|.*?\|", "", flow)
    boxes = {box for ends in re.findall(r"(\w+)\)?\]? *<?-->\s*(\w+)", plain) for box in ends}
    assert len(boxes) > 10
    for box in boxes - worded:
        package = ROOT / "agentpay" / box
        assert package.is_dir() or package.with_suffix(".py").exists(), box
    for text in diagrams:
        for name in re.findall(r"\b[a-z]+/\w+\.py\b", text):
            assert (ROOT / "agentpay" / name).exists(), name
