"""Test controls under `/_control/`, served without credentials and only when `settings.control` is on.

    GET    /_control/calls?method=&path=   every call received: method, path, query, headers, body, status, at;
                                           `path` is a shell pattern such as `/v1/checkouts/*`
    DELETE /_control/calls                 forget them
    GET    /_control/faults                troubles ahead
    POST   /_control/faults                {"kind", "method"?, "path"?, "times"?, "skip"?, "seconds"?, "retry_after"?}
                                           `kind`: delay hang rate_limited server_error bad_gateway unavailable reset
                                           half_answer lost_answer (`faults.Fault` says what each does)
    DELETE /_control/faults
    GET    /_control/webhooks              what happens to the next webhooks
    POST   /_control/webhooks              {"kind", "type"?, "times"?, "seconds"?}
                                           `kind`: drop duplicate late shuffle; `type` is a shell pattern
    DELETE /_control/webhooks
    GET    /_control/clock                 {"now"}
    POST   /_control/clock                 {"advance_seconds": 3600}
    POST   /_control/settle                wait until nothing is due and no webhook is under way
    POST   /_control/expire                run the expiry job now
    POST   /_control/subscriptions/{id}/renew   bill the next period now
    POST   /_control/checkouts/{id}/fail   the late notice of a failed payment arrives (OFFERS 24)
    GET    /_control/settings
    PATCH  /_control/settings              any fields of `settings.PolarSettings`

In-process tests use the same things as `state.faults`, `state.webhook_plan`, `state.calls`, `state.advance`,
`state.settle` and `state.settings`.
"""

import fnmatch
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import confirming, constants, faults, runner, settings, subscription_life
from agentpay.sandbox.polar.errors import Refused
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import Wire
from agentpay.sandbox.polar.wire import Answer, answer_json, answer_nothing

Deed = Callable[[PolarState, Wire, str], Awaitable[Answer]]


async def handle(state: PolarState, wire: Wire) -> Answer:
    if not state.settings.control:
        return answer_json({"detail": "Not Found"}, 404)
    await wire.read_body(constants.BODY_BYTES_MAX)
    path = wire.path.removeprefix("/_control")
    for method, pattern, deed in DEEDS:
        found = re.fullmatch(pattern, path)
        if found is not None and method == wire.method:
            try:
                return await deed(state, wire, found[1] if found.groups() else "")
            except msgspec.ValidationError as problem:
                return answer_json({"error": "RequestValidationError", "detail": str(problem)}, 422)
            except Refused as refusal:
                return answer_json(refusal.body(), refusal.status)
    return answer_json({"detail": "Not Found"}, 404)


def _body(wire: Wire, type: Any) -> Any:
    return msgspec.json.decode(wire.body or b"{}", type=type, strict=False)


async def _calls(state: PolarState, wire: Wire, _: str) -> Answer:
    method, path = wire.query_value("method"), wire.query_value("path") or "*"
    shown = [call for call in state.calls if method in (None, call.method) and fnmatch.fnmatchcase(call.path, path)]
    return answer_json({"items": shown})


async def _forget_calls(state: PolarState, wire: Wire, _: str) -> Answer:
    state.calls.clear()
    return answer_nothing()


async def _faults(state: PolarState, wire: Wire, _: str) -> Answer:
    return answer_json({"items": state.faults.pending})


async def _add_fault(state: PolarState, wire: Wire, _: str) -> Answer:
    fault = _body(wire, faults.Fault)
    state.faults.pending.append(fault)
    return answer_json(fault, 201)


async def _clear_faults(state: PolarState, wire: Wire, _: str) -> Answer:
    state.faults.clear()
    return answer_nothing()


async def _webhooks(state: PolarState, wire: Wire, _: str) -> Answer:
    return answer_json({"items": state.webhook_plan.pending})


async def _add_webhook_fault(state: PolarState, wire: Wire, _: str) -> Answer:
    fault = _body(wire, faults.WebhookFault)
    state.webhook_plan.pending.append(fault)
    return answer_json(fault, 201)


async def _clear_webhooks(state: PolarState, wire: Wire, _: str) -> Answer:
    state.webhook_plan.clear()
    return answer_nothing()


class _Advance(msgspec.Struct):
    advance_seconds: float


async def _clock(state: PolarState, wire: Wire, _: str) -> Answer:
    return answer_json({"now": state.now()})


async def _advance(state: PolarState, wire: Wire, _: str) -> Answer:
    return answer_json({"now": state.advance(_body(wire, _Advance).advance_seconds)})


async def _settle(state: PolarState, wire: Wire, _: str) -> Answer:
    await state.settle()
    return answer_nothing()


async def _expire(state: PolarState, wire: Wire, _: str) -> Answer:
    runner.expire(state)
    return answer_nothing()


async def _renew(state: PolarState, wire: Wire, id: str) -> Answer:
    order = subscription_life.renew(state, id)
    return answer_json({"order_id": order.id if order is not None else None})


async def _fail(state: PolarState, wire: Wire, id: str) -> Answer:
    confirming.payment_failed(state, id)
    return answer_nothing()


async def _settings(state: PolarState, wire: Wire, _: str) -> Answer:
    return answer_json(state.settings)


async def _change_settings(state: PolarState, wire: Wire, _: str) -> Answer:
    known = settings.PolarSettings.__struct_fields__
    sent = {name: value for name, value in _body(wire, dict[str, Any]).items() if name in known}
    changed = msgspec.convert({**msgspec.to_builtins(state.settings), **sent}, settings.PolarSettings)
    for name in known:
        setattr(state.settings, name, getattr(changed, name))
    return answer_json(state.settings)


DEEDS: Final[tuple[tuple[str, str, Deed], ...]] = (
    ("GET", "/calls", _calls),
    ("DELETE", "/calls", _forget_calls),
    ("GET", "/faults", _faults),
    ("POST", "/faults", _add_fault),
    ("DELETE", "/faults", _clear_faults),
    ("GET", "/webhooks", _webhooks),
    ("POST", "/webhooks", _add_webhook_fault),
    ("DELETE", "/webhooks", _clear_webhooks),
    ("GET", "/clock", _clock),
    ("POST", "/clock", _advance),
    ("POST", "/settle", _settle),
    ("POST", "/expire", _expire),
    ("POST", "/subscriptions/([^/]+)/renew", _renew),
    ("POST", "/checkouts/([^/]+)/fail", _fail),
    ("GET", "/settings", _settings),
    ("PATCH", "/settings", _change_settings),
)
