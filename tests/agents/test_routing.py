"""Who answers: a table of teams and intents."""

from uuid import UUID

import msgspec
import pytest

from agentpay.agents import routing
from agentpay.agents.routing import NoActiveAgent
from agentpay.understanding.intents import Intent


class Player(msgspec.Struct, frozen=True):
    id: UUID
    agent_type: str
    status: str = "active"


def team(*words: str) -> list[Player]:
    """`sales`, `support:training` …, oldest first; ids count from 1."""
    return [
        Player(UUID(int=number), agent_type, status or "active")
        for number, (agent_type, _, status) in enumerate((word.partition(":") for word in words), 1)
    ]


@pytest.mark.parametrize(
    ("agents", "first"),
    [
        (["support", "sales", "sales"], 2),
        (["support", "payment"], 1),
        (["sales:inactive", "sales:training", "support"], 3),
    ],
)
def test_a_first_conversation_goes_to_the_oldest_sales_agent_else_the_oldest(agents: list[str], first: int) -> None:
    assert routing.first_agent(team(*agents)).id.int == first


@pytest.mark.parametrize("agents", [[], ["sales:inactive"], ["sales:training"]])
def test_without_an_active_agent_no_conversation_starts(agents: list[str]) -> None:
    with pytest.raises(NoActiveAgent) as refused:
        routing.first_agent(team(*agents))
    assert (refused.value.status, refused.value.body["error"]) == (409, "NoActiveAgent")


@pytest.mark.parametrize(
    ("agents", "intent", "current", "is_training", "answers"),
    [
        (["sales"], "refund_request", 1, False, 1),
        (["support"], "price_negotiation", 1, False, 1),
        (["sales", "support", "payment"], "price_negotiation", 1, False, 1),
        (["sales", "support", "payment"], "support_request", 1, False, 2),
        (["sales", "support", "payment"], "order_status", 1, False, 3),
        (["sales", "support", "payment"], "price_negotiation", 3, False, 1),
        (["sales", "sales"], "product_query", 2, False, 2),
        (["sales", "sales", "support"], "product_query", 3, False, 1),
        (["sales", "support"], "order_status", 2, False, 2),
        (["sales", "support:inactive"], "support_request", 1, False, 1),
        (["sales:inactive", "support", "sales"], "product_query", 1, False, 3),
        (["sales:training", "sales"], "product_query", 1, False, 2),
        (["sales:training", "sales"], "product_query", 1, True, 1),
        (["sales:training", "sales"], "product_query", 2, True, 2),
        (["sales", "support:training"], "support_request", 1, False, 1),
        (["sales", "support:training"], "support_request", 1, True, 2),
        (["payment", "support"], "product_query", None, False, 1),
        (["sales:inactive"], "product_query", 1, False, None),
        ([], "product_query", None, True, None),
    ],
)
def test_routing(agents: list[str], intent: str, current: int | None, is_training: bool, answers: int | None) -> None:
    agent = routing.answering_agent(
        team(*agents),
        intent=Intent(intent),
        current_id=UUID(int=current) if current else None,
        is_training=is_training,
    )
    assert (agent and agent.id.int) == answers
