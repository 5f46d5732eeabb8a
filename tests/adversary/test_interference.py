"""Two merchants whose rules differ in secret: until the engine decides differently, a model reads the same bytes."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adversary import acts
from tests.adversary.guards import TELLS_THE_FLOOR, switched_off
from tests.adversary.interference import Heard, first_difference, hears
from tests.adversary.machine import Stage

pytestmark = pytest.mark.timeout(300)

STRICT = {"max_discount_percent": 12, "require_approval_above": 12}
LOOSE = {"max_discount_percent": 40, "require_approval_above": 40, "products": {"0": {"floor_amount": 5_000}}}

turns = st.lists(st.tuples(acts.words, acts.scripts | acts.haggles | acts.sales), min_size=2, max_size=3)
few = settings(max_examples=6, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def compared(stage: Stage, played: Sequence[tuple[str, Any]]) -> tuple[Sequence[Heard], Sequence[Heard]]:
    return stage.do(hears(stage.house, STRICT, played)), stage.do(hears(stage.house, LOOSE, played))


@few
@given(played=turns)
def test_a_secret_floor_is_not_read_before_it_is_felt(adversary_stage: Stage, played: Any) -> None:
    assert first_difference(*compared(adversary_stage, played)) is None


def test_a_prompt_that_tells_the_floor_is_found(adversary_stage: Stage) -> None:
    with switched_off(TELLS_THE_FLOOR):
        found = first_difference(*compared(adversary_stage, [("hello", ())]))
    assert found is not None
