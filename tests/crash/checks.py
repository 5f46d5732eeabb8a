"""What must be true after any crash (DESIGN § 1: promises 2 to 4). Each check returns what is wrong, in words."""

from collections.abc import Iterable
from typing import Any

from tests.cluster.cluster import Cluster
from tests.crash.walk import Walked, payable_checkouts, usable_discounts

APOLOGIES = ("Sorry", "went wrong", "could not be opened")


async def before_paying(cluster: Cluster, conversation_id: str, checkout: dict[str, Any]) -> list[str]:
    """One usable discount, one payable checkout, and the visitor holds the link of that very one."""
    row = await cluster.db.one(
        "select polar_checkout_id, discount_id, url, status, sent_at from checkouts where conversation_id = %s",
        (conversation_id,),
    )
    assert row is not None
    wrong = list(_different("checkout", row["status"], "open"))
    wrong += _different("usable discounts", usable_discounts(cluster, conversation_id), [str(row["discount_id"])])
    wrong += _different(
        "payable checkouts", payable_checkouts(cluster, conversation_id), [str(row["polar_checkout_id"])]
    )
    shown = cluster.polar.checkouts.get(str(row["polar_checkout_id"]))
    wrong += _different("link", checkout["url"].rsplit("/", 1)[1].split("?")[0], shown.client_secret)
    return wrong


async def at_the_end(cluster: Cluster, walked: Walked) -> list[str]:
    """Sold once, at the agreed price; the ledger balances; nothing was done, said or told twice."""
    ids = (walked.conversation_id,)
    offer, agreed = walked.offer, walked.offer["amount"]
    wrong = list(_different("offer", offer["status"], "redeemed"))
    wrong += _different("checkout", walked.checkout["status"], "succeeded")
    wrong += _different(
        "offers", await cluster.db.value("select count(*) from offers where conversation_id = %s", ids), 1
    )
    wrong += _different(
        "checkouts", await cluster.db.value("select count(*) from checkouts where conversation_id = %s", ids), 1
    )
    orders = await cluster.db.all("select below_bound from orders where conversation_id = %s", ids)
    wrong += _different("orders", [row["below_bound"] for row in orders], [False])
    sold = [
        order.total_amount - order.tax_amount
        for order in cluster.polar.orders
        if order.checkout_id == str(await _polar_checkout_id(cluster, walked))
    ]
    wrong += _different("paid at Polar", sold, [agreed])
    wrong += _different("payable checkouts left", payable_checkouts(cluster, walked.conversation_id), [])
    wrong += await _ledger(cluster, offer)
    return wrong + _said(walked)


async def _polar_checkout_id(cluster: Cluster, walked: Walked) -> object:
    return await cluster.db.value("select polar_checkout_id from checkouts where id = %s", (walked.checkout["id"],))


async def _ledger(cluster: Cluster, offer: dict[str, Any]) -> list[str]:
    """This offer's entry is committed as conceded, and every counter is the sum of its entries."""
    entries = await cluster.db.all(
        "select status, amount::int as amount from budget_entries where cause = %s", (f"offer:{offer['id']}",)
    )
    conceded = offer["list_amount"] - offer["amount"]
    wrong = list(_different("ledger", entries, [{"status": "committed", "amount": conceded}]))
    unequal = await cluster.db.value(
        """select count(*) from budgets b cross join lateral (
          select coalesce(sum(amount) filter (where status = 'reserved'), 0) as reserved,
            coalesce(sum(amount) filter (where status = 'committed'), 0) as committed
          from budget_entries e where (e.organization_id, e.kind, e.scope, e.scope_id, e.currency, e.period,
            e.period_start) = (b.organization_id, b.kind, b.scope, b.scope_id, b.currency, b.period, b.period_start)
        ) entries where (b.reserved, b.committed) <> (entries.reserved, entries.committed)"""
    )
    return wrong + list(_different("counters that are not their sums", unequal, 0))


def _said(walked: Walked) -> list[str]:
    roles = [message["role"] for message in walked.messages]
    wrong = list(_different("first messages", roles[:5], ["agent", "user", "agent", "user", "agent"]))
    wrong += _different("later messages that are not ours", sorted({*roles[5:]} - {"system"}), [])
    wrong += _different("replies", walked.replies, 2)
    attachments = [each for message in walked.messages for each in message["attachments"]]
    told = [each["amount"] for each in attachments if each["type"] == "order"]
    wrong += _different("orders told", told, [walked.offer["amount"]])
    buttons = {each["checkout_url"] for each in attachments if each["type"] == "payment_button"}
    wrong += _different("other links shown", sorted(buttons - {walked.link, None}), [])
    offered = {each["amount"] for each in attachments if each["type"] == "offer"}
    wrong += _different("offers shown", sorted(offered), [walked.offer["amount"]])
    sorry = [message["content"] for message in walked.messages if any(word in message["content"] for word in APOLOGIES)]
    return wrong + list(_different("apologies", sorry, []))


def _different(what: str, found: object, expected: object) -> Iterable[str]:
    if found != expected:
        yield f"{what}: {found} instead of {expected}"
