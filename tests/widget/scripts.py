"""The types and the lint of the browser's sources, where npm is at hand; no part of what runs or is installed.

    python -m tests.widget.scripts

fetches a pinned TypeScript and ESLint once into the temporary folder and runs them on agentpay/widget/browser. Fails on
any finding; where npm, or its registry, cannot be had it says so and ends well: the product needs no Node.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agentpay.widget.parts import FOLDER

TYPESCRIPT = "5.9.3"
ESLINT = "9.39.5"
FETCH_SECONDS_MAX = 180
ESLINT_CANNOT_RUN = 2  # its exit code for what is no finding, such as a Node that is too old
CONFIG = Path(__file__).with_name("eslint.config.mjs")
TOOLS = Path(tempfile.gettempdir()) / f"agentpay-scripts-{TYPESCRIPT}-{ESLINT}"


def fetched() -> bool:
    """Whether the tools are there, now or already."""
    done = TOOLS / "node_modules" / ".package-lock.json"
    npm = shutil.which("npm")
    if done.exists() or npm is None:
        return done.exists()
    TOOLS.mkdir(exist_ok=True)
    wanted = [f"typescript@{TYPESCRIPT}", f"eslint@{ESLINT}"]
    command = [npm, "install", "--prefix", str(TOOLS), "--no-audit", "--no-fund", "--ignore-scripts", *wanted]
    try:
        subprocess.run(command, capture_output=True, timeout=FETCH_SECONDS_MAX, check=True)
    except (subprocess.SubprocessError, OSError):
        return False
    return done.exists()


def main() -> int:
    if not fetched():
        sys.stdout.write("Not checked: TypeScript and ESLint cannot be had here (npm or its registry is missing).\n")
        return 0
    binaries = TOOLS / "node_modules" / ".bin"
    types = subprocess.run([binaries / "tsc", "-p", FOLDER / "jsconfig.json"], check=False).returncode
    lint = subprocess.run([binaries / "eslint", "--config", CONFIG, "."], cwd=FOLDER, check=False).returncode
    if lint == ESLINT_CANNOT_RUN:
        sys.stdout.write("Not linted: ESLint does not run here (see above).\n")
        return types
    if types == lint == 0:
        sys.stdout.write(f"TypeScript {TYPESCRIPT} and ESLint {ESLINT} have nothing to say.\n")
    return max(types, lint)


if __name__ == "__main__":
    sys.exit(main())
