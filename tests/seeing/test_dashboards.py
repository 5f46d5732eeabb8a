"""What Grafana shows and Prometheus watches is what /metrics tells: names, labels, where to read on."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.seeing.conftest import Seen

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "agentpay.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
TRIED = DEPLOY / "prometheus" / "alerts_test.yaml"
RUNBOOK = "deploy/README.md"

OWN = {"up"}
"""What Prometheus itself knows of everything that it asks."""

GIVEN = {"job", "instance", "le"}
"""Labels that Prometheus adds, and those of buckets."""

_NAME = re.compile(r"(?<![\w.:$])(?:agentpay|process|python)_[a-z_]+|\bup(?=\{)")
_SELECTOR = re.compile(r"([a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r"([a-z_]+)(?:=~|!~|!=|=)")
_STRING = re.compile(r'"[^"]*"')


def expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    return shown + [alert["expr"] for alert in alerts()]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def known(page: str) -> set[str]:
    """Every name that a series may have, those of histograms included."""
    names = set()
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return names


def labels_of(page: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition("{")
            found.setdefault(name.split(" ")[0], set()).update(_LABEL.findall(_STRING.sub("", rest)))
    return found


async def test_every_name_is_one_that_is_told(seen: Seen) -> None:
    told = known(seen.page) | OWN
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert len(asked) > 30
    assert asked <= told


async def test_every_label_is_one_that_its_series_has(seen: Seen) -> None:
    told = labels_of(seen.page)
    for expression in expressions():
        for name, selector in _SELECTOR.findall(expression):
            wanted = set(_LABEL.findall(_STRING.sub("", selector))) - GIVEN
            assert wanted <= told.get(name, wanted), f"{name} has no label {wanted - told.get(name, set())}"


async def test_nothing_is_told_that_nobody_shows(seen: Seen) -> None:
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    families = {line.split()[2] for line in seen.page.splitlines() if line.startswith("# TYPE agentpay_")}
    unseen = {family for family in families if not any(name.startswith(family) for name in asked)}
    assert {family for family in unseen if not family.endswith("_created")} == set()


def test_each_alert_says_what_it_is_and_where_to_read_on() -> None:
    for alert in alerts():
        told = alert["annotations"]
        assert told["runbook"] == f"{RUNBOOK}#{alert['alert'].lower()}"
        assert told["summary"]
        assert told["description"]
        assert alert["labels"]["severity"] in ("page", "ticket")


def test_each_alert_is_tried_on_a_bad_day_and_on_a_good_one() -> None:
    tests = yaml.safe_load(TRIED.read_text())["tests"]
    tried = [(rule["alertname"], bool(rule["exp_alerts"])) for test in tests for rule in test["alert_rule_test"]]
    assert sorted(tried) == sorted((alert["alert"], fires) for alert in alerts() for fires in (True, False))


def test_the_dashboards_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


async def test_the_list_of_figures_is_complete(seen: Seen) -> None:
    listed = set(re.findall(r"^\| `(agentpay_\w+)`", (DEPLOY / "prometheus" / "README.md").read_text(), re.MULTILINE))
    assert listed == {line.split()[2] for line in seen.page.splitlines() if line.startswith("# TYPE agentpay_")} - {
        line.split()[2] for line in seen.page.splitlines() if line.startswith("# TYPE") and "_created " in line
    }


def test_each_alert_has_its_place_in_the_runbook() -> None:
    headings = re.findall(r"^#+ (\w+)$", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    assert {alert["alert"] for alert in alerts()} <= set(headings)
