"""`dev` as the person at the keyboard sees it: one real process, joined, stopped and started again."""

import contextlib
import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.dev.process import ROOT, Dev, agentpay, environment, folder

STOP_SECONDS_MAX = 3.0
# A second start takes under 3 s; a machine that runs the whole suite beside it is given more.
AGAIN_SECONDS_MAX = 15.0
KEYS = {
    "base_url", "storefront_url", "polar_url", "admin_key", "organization_id", "secret_key", "publishable_key",
    "identity_secret", "polar_access_token", "webhook_secret", "agent_ids", "environment",
}  # fmt: skip


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def start_conversation(handout: dict[str, Any]) -> dict[str, Any]:
    headers = {**bearer(handout["publishable_key"]), "Origin": origin_of(handout["storefront_url"])}
    response = httpx.post(f"{handout['base_url']}/v1/agent/conversations", headers=headers, json={})
    assert response.status_code == 201, response.text
    started: dict[str, Any] = response.json()
    return started


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def test_it_prints_one_url_and_hands_out_exactly_the_promised_keys(dev: Dev) -> None:
    handout = dev.handout
    assert set(handout) == KEYS
    assert stat.S_IMODE((dev.var / "dev.json").stat().st_mode) == 0o600
    assert dev.said.count("http") == 1
    assert handout["storefront_url"] in dev.said
    for name in ("base_url", "polar_url"):
        assert urlsplit(handout[name]).path == ""
    assert set(handout["agent_ids"]) == {"sales", "support", "payment"}
    assert all(
        isinstance(value, str) and name.startswith("AGENTPAY_") for name, value in handout["environment"].items()
    )


def test_the_shop_is_open_and_the_bare_address_leads_to_it(dev: Dev) -> None:
    handout = dev.handout
    page = httpx.get(handout["storefront_url"])
    assert handout["publishable_key"] in page.text
    assert handout["secret_key"] not in page.text
    assert "Deep Focus" in page.text
    assert httpx.get(handout["base_url"]).headers["location"] == handout["storefront_url"]


def test_the_merchant_is_there_with_agents_articles_webhook_and_a_full_shelf(dev: Dev) -> None:
    handout = dev.handout
    with httpx.Client(base_url=handout["base_url"], headers=bearer(handout["secret_key"])) as merchant:
        organization = merchant.get(f"/v1/organizations/{handout['organization_id']}").json()
        agents = merchant.get("/v1/agents").json()["items"]
        articles = merchant.get("/v1/agent/knowledge/articles?limit=100").json()["items"]
    assert organization["status"] == "active"
    assert organization["catalog"]["products"] >= 24
    assert organization["webhook_url"].startswith(handout["base_url"])
    assert {agent["agent_type"]: agent["id"] for agent in agents} == handout["agent_ids"]
    assert len(articles) >= 10
    endpoints = httpx.get(
        f"{handout['polar_url']}/v1/webhooks/endpoints", headers=bearer(handout["polar_access_token"])
    )
    assert [each["secret"] for each in endpoints.json()["items"]] == [handout["webhook_secret"]]


def test_another_process_joins_with_the_handed_out_environment(dev: Dev) -> None:
    environment = dev.handout["environment"]
    doctor = agentpay("doctor", env=environment)
    assert doctor.code == 0, doctor.out + doctor.error
    assert "Polar takes its token" in doctor.out
    listed = agentpay("org", "list", env=environment)
    assert dev.handout["organization_id"] in listed.out


def test_a_second_web_process_serves_the_same_merchant(dev: Dev) -> None:
    handout = dev.handout
    with web({**handout["environment"], "AGENTPAY_LOG_LEVEL": "info"}) as url:
        path = f"/v1/organizations/{handout['organization_id']}"
        organization = httpx.get(url + path, headers=bearer(handout["secret_key"])).json()
    assert organization["name"] == "Clareira"


@contextlib.contextmanager
def web(env: dict[str, str]) -> Iterator[str]:
    """`agentpay web` on a free port until the block ends; then it must leave in peace."""
    command = [sys.executable, "-m", "agentpay", "web", "--port", "0", "--no-worker"]
    joined = environment(**env, AGENTPAY_LOG_FORMAT="json")
    process = subprocess.Popen(command, cwd=ROOT, env=joined, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        started = json.loads(process.stderr.readline())
        assert started["event"] == "web.started"
        yield started["url"]
    finally:
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_an_operator_makes_syncs_and_rotates_an_organization(dev: Dev) -> None:
    env = {**dev.handout["environment"], "AGENTPAY_POLAR_ACCESS_TOKEN": dev.handout["polar_access_token"]}
    custom = ("--environment", "custom", "--base-url", dev.handout["polar_url"])
    made = agentpay("org", "create", "--name", "Acme Candles", *custom, "--origin", "https://acme.example", env=env)
    assert made.code == 0, made.error
    shown = dict(line.split(maxsplit=1) for line in made.out.splitlines())
    assert shown["status"] == "active"
    assert shown["secret_key"].startswith("ap_sk_")
    assert agentpay("org", "sync", shown["id"], env=env).code == 0
    # A merchant without an endpoint is broken, says the doctor, and others ask it about this installation, too.
    path = f"{dev.handout['base_url']}/v1/organizations/{shown['id']}/webhook"
    assert httpx.post(path, headers=bearer(shown["secret_key"])).is_success
    rotated = agentpay("org", "rotate", shown["id"], "identity", env=env)
    assert rotated.out.strip() not in ("", shown["identity_secret"])


def test_what_agentpay_refuses_reaches_the_operator_as_a_sentence(dev: Dev) -> None:
    env = {**dev.handout["environment"], "AGENTPAY_POLAR_ACCESS_TOKEN": "polar_oat_wrong"}
    custom = ("--environment", "custom", "--base-url", dev.handout["polar_url"])
    refused = agentpay("org", "create", "--name", "Acme Candles", *custom, env=env)
    assert refused.code != 0
    assert refused.error.startswith("Error: polar.access_token: ")
    stranger = agentpay("org", "list", env={**env, "AGENTPAY_ADMIN_KEYS": "somebody-elses-key"})
    assert stranger.error == "Error: Unauthorized (status 401)\n"


def test_a_second_dev_in_the_same_folder_is_refused_in_one_sentence(dev: Dev) -> None:
    refused = agentpay("dev", "--var", str(dev.var), "--port", "0")
    assert refused.code != 0
    assert refused.error.startswith("Error: Another dev")
    assert refused.error.count("\n") == 1
    assert dev.handout, "and the running one keeps its handout"


def test_a_port_in_use_is_refused_in_one_sentence(dev: Dev) -> None:
    taken = str(urlsplit(dev.handout["base_url"]).port)
    with folder() as var:
        refused = agentpay("dev", "--var", str(var), "--port", taken)
    assert refused.code != 0
    assert f"Port {taken}" in refused.error
    assert refused.error.count("\n") == 1


def test_it_stops_within_three_seconds_and_everything_is_there_again(dev: Dev) -> None:
    before = dev.handout
    conversation = start_conversation(before)
    path = f"/v1/agent/conversations/{conversation['conversation']['id']}"
    with httpx.stream("GET", f"{before['base_url']}{path}/events", headers=bearer(conversation["token"])) as stream:
        assert stream.status_code == 200
        code, seconds = dev.stop(signal.SIGINT)
    assert code == 0
    assert seconds < STOP_SECONDS_MAX
    assert dev.start("--port", str(urlsplit(before["base_url"]).port)) < AGAIN_SECONDS_MAX
    assert {**dev.handout, "environment": None} == {**before, "environment": None}
    messages = httpx.get(f"{before['base_url']}{path}/messages", headers=bearer(conversation["token"]))
    assert [message["role"] for message in messages.json()["items"]] == ["agent"]
