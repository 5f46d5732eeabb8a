"""`agentpay deliveries`: Polar's webhooks of all merchants, and applying them again."""

import json
from uuid import UUID, uuid4

from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7
from tests.cast import Shop
from tests.commands.conftest import Operator


async def delivered(db: Database, shop: Shop, *, status: str, body: bytes | None = b"{}", type: str) -> UUID:
    """A delivery as it looks after a while; none that is due, so that no worker of the service takes it."""
    delivery_id = uuid7()
    await db.run(
        """insert into deliveries (id, organization_id, webhook_id, type, sent_at, body, status, attempt, error,
          next_try_at) values (%s, %s, %s, %s, now(), %s, %s, 10, 'KeyError in land', now() + interval '1 day')""",
        (delivery_id, shop.organization_id, str(delivery_id), type, body, status),
    )
    return delivery_id


async def test_the_list_tells_whose_and_what_became_of_it(
    db: Database, acme: Shop, rival: Shop, operator: Operator
) -> None:
    first = await delivered(db, acme, status="parked", type="order.paid")
    await delivered(db, rival, status="ignored", type="benefit.created")
    heads, newest, oldest = (await operator("deliveries", "list")).out.splitlines()
    assert heads.split() == ["ID", "ORGANIZATION", "TYPE", "STATUS", "TRIES", "CAME", "ERROR"]
    assert "Rival Shop" in newest
    assert oldest.startswith(str(first))
    assert "Acme Candles" in oldest
    assert oldest.endswith("KeyError in land")


async def test_the_list_is_narrowed_and_readable_by_machines(
    db: Database, acme: Shop, rival: Shop, operator: Operator
) -> None:
    parked = await delivered(db, acme, status="parked", type="order.paid")
    await delivered(db, acme, status="ignored", type="order.paid")
    await delivered(db, rival, status="parked", type="order.paid")
    narrowed = ["--organization", str(acme.organization_id), "--status", "parked", "--json"]
    (found,) = json.loads((await operator("deliveries", "list", *narrowed)).out)
    assert (found["id"], found["attempt"]) == (str(parked), 10)
    assert "body" not in found


async def test_deliveries_are_applied_again(db: Database, acme: Shop, operator: Operator) -> None:
    unknown = str(uuid4())
    erased = await delivered(db, acme, status="parked", body=None, type="order.paid")
    parked = await delivered(db, acme, status="parked", type="benefit.created")
    said = await operator("deliveries", "retry", str(parked), str(erased), unknown, "--json")
    assert (said.code, json.loads(said.out)) == (1, {"retried": [str(parked)], "left": [str(erased), unknown]})
    applied = "select status from deliveries where id = %s and status in ('applied', 'ignored')"
    found = None
    for _ in range(1_000):  # the service's own worker looks every second
        if (found := await db.value(applied, (parked,))) is not None:
            break
        await db.value("select pg_sleep(0.01)")
    assert found == "ignored", "a kind of event that is nothing of ours"


async def test_all_parked_ones_are_applied_again_at_once(db: Database, acme: Shop, operator: Operator) -> None:
    for _ in range(2):
        await delivered(db, acme, status="parked", type="benefit.created")
    await delivered(db, acme, status="applied", type="order.paid")
    assert (await operator("deliveries", "retry", "--all-parked")).out == "2 deliveries are applied again.\n"
    assert (await operator("deliveries", "retry")).code == 2
