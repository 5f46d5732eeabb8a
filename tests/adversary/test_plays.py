"""Two hundred runs of the proof; `python -m tests.adversary` plays as many as wanted."""

from typing import Final

import pytest

from tests.adversary.machine import Stage, play

pytestmark = pytest.mark.timeout(300)

RUNS: Final = 17
SEEDS: Final = range(101, 113)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_a_model_does_oversteps_the_rules(adversary_stage: Stage, seed: int) -> None:
    play(adversary_stage, runs=RUNS, seed=seed)
