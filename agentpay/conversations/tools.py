"""The tool by which an agent asks for a person."""

from typing import Any

from agentpay.agents.tools import Tool, ToolContext
from agentpay.conversations import handoff
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.llm.types import ToolResult

REASON_CHARACTERS_MAX = 300


def tools(db: Database, appender: Appender, jobs: Jobs) -> tuple[Tool, ...]:
    """`request_human`."""

    async def request_human(context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Open a handoff; asking twice changes nothing."""
        async with db.transaction() as tx:
            await context.hold(tx)
            conversation = await lock(
                tx, organization_id=context.organization_id, conversation_id=context.conversation_id
            )
            await handoff.request(
                tx, appender, jobs, conversation=conversation, asked_by="agent", reason=arguments.get("reason")
            )
        return ToolResult(context.call_id, "request_human", "done", {"state": "asked"})

    return (
        Tool(
            name="request_human",
            description="Ask a person of the merchant's staff to take over. Use when the visitor asks for a person,"
            " or when you cannot help.",
            parameters={
                "type": "object",
                "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": REASON_CHARACTERS_MAX}},
                "additionalProperties": False,
            },
            agent_types=("sales", "support", "payment"),
            acts=True,
            perform=request_human,
        ),
    )
