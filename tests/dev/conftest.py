from collections.abc import Iterator

import pytest

from tests.dev.process import Dev, running_dev


@pytest.fixture(scope="session")
def dev() -> Iterator[Dev]:
    """One installation for all these tests; who stops it starts it again."""
    with running_dev() as running:
        yield running
