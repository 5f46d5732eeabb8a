#!/usr/bin/env python3
"""One command on a fresh machine: `python3 run.py dev` or `python3 run.py test`. Needs only Python >= 3.11 and pip.

Creates `.venv` from the hash-locked requirements on first use, then becomes the command. Further arguments are passed
on: `dev --port 9000 --reset`, `test -k offers`, `agentpay doctor`, `python …`.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
USAGE = "usage: python3 run.py dev|test|agentpay|python [arguments]"

# What each command needs installed; `test` is a superset of `dev`.
LOCKS = {"dev": "dev.txt", "agentpay": "dev.txt", "test": "test.txt", "python": "test.txt"}


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever runs this may have any Python)
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    command, arguments = (sys.argv[1] if len(sys.argv) > 1 else "dev"), sys.argv[2:]
    if command not in LOCKS:
        sys.exit(USAGE)
    os.chdir(ROOT)
    ensure_environment(LOCKS[command])
    modules = {
        "dev": ["-m", "agentpay", "dev"],
        "agentpay": ["-m", "agentpay"],
        "test": ["-m", "pytest"],
        "python": [],
    }
    # Some machines forbid .pyc files, which makes every start 2 s slower: our own environment may keep them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.environ["PATH"] = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.execv(PYTHON, [str(PYTHON), *modules[command], *arguments])


def ensure_environment(lock: str) -> None:
    """Install the lock unless a stamp says that it, or the larger one, is installed already."""
    stamp = VENV / "installed.txt"
    wanted = [fingerprint(name) for name in ("test.txt", lock)]
    if PYTHON.exists() and stamp.exists() and stamp.read_text() in wanted:
        return
    print("Setting up .venv (first start only) …", file=sys.stderr, flush=True)
    # --without-pip works even where Debian's python3-venv is missing, and `pip --python` is not stopped by PEP 668.
    # What another Python left behind would be found by nobody: begin anew.
    clear = ["--clear"] if not is_of_this_python() else []
    if subprocess.run([sys.executable, "-m", "venv", "--without-pip", *clear, str(VENV)]).returncode != 0:
        sys.exit(f"Could not make {VENV}: see the message above.")
    pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "--quiet", "--disable-pip-version-check"]
    # Byte code is made when a module is first used: compiling all of every package would take a third of the time.
    install = ["install", "--no-compile", "--require-hashes", "--only-binary=:all:", "-r", f"requirements/{lock}"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    if subprocess.run([*pip, *install], env=environment).returncode != 0:
        sys.exit(f"Could not install requirements/{lock}: see pip's message above.")
    stamp.write_text(fingerprint(lock))


def is_of_this_python() -> bool:
    """Whether `.venv` was made by this very version of Python."""
    settings = VENV / "pyvenv.cfg"
    version = "version = " + ".".join(map(str, sys.version_info[:3]))
    return settings.exists() and version in settings.read_text().splitlines()


def fingerprint(lock: str) -> str:
    content = (ROOT / "requirements" / lock).read_bytes()
    return hashlib.sha256(sys.version.encode() + content).hexdigest()


if __name__ == "__main__":
    main()
