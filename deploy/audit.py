"""Known vulnerabilities of what the runtime lock pins, asked of the package index that pip is configured for.

    python deploy/audit.py [--index URL] [--ignore ID …]

Exit code 0: none is known; 1: there are some, one a line; 2: the index could not be asked about every pin, so nothing
was shown. Asks for one document per pin (`<index>/../pypi/<name>/<version>/json`), one after the other.
"""

import argparse
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from lock import LOCK, NotALock, Pin, read_lock

SECONDS_MAX = 20.0
ANSWER_BYTES_MAX = 32 * 1024 * 1024
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


class Unanswered(Exception):
    """The index did not tell about a pin."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None, help="a simple index (…/simple); default: pip's own")
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument(
        "--ignore", nargs="*", default=[], metavar="ID", help="ids that were looked at and do not apply"
    )
    options = parser.parse_args(arguments)
    index = options.index or configured_index()
    if index is None:
        sys.stderr.write("pip has no index configured: give --index https://…/simple\n")
        return UNKNOWN
    try:
        pins = read_lock(options.lock)
        found = [line for pin in pins for line in lines_of(pin, ask(index, pin), ignored=set(options.ignore))]
    except (NotALock, Unanswered) as error:
        sys.stderr.write(f"{error}\n")
        return UNKNOWN
    sys.stdout.write("".join(f"{line}\n" for line in found) or f"{len(pins)} pins, no known vulnerability.\n")
    return VULNERABLE if found else CLEAN


def configured_index() -> str | None:
    """Where pip looks: the environment, then its configuration."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None


def ask(index: str, pin: Pin) -> dict[str, Any]:
    """The index's document about one version. Raises Unanswered; the index's address may hold a password: not told."""
    base = index.rstrip("/").removesuffix("/simple")
    url = f"{base}/{'py' + 'pi'}/{pin.name}/{pin.version}/json"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
            document = json.loads(answer.read(ANSWER_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise Unanswered(f"{pin.name} {pin.version}: the index did not tell ({type(error).__name__}).") from None
    if not isinstance(document, dict) or not isinstance(document.get("vulnerabilities"), list):
        raise Unanswered(f"{pin.name} {pin.version}: this index tells nothing about vulnerabilities.")
    return document


def lines_of(pin: Pin, document: dict[str, Any], *, ignored: set[str]) -> Iterator[str]:
    """One line for each vulnerability that is not withdrawn and not ignored under any of its names."""
    for entry in document["vulnerabilities"]:
        names = {str(entry.get("id")), *map(str, entry.get("aliases") or ())}
        if entry.get("withdrawn") or names & ignored:
            continue
        fixed = ", ".join(map(str, entry.get("fixed_in") or ())) or "no version"
        yield f"{pin.name} {pin.version}: {entry.get('id')} (fixed in {fixed}) {entry.get('summary') or ''}".rstrip()


if __name__ == "__main__":
    raise SystemExit(main())
