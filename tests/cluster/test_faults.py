"""Points at which a test kills a process: by themselves, counted, never in an installation that the world reaches."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from agentpay import settings
from agentpay.kit import faults
from agentpay.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
POINTS = """
from agentpay.kit import faults
faults.arm({fault!r})
for n in range(3):
    faults.call("before", "GET", "/v1/checkouts/7d1f3c2a-0000-4000-8000-000000000001")
    print(n, flush=True)
"""


def passing_points(fault: str | None) -> "subprocess.CompletedProcess[str]":
    code = POINTS.format(fault=fault)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ})


def test_a_process_dies_when_it_reaches_its_point_for_the_nth_time() -> None:
    ended = passing_points("before GET /v1/checkouts/…#2")
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "0\n")


def test_a_recording_process_names_its_points_and_lives() -> None:
    ended = passing_points(faults.RECORD)
    label = f"{faults.RECORDED}before GET /v1/checkouts/…"
    assert ended.stderr.splitlines() == [f"{label}#1", f"{label}#2", f"{label}#3"]
    assert (ended.returncode, ended.stdout) == (0, "0\n1\n2\n")


def test_nothing_is_armed_unless_it_is_said() -> None:
    ended = passing_points(None)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n1\n2\n", "")


@pytest.mark.parametrize("fault", ["", "#1", "somewhere", "somewhere#0", "somewhere#x"])
def test_a_point_is_a_label_and_a_number(fault: str) -> None:
    with pytest.raises(ValueError, match="label"):
        faults.check(fault)


def test_an_installation_that_the_world_reaches_refuses_to_be_armed() -> None:
    environ = {
        "AGENTPAY_DATABASE_URL": "postgresql:///acme",
        "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "AGENTPAY_FAULT": "before commit of nobody#1",
    }
    assert settings.read(environ).fault == "before commit of nobody#1"
    assert settings.read(environ | {"AGENTPAY_PUBLIC_URL": "http://127.0.0.1:8400"}).fault
    with pytest.raises(SettingsError, match="AGENTPAY_FAULT is for tests"):
        settings.read(environ | {"AGENTPAY_PUBLIC_URL": "https://pay.acme.example"})
