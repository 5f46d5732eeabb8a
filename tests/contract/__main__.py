"""Schemathesis against a real `dev`: all checks, stateful. Exit code 0 when it finds nothing.

    python3 run.py python -m tests.contract [--examples 15] [--seed 1]

Runs twice: with the merchant's secret key over everything, and with the operator's over organizations. A command, not a
part of the suite: it takes minutes. What is valid by the document must be accepted; `lawful.py` lists the rules that a
document cannot state.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.dev.process import running_dev

# `lawful` reads it when it is loaded, in schemathesis' own process.
DEV_JSON = "CONTRACT_DEV_JSON"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    limits = {
        "AGENTPAY_SECRET_KEY_REQUESTS_PER_MINUTE": "1000000",
        "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": "1000000",
        "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": "1000000",
    }
    with running_dev(**limits) as dev:
        keys = dev.handout
        runs = [
            (keys["secret_key"], ["--exclude-path-regex", "^/v1/organizations|/events$"]),
            (keys["admin_key"], ["--include-path-regex", "^/v1/organizations|^/metrics"]),
        ]
        os.environ[DEV_JSON] = str(dev.var / "dev.json")
        codes = [
            schemathesis(keys["base_url"], key, selection, examples=options.examples, seed=options.seed)
            for key, selection in runs
        ]
    sys.exit(max(codes))


def schemathesis(base_url: str, key: str, selection: list[str], *, examples: int, seed: int) -> int:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{base_url}/openapi.json",
        "--header", f"Authorization: Bearer {key}",
        "--checks", "all",
        # No text holds NUL (PostgreSQL keeps none): the document says so once, in prose, and not at every string.
        "--generation-allow-x00", "false",
        "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", str(examples), "--seed", str(seed),
        # CPython 3.11's `ast`, which Hypothesis calls to describe lambdas, is not safe in two threads (gh-106905).
        "--workers", "1",
        "--continue-on-failure", "--no-color", *selection,
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "tests.contract.lawful"}
    return subprocess.run(command, check=False, env={**os.environ, **hooks}).returncode


if __name__ == "__main__":
    main()
