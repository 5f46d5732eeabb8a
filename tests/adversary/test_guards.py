"""A proof that cannot fail proves nothing: with a guard switched off, the referee finds what it kept away."""

import pytest

from tests.adversary.guards import GUARDS, Off, switched_off
from tests.adversary.machine import play, staged
from tests.adversary.referee import Overstepped

pytestmark = pytest.mark.timeout(300)

SEED = 5
"""Finds each of them within a dozen runs; another may need hundreds for the rarest."""


@pytest.mark.parametrize("off", GUARDS, ids=lambda off: off.name)
def test_the_proof_fails_without(off: Off, database_url: str) -> None:
    with switched_off(off), staged(database_url) as stage, pytest.raises(Overstepped) as found:
        play(stage, runs=off.runs, seed=SEED, only=off.moves, given=off.given)
    assert found.value.kind in off.kinds
