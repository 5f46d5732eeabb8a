"""Asks the rules of those who will read them whether the files under deploy/ are right: `python deploy/validate.py`.

Kubernetes manifests and compose.yaml meet the published schemas, of the oldest and the newest cluster that we serve:
pip downloads them (requirements/schemas.txt), nothing is installed. systemd's units, the kustomization and the
Caddyfile are read by systemd-analyze, kubectl and caddy where this machine has them; what was not asked is said. Exit
code 1 when something is wrong.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

DEPLOY = Path(__file__).resolve().parent
SCHEMAS = DEPLOY.parent / "requirements" / "schemas.txt"
KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v{version}-local-strict/"
CLUSTERS = ("1.30.0", "1.37.0")
COMPOSE = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
EXPOSURE_MAX = 15
"""Of `systemd-analyze security`, in tenths: 0 is shut, 100 is open."""
TOOL_SECONDS_MAX = 120


class Wrong(Exception):
    """What a file's reader would not take, in its words."""


class Shelf:
    """JSON files in downloaded wheels, which stay zipped."""

    def __init__(self, folder: Path) -> None:
        # Of the Python that made this environment: `run.py` leaves no pip in it.
        python = str(Path(sys.base_prefix, "bin", "python3"))
        command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
        run([*command, "--require-hashes", "--only-binary=:all:", "--dest", str(folder), "-r", str(SCHEMAS)])
        self._wheels = [zipfile.ZipFile(wheel) for wheel in sorted(folder.glob("*.whl"))]

    def read(self, name: str) -> Any:
        """Raises KeyError for what is in no wheel."""
        for wheel in self._wheels:
            if name in wheel.namelist():
                return json.loads(wheel.read(name))
        raise KeyError(name)


def run(command: list[str]) -> str:
    """What it prints. Raises Wrong with what it complains of."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TOOL_SECONDS_MAX)
    if done.returncode:
        raise Wrong(f"{command[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """File and object of everything for Kubernetes."""
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document["kind"] != "Kustomization":
                yield path.name, document


def check_kubernetes(shelf: Shelf) -> str:
    """Every object meets the strict schema of its kind, in the oldest and the newest cluster. Raises Wrong."""
    found = list(manifests())
    for version in CLUSTERS:
        folder = KUBERNETES.format(version=version)
        definitions = shelf.read(folder + "_definitions.json")
        for name, document in found:
            version_of = document["apiVersion"].split("/")
            group = [part.split(".")[0] for part in version_of]
            schema = shelf.read(folder + "-".join([document["kind"].lower(), *group]) + ".json")
            check(f"kubernetes/{name}", document, schema, {"_definitions.json": definitions})
    return f"{len(found)} objects for Kubernetes {' and '.join(CLUSTERS)}"


def check_compose(shelf: Shelf) -> str:
    """compose.yaml meets the Compose Specification. Raises Wrong."""
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    check("compose.yaml", document, shelf.read(COMPOSE), {})
    return f"compose.yaml with {len(document['services'])} services"


def check(name: str, document: Any, schema: Any, others: dict[str, Any]) -> None:
    """Raises Wrong with the first few places that do not fit."""
    validator = jsonschema_rs.validator_for(schema, retriever=lambda uri: others[uri.rpartition("/")[2]])
    errors = list(validator.iter_errors(document))
    if errors:
        places = (f"{'.'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors[:5])
        raise Wrong(f"{name} ({document.get('kind', 'compose')}): " + "; ".join(places))


def check_units() -> str:
    """systemd can load the units, and they leave little open. Raises Wrong."""
    with tempfile.TemporaryDirectory() as folder:
        for unit in sorted((DEPLOY / "systemd").glob("*.service")):
            # The program is not installed here, and `verify` insists on one.
            text = unit.read_text().replace("/opt/agentpay/current/venv/bin/python", "/bin/true")
            (Path(folder) / unit.name).write_text(text)
        units = sorted(map(str, Path(folder).iterdir()))
        said = run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units])
        if said.strip():
            raise Wrong(said)
        limit = f"--threshold={EXPOSURE_MAX}"
        for each in units:
            run(["systemd-analyze", "security", "--offline=yes", limit, "--no-pager", each])
    return f"{len(units)} units for systemd, exposure at most {EXPOSURE_MAX / 10}"


def check_kustomization() -> str:
    """kubectl builds it, and nothing gets lost on the way. Raises Wrong."""
    built = [each["kind"] for each in yaml.safe_load_all(run(["kubectl", "kustomize", str(DEPLOY / "kubernetes")]))]
    given = [each["kind"] for name, each in manifests() if "example" not in name]
    if sorted(built) != sorted(given):
        raise Wrong(f"kustomization.yaml builds {sorted(built)} of {sorted(given)}")
    return f"kustomization of {len(built)} objects"


def check_proxy() -> str:
    """Caddy can load its file. Raises Wrong."""
    run(["env", "AGENTPAY_PUBLIC_URL=https://agentpay.example.com", "caddy", "adapt", "--validate", "--config",
         str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"])  # fmt: skip
    return "Caddyfile"


TOOLS = {"systemd-analyze": check_units, "kubectl": check_kustomization, "caddy": check_proxy}


def main() -> None:
    tell = sys.stdout.write
    try:
        with tempfile.TemporaryDirectory(prefix="agentpay-schemas-") as folder:
            shelf = Shelf(Path(folder))
            for ask in (check_kubernetes, check_compose):
                tell(f"✓ {ask(shelf)}\n")
        for tool, look in TOOLS.items():
            tell(f"✓ {look()}\n" if shutil.which(tool) else f"– no {tool} here: not asked\n")
    except Wrong as error:
        sys.exit(f"✗ {error}")


if __name__ == "__main__":
    main()
