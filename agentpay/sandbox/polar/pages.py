"""What a browser sees: the pay page, its files, product pictures."""

from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import Wire
from agentpay.sandbox.polar.wire import Answer, answer_json

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def answer(state: PolarState, wire: Wire) -> Answer:
    return answer_json({"detail": "Not Found"}, 404)
