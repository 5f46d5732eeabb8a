"""`python -m tests.adversary --runs 10000 --seed 1`: the proof offline, on an embedded PostgreSQL of its own."""

import argparse
import sys
import time
from typing import Final

from agentpay.sandbox.postgres import throw_away
from tests.adversary.guards import GUARDS, switched_off
from tests.adversary.machine import Stage, play, staged
from tests.adversary.referee import Overstepped

BATCH_RUNS: Final = 50
"""Runs of one seed: the next batch has the next seed, so that each finding can be played again by itself."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shrink", action="store_true", help="reduce what is found to its smallest form")
    parser.add_argument("--guards", action="store_true", help="switch off each guard in turn: each must be missed")
    wanted = parser.parse_args()
    with throw_away() as url:
        if wanted.guards:
            return _miss(url, seed=wanted.seed)
        return _prove(url, runs=wanted.runs, seed=wanted.seed, shrinks=wanted.shrink)


def _prove(url: str, *, runs: int, seed: int, shrinks: bool) -> int:
    with staged(url) as stage:
        return _play(stage, runs=runs, seed=seed, shrinks=shrinks)


def _play(stage: Stage, *, runs: int, seed: int, shrinks: bool) -> int:
    began = time.monotonic()
    for batch in range(-(-runs // BATCH_RUNS)):
        try:
            play(stage, runs=min(BATCH_RUNS, runs - batch * BATCH_RUNS), seed=seed + batch, shrinks=shrinks)
        except AssertionError as found:
            print(f"seed {seed + batch}: {found}", file=sys.stderr)  # noqa: T201 (a command's answer)
            raise
        seconds = time.monotonic() - began
        print(f"{stage.runs} runs, {stage.moves} moves, {seconds:.0f} s", flush=True)  # noqa: T201 (a command's answer)
    return 0


def _miss(url: str, *, seed: int) -> int:
    """Play without each guard; returns how many nobody missed."""
    unmissed = 0
    for off in GUARDS:
        with switched_off(off), staged(url) as stage:
            try:
                play(stage, runs=off.runs, seed=seed, only=off.moves, given=off.given)
                found = "NOT MISSED"
            except Overstepped as overstepped:
                found = overstepped.kind if overstepped.kind in off.kinds else f"NOT MISSED, but {overstepped}"
        unmissed += found.startswith("NOT")
        print(f"{off.name}: {found} ({stage.runs} runs)", flush=True)  # noqa: T201 (a command's answer)
    return unmissed


if __name__ == "__main__":
    sys.exit(main())
