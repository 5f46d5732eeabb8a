"""Webhook attempts: signed, timed, recorded, retried, given up (contract § 6.5)."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from agentpay.sandbox.polar import constants, signing
from agentpay.sandbox.polar.entities import Delivery, Endpoint, WebhookEvent

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

USER_AGENT: Final = "polar.sh webhooks"


async def attempt(state: "PolarState", http: httpx.AsyncClient, event_id: str, *, is_redelivery: bool = False) -> None:
    """Send the event once, record the outcome, plan the next attempt or give up."""
    event = state.webhook_events.find(event_id)
    endpoint = state.endpoints.find(event.endpoint_id) if event is not None else None
    if event is None or endpoint is None or (event.skipped and not is_redelivery):
        return
    if not endpoint.enabled and not is_redelivery:
        state.webhook_events.put(msgspec.structs.replace(event, skipped=True))
        return
    code, text = await _send(state, http, event, endpoint)
    succeeded = code is not None and 200 <= code < 300
    # The row may have changed while the receiver was thinking.
    event = state.webhook_events.get(event_id)
    event = msgspec.structs.replace(
        event,
        modified_at=state.now(),
        attempts=event.attempts + 1,
        last_http_code=code,
        succeeded=True if succeeded else event.succeeded,
        skipped=False if is_redelivery else event.skipped,
    )
    state.deliveries.put(
        Delivery(
            id=state.new_id(),
            created_at=state.now(),
            endpoint_id=endpoint.id,
            webhook_event_id=event.id,
            succeeded=succeeded,
            http_code=code,
            response=text[: constants.WEBHOOK_RESPONSE_CHARACTERS_MAX] or None,
        )
    )
    _conclude(state, event, endpoint, succeeded=succeeded, is_redelivery=is_redelivery)


async def _send(
    state: "PolarState", http: httpx.AsyncClient, event: WebhookEvent, endpoint: Endpoint
) -> tuple[int | None, str]:
    body = event.payload.encode()
    timestamp = int(state.attempt_time().timestamp())
    headers = {
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.signature(
            endpoint.secret,
            standard=endpoint.standard_signature,
            event_id=event.id,
            timestamp=timestamp,
            body=body,
        ),
        "webhook-api-version": event.api_version,
    }
    try:
        answer = await http.post(endpoint.url, content=body, headers=headers)
    except httpx.HTTPError as problem:
        return None, str(problem) or type(problem).__name__
    return answer.status_code, answer.text


def _conclude(
    state: "PolarState", event: WebhookEvent, endpoint: Endpoint, *, succeeded: bool, is_redelivery: bool
) -> None:
    if succeeded or event.succeeded is True:
        state.webhook_events.put(event)
        return
    if event.attempts >= constants.WEBHOOK_ATTEMPTS_MAX:
        state.webhook_events.put(msgspec.structs.replace(event, succeeded=False))
        if not is_redelivery:
            _disable_if_hopeless(state, endpoint)
        return
    state.webhook_events.put(event)
    due = state.later(backoff_seconds(event.attempts) * state.settings.retry_scale)
    state.schedule("deliver", due=due, event_id=event.id, in_turn=False)


def backoff_seconds(attempts: int) -> float:
    """Wait after the n-th failed attempt: 2 s times 2 to the n, up to twice that, at most 20 minutes."""
    wait = constants.WEBHOOK_BACKOFF_SECONDS * 2.0**attempts * random.uniform(1.0, 2.0)
    return min(wait, constants.WEBHOOK_BACKOFF_SECONDS_MAX)


def _disable_if_hopeless(state: "PolarState", endpoint: Endpoint) -> None:
    """Switch the endpoint off when its most recent finished events all failed for good."""
    mine = [event for event in state.webhook_events if event.endpoint_id == endpoint.id]
    finished = [event for event in mine if event.succeeded is not None]
    recent: Sequence[WebhookEvent] = finished[-constants.WEBHOOK_FAILURES_UNTIL_DISABLED :]
    if len(recent) < constants.WEBHOOK_FAILURES_UNTIL_DISABLED or any(event.succeeded for event in recent):
        return
    current = state.endpoints.get(endpoint.id)
    state.endpoints.put(msgspec.structs.replace(current, enabled=False, modified_at=state.now()))
    for event in mine:
        if event.succeeded is None:
            state.webhook_events.put(msgspec.structs.replace(event, skipped=True))
