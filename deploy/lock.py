"""What the runtime lock pins: names, versions, hashes. Read by `audit.py` and `sbom.py`."""

import re
from dataclasses import dataclass, field
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "runtime.txt"
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=(?P<algorithm>[a-z0-9]+):(?P<value>[0-9a-f]+)")


class NotALock(Exception):
    """A line pins nothing: an audit that skips it would say too little."""


@dataclass(frozen=True)
class Pin:
    name: str
    """Normalized (PEP 503)."""
    version: str
    sha256: tuple[str, ...] = field(default=(), compare=False)


def read_lock(path: Path = LOCK) -> list[Pin]:
    """Every pin, by name. Raises NotALock for a requirement without an exact version."""
    pins = []
    for logical in path.read_text().replace("\\\n", " ").splitlines():
        line = logical.partition(" #")[0].strip()
        if not line or line.startswith(("#", "--")):
            continue
        found = _PIN.match(line)
        if found is None:
            raise NotALock(f"{path.name}: {line[:60]!r} pins no version.")
        name = re.sub(r"[-_.]+", "-", found["name"]).lower()
        hashes = tuple(each["value"] for each in _HASH.finditer(line) if each["algorithm"] == "sha256")
        pins.append(Pin(name, found["version"], hashes))
    return sorted(pins, key=lambda pin: pin.name)
