"""The cast: Acme Candles the merchant, Wick its agent, Sam the visitor, Rival Shop who must see nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents import publish, rules, schemas
from agentpay.agents.repository import AgentRow
from agentpay.agents.tools import ToolContext
from agentpay.catalog import mirror
from agentpay.conversations import shown
from agentpay.conversations.append import Appender, lock
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import uuid7
from agentpay.offers.negotiation import Ask
from agentpay.offers.propose import Outcome, propose
from agentpay.polar.types import Price, Product

_ORGANIZATION = """
insert into organizations (id, name, status, polar_environment, polar_base_url, default_currency, budgets)
values (%(id)s, %(name)s, 'active', 'custom', 'http://127.0.0.1:1', %(currency)s, %(budgets)s)
"""
_CONVERSATION = """
insert into conversations (id, organization_id, agent_id, channel, session_id, external_customer_id)
values (%(id)s, %(organization_id)s, %(agent_id)s, 'web', %(session_id)s, %(external_customer_id)s)
"""


async def merchant(
    db: Database, *, name: str = "Acme Candles", currency: str = "usd", budgets: list[dict[str, Any]] | None = None
) -> UUID:
    organization_id = uuid7()
    values = {"id": organization_id, "name": name, "currency": currency, "budgets": Jsonb(budgets or [])}
    await db.run(_ORGANIZATION, values)
    return organization_id


async def agent(
    db: Database, organization_id: UUID, *, name: str = "Wick", agent_type: str = "sales", **written: Any
) -> AgentRow:
    """`written`: the agent's rules in the merchant's words."""
    data = schemas.AgentCreate(
        name=name,
        agent_type=agent_type,  # type: ignore[arg-type] # a test's word
        rules=rules.to_wire(rules.parse(msgspec.to_builtins(written))),
    )
    return await publish.create_agent(db, organization_id=organization_id, data=data)


async def conversation(
    db: Database, organization_id: UUID, agent_id: UUID, *, session: str = "sam", customer: str | None = None
) -> UUID:
    """Sam's conversation."""
    conversation_id = uuid7()
    values = {
        "id": conversation_id,
        "organization_id": organization_id,
        "agent_id": agent_id,
        "session_id": session,
        "external_customer_id": customer,
    }
    await db.run(_CONVERSATION, values)
    return conversation_id


class Shop:
    """Acme Candles, Wick and one candle, ready to haggle with Sam."""

    def __init__(self, db: Database, organization_id: UUID, wick: AgentRow) -> None:
        self.db = db
        self.organization_id = organization_id
        self.wick = wick
        self.doorbell = Doorbell(db)
        self.jobs = Jobs(self.doorbell)
        self.appender = Appender(self.doorbell, self.jobs)

    @classmethod
    async def open(
        cls, db: Database, *, budgets: list[dict[str, Any]] | None = None, name: str = "Acme Candles", **written: Any
    ) -> "Shop":
        """`written`: Wick's rules in the merchant's words; 20 % at most and nobody to ask, unless said."""
        organization_id = await merchant(db, name=name, budgets=budgets)
        limits = {"max_discount_percent": 20, "require_approval_above": 100} | written
        return cls(db, organization_id, await agent(db, organization_id, **limits))

    async def sells(self, product_id: UUID | None = None, **changes: Any) -> Product:
        """A product, in the mirror as of now. `changes`: of the product, or `price` of its one price."""
        price = changes.pop("price", {})
        prices = changes.pop("prices", None) or [fixed(**price)]
        made = Product(
            id=product_id or uuid4(),
            created_at=datetime(2026, 11, 1, tzinfo=UTC),
            name=changes.pop("name", "Amber Candle"),
            prices=prices,
            **changes,
        )
        async with self.db.transaction() as tx:
            now = await tx.value("select clock_timestamp()")
            await mirror.apply_product(tx, self.jobs, organization_id=self.organization_id, product=made, seen_at=now)
        return made

    async def talks_to(
        self, *products: Product, session: str = "sam", customer: str | None = None, **changes: Any
    ) -> ToolContext:
        """A conversation with a visitor who was shown `products`; `changes` of the context."""
        conversation_id = await conversation(
            self.db, self.organization_id, self.wick.id, session=session, customer=customer
        )
        async with self.db.transaction() as tx:
            await shown.show(
                tx,
                organization_id=self.organization_id,
                conversation_id=conversation_id,
                product_ids=[product.id for product in products],
            )

        async def hold(tx: Tx) -> None:
            await lock(tx, organization_id=self.organization_id, conversation_id=conversation_id)

        values: dict[str, Any] = {
            "organization_id": self.organization_id,
            "conversation_id": conversation_id,
            "turn_id": uuid7(),
            "call_id": "call",
            "effect_key": "",
            "agent_id": self.wick.id,
            "agent_version": self.wick.version,
            "rules": self.wick.rules,
            "config": {},
            "visitor_key": f"sub:{customer}" if customer else f"session:{session}",
            "is_proven_customer": customer is not None,
            "external_customer_id": customer,
            "customer_id": None,
            "currency": "usd",
            "language": "en",
            "origin": None,
            "hesitation_signals": 0,
            "hold": hold,
        }
        return ToolContext(**(values | changes))

    async def ask(
        self, visit: ToolContext, product: Product, ask: Ask | None = None, *, key: str | None = None, **options: Any
    ) -> Outcome:
        """One ask of one turn; another turn each time, unless `key` is given."""
        context = msgspec.structs.replace(visit, effect_key=key or str(uuid7()))
        return await propose(
            self.db, self.appender, self.jobs, ctx=context, product_id=product.id, ask=ask or Ask(), **options
        )

    async def offers(self, **where: Any) -> list[dict[str, Any]]:
        rows = await self.db.all(
            "select * from offers where organization_id = %s order by created_at", [self.organization_id]
        )
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    async def events(self, conversation_id: UUID) -> list[tuple[str, Any]]:
        rows = await self.db.all(
            'select type, data from events where conversation_id = %s order by "offset"', [conversation_id]
        )
        return [(row["type"], row["data"]) for row in rows]

    async def sentences(self, conversation_id: UUID) -> list[str]:
        rows = await self.db.all(
            "select content from messages where conversation_id = %s and role = 'system' order by sequence",
            [conversation_id],
        )
        return [row["content"] for row in rows]

    async def used(self, scope: str = "organization") -> tuple[int, int]:
        """Reserved and committed, of all counters of that scope."""
        row = await self.db.one(
            "select coalesce(sum(reserved), 0)::int as reserved, coalesce(sum(committed), 0)::int as committed"
            " from budgets where organization_id = %s and scope = %s",
            [self.organization_id, scope],
        )
        assert row is not None
        return row["reserved"], row["committed"]

    async def lapses(self, offer_id: UUID) -> None:
        """Its time is over."""
        await self.db.run("update offers set expires_at = now() - interval '1 second' where id = %s", [offer_id])


def fixed(*, amount: int = 10_000, currency: str = "usd", **changes: Any) -> Price:
    return Price(id=uuid4(), amount_type="fixed", price_amount=amount, price_currency=currency, **changes)
