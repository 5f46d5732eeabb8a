import json
from typing import Any

import pytest

from tests.dev.process import agentpay


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    """The OpenAPI document of this code, as `agentpay openapi` prints it."""
    made: dict[str, Any] = json.loads(agentpay("openapi").out)
    return made
