from collections.abc import Iterator

import pytest

from tests.dev.process import Dev, running_dev

MANY = "1000"


@pytest.fixture(scope="session")
def dev() -> Iterator[Dev]:
    """One installation for all these tests, whose visitors share an address; who stops it starts it again."""
    with running_dev(AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE=MANY, AGENTPAY_STANDING_OFFERS_PER_ADDRESS=MANY) as running:
        yield running
