"""Test controls under `/_control/`."""

from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import Wire
from agentpay.sandbox.polar.wire import Answer, answer_json


async def handle(state: PolarState, wire: Wire) -> Answer:
    return answer_json({"detail": "Not Found"}, 404)
