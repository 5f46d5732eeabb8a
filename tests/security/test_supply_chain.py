"""What the image is made of is known, and asked about."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
LOCK = """\
# made by a tool
--index-url https://index.example/simple
Acme_Candles==1.2.0 \\
    --hash=sha256:aa11 \\
    --hash=sha256:bb22
    # via shop
wick[extra]==3.0 ; python_version >= "3.11" --hash=sha256:cc33
"""


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "deploy" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"PATH": "/usr/bin"})


def test_the_bill_of_materials_lists_the_lock_and_is_the_same_each_time() -> None:
    first, again = run("sbom.py"), run("sbom.py")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    bill = json.loads(first.stdout)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill["serialNumber"].startswith("urn:uuid:")
    root = bill["metadata"]["component"]
    assert (root["type"], root["name"]) == ("application", "agentpay")
    pinned = {
        line.split("==")[0].partition("[")[0].lower().replace("_", "-").replace(".", "-"): line.split("==")[1].split()[
            0
        ]
        for line in (ROOT / "requirements" / "runtime.txt").read_text().splitlines()
        if "==" in line and not line.lstrip().startswith("#")
    }
    assert {each["name"]: each["version"] for each in bill["components"]} == pinned
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(refs) == len(set(refs)) > 20
    for each in bill["components"]:
        assert each["type"] == "library"
        assert each["purl"].endswith(f"/{each['name']}@{each['version']}")
        assert each["properties"], f"{each['name']}: the lock has no hash"
    assert bill["dependencies"] == [{"ref": root["bom-ref"], "dependsOn": refs}]


class Index(http.server.BaseHTTPRequestHandler):
    """A package index that knows of one vulnerability."""

    known: dict[str, list[dict[str, Any]]]

    def do_GET(self) -> None:
        _, _, name, version, _ = urlsplit(self.path).path.split("/")
        found = self.known.get(f"{name}@{version}")
        body = json.dumps({"vulnerabilities": found} if found is not None else {"message": "Not Found"}).encode()
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def index() -> Iterator[str]:
    Index.known = {"acme-candles@1.2.0": [], "wick@3.0": []}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> str:
    path = tmp_path / "runtime.txt"
    path.write_text(LOCK)
    return str(path)


def test_a_lock_without_known_vulnerabilities_passes(index: str, lock: str) -> None:
    audited = run("audit.py", "--index", index, "--lock", lock)
    assert (audited.returncode, audited.stdout) == (0, "2 pins, no known vulnerability.\n"), audited.stderr


def test_a_known_vulnerability_fails_unless_it_was_looked_at(index: str, lock: str) -> None:
    Index.known["wick@3.0"] = [
        {"id": "VULN-1", "aliases": ["CVE-2026-1"], "fixed_in": ["3.1"], "summary": "Burns too long."},
        {"id": "VULN-2", "aliases": [], "fixed_in": [], "withdrawn": "2026-01-01T00:00:00Z"},
    ]
    audited = run("audit.py", "--index", index, "--lock", lock)
    assert (audited.returncode, audited.stdout) == (1, "wick 3.0: VULN-1 (fixed in 3.1) Burns too long.\n")
    assert run("audit.py", "--index", index, "--lock", lock, "--ignore", "CVE-2026-1").returncode == 0


def test_an_index_that_does_not_tell_is_no_clean_bill(index: str, lock: str) -> None:
    del Index.known["wick@3.0"]
    audited = run("audit.py", "--index", index, "--lock", lock)
    assert audited.returncode == 2
    assert "wick 3.0" in audited.stderr
    assert "127.0.0.1" not in audited.stderr


def test_a_requirement_without_a_version_is_no_lock(index: str, tmp_path: Path) -> None:
    loose = tmp_path / "loose.txt"
    loose.write_text("wick>=3\n")
    assert run("audit.py", "--index", index, "--lock", str(loose)).returncode == 2
