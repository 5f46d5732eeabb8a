from collections.abc import Iterator

import pytest

from tests.adversary.machine import Stage, staged


@pytest.fixture(scope="session")
def adversary_stage(database_url: str) -> Iterator[Stage]:
    """The house of the proof, for all plays of this process."""
    with staged(database_url) as stage:
        yield stage
