"""What is left of merchants' budgets.

The one place where a label names an organization: whose budget ends is what an operator must know. At most
`BUDGETS_SHOWN_MAX` are shown, those with the least left; budgets of visitors, conversations and agents never are.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from agentpay.db.engine import Database
from agentpay.offers import repository

BUDGETS_SHOWN_MAX: Final = 50


class BudgetMetrics:
    """`sample` in the one process that looks at the tables; `forget` in all others."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.left = Gauge(
            "agentpay_budget_left_ratio",
            "What is left of an organization's budget of this period, 0 to 1; the tightest (sampled by one process)",
            ("organization_id", "kind", "period", "currency"),
            registry=registry,
        )

    async def sample(self, db: Database) -> None:
        rows = await repository.list_tightest_budgets(db, limit=BUDGETS_SHOWN_MAX)
        self.forget()
        for row in rows:
            labels = (str(row["organization_id"]), row["kind"], row["period"], row["currency"])
            self.left.labels(*labels).set(row["left_ratio"])

    def forget(self) -> None:
        self.left.clear()
