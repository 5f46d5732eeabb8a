"""Polar in trouble: each kind has one named behaviour (docs/polar-trouble.md), and it stays with its merchant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Any, get_args
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from agentpay.db.engine import Database
from agentpay.polar import client as client_module
from agentpay.polar.circuit import CALLS_AT_ONCE_MAX, FAILURES_UNTIL_PAUSE
from agentpay.polar.client import Credential, Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.metrics import PolarMetrics
from agentpay.sandbox.polar import seeding
from agentpay.sandbox.polar.faults import FaultKind
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState

MANY = 1_000


class Merchant:
    """One merchant with a Polar of its own."""

    def __init__(self, name: str) -> None:
        self.state = PolarState(config=for_tests())
        organization = self.state.add_organization(name)
        self.product_id = UUID(self.state.add_product(organization, prices=[seeding.fixed(9500)]).id)
        self.token = self.state.add_token(organization)
        self.id = uuid4()
        self.polar: Polar

    def read(self) -> Awaitable[Any]:
        return self.polar.get_product(product_id=self.product_id)

    def post(self) -> Awaitable[Any]:
        return self.polar.create_checkout(product_id=self.product_id, currency="usd", metadata={})

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.state.calls)


class Street(msgspec.Struct):
    """Two merchants of one AgentPay."""

    gateway: PolarGateway
    acme: Merchant
    rival: Merchant
    metrics: PolarMetrics


@pytest_asyncio.fixture
async def street(db: Database) -> AsyncIterator[Street]:
    acme, rival = Merchant("Acme Candles"), Merchant("Rival Shop")
    urls: dict[UUID, Credential] = {}

    async def credentials(organization_id: UUID) -> Credential:
        return urls[organization_id]

    gateway, metrics = PolarGateway(db, credentials=credentials, verify=False), PolarMetrics(CollectorRegistry())
    metrics.watch(gateway)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(gateway.close)
        for merchant in (acme, rival):
            url = await stack.enter_async_context(serve(merchant.state))
            urls[merchant.id] = Credential(base_url=url, environment="custom", token=merchant.token)
            merchant.polar = await gateway.of(merchant.id)
        yield Street(gateway, acme, rival, metrics)


async def outcome(call: Awaitable[Any]) -> tuple[str, bool]:
    """`answered`, or the kind of trouble; and whether Polar may have done it."""
    try:
        await call
    except PolarError as error:
        return error.kind, error.unknown_outcome
    return "answered", False


# Fault at Polar: how often and with what end a read is sent; the same for a POST, and whether its outcome is unknown.
BEHAVIOUR: dict[FaultKind, tuple[int, str, int, str, bool]] = {
    "delay": (1, "answered", 1, "answered", False),
    "hang": (1, "timeout", 1, "timeout", True),
    "rate_limited": (1, "rate_limited", 1, "rate_limited", False),
    "server_error": (3, "server", 1, "server", True),
    "bad_gateway": (3, "server", 1, "server", True),
    "unavailable": (3, "server", 1, "server", True),
    "reset": (3, "network", 1, "network", True),
    "half_answer": (3, "network", 1, "network", True),
    "lost_answer": (3, "network", 1, "network", True),
}


def test_every_fault_that_the_local_polar_knows_has_its_behaviour() -> None:
    assert set(BEHAVIOUR) == set(get_args(FaultKind))


@pytest.mark.parametrize("fault", BEHAVIOUR)
async def test_trouble_has_one_named_end_for_reads_and_one_for_posts(
    street: Street, fault: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CALL_SECONDS_MAX", 15.0 if fault != "hang" else 0.5)
    reads, read_end, posts, post_end, is_unknown = BEHAVIOUR[fault]
    acme, rival = street.acme, street.rival
    planned = acme.state.faults.add(fault, times=MANY, seconds=0.1 if fault == "delay" else 30)
    assert await outcome(acme.read()) == (read_end, False)
    assert MANY - planned.times == reads
    street.gateway._circuits.clear()
    acme.polar = await street.gateway.of(acme.id)
    planned.times = MANY
    assert await outcome(acme.post()) == (post_end, is_unknown)
    assert MANY - planned.times == posts, "what may have happened is never asked for again"
    assert await outcome(rival.post()) == ("answered", False)


async def test_while_one_merchants_polar_hangs_the_others_is_as_quick_as_ever(street: Street) -> None:
    acme, rival = street.acme, street.rival
    planned = acme.state.faults.add("hang", times=MANY, seconds=30)
    hanging = [asyncio.create_task(outcome(acme.post())) for _ in range(CALLS_AT_ONCE_MAX * 3)]
    while planned.times > MANY - CALLS_AT_ONCE_MAX:  # noqa: ASYNC110 (the stand-in only counts)
        await asyncio.sleep(0.005)
    assert [await outcome(rival.post()) for _ in range(5)] == [("answered", False)] * 5
    assert not any(task.done() for task in hanging), "and nobody had to wait for the hanging ones"
    assert MANY - planned.times == CALLS_AT_ONCE_MAX, "no more than its slots are held"
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_one_merchants_breaker_opens_for_that_merchant_and_is_counted(street: Street) -> None:
    acme, rival = street.acme, street.rival
    acme.state.faults.add("server_error", times=MANY)
    ends = [await outcome(acme.post()) for _ in range(FAILURES_UNTIL_PAUSE + 2)]
    assert ends == [("server", True)] * FAILURES_UNTIL_PAUSE + [("paused", False)] * 2
    assert acme.calls("POST") == FAILURES_UNTIL_PAUSE, "a Polar that is unwell is left alone"
    assert await outcome(rival.post()) == ("answered", False)
    (paused,) = street.metrics.paused.collect()
    assert paused.samples[0].value == 1
    (calls,) = street.metrics.calls.collect()
    counted = {
        (sample.labels["method"], sample.labels["outcome"]): sample.value
        for sample in calls.samples
        if sample.name.endswith("_total")
    }
    assert counted == {("POST", "server"): FAILURES_UNTIL_PAUSE, ("POST", "paused"): 2, ("POST", "answered"): 1}
