"""`search_knowledge`: what a provider may ask the merchant's articles. Reads only."""

from typing import Any

from agentpay.agents.tools import Tool, ToolContext
from agentpay.db.engine import Database
from agentpay.kit.text import one_line
from agentpay.knowledge.search import Answer, search
from agentpay.llm.types import ToolResult

NAME = "search_knowledge"
ANSWERS_MAX = 3
SOURCES_MAX = 2
SOURCE_SHARE_MIN = 0.6
"""An article is named as a source when it answers at least this well beside the best."""
QUERY_CHARACTERS_MAX = 4_000

DESCRIPTION = (
    "Search the merchant's policies, questions and guides: shipping, returns, refunds, payment, access, how it works."
    " Pass the visitor's question in their own words. Answer only from what it returns; if it returns nothing, say that"
    " you do not know."
)
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "minLength": 1,
            "maxLength": QUERY_CHARACTERS_MAX,
            "description": "The visitor's question, or keywords, in any language.",
        }
    },
    "required": ["query"],
    "additionalProperties": False,
}


def tools(db: Database) -> tuple[Tool, ...]:
    """The tools of this package."""

    async def perform(context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        answers = await search(
            db,
            organization_id=context.organization_id,
            query=arguments["query"],
            language=context.language,
            limit=ANSWERS_MAX,
        )
        return ToolResult(
            context.call_id,
            NAME,
            "done",
            {"articles": [article_facts(answer) for answer in answers], "total": len(answers)},
            tuple(source(answer) for answer in answers[:SOURCES_MAX] if answer.score >= SOURCE_SHARE_MIN),
        )

    return (Tool(NAME, DESCRIPTION, PARAMETERS, ("sales", "support", "payment"), False, perform),)


def article_facts(answer: Answer) -> dict[str, Any]:
    """What a provider is told: the merchant's own words, to be treated as data."""
    return {
        "article_id": str(answer.article_id),
        "type": answer.type,
        "title": answer.title,
        "snippet": answer.snippet,
        "passages": [one_line(passage) for passage in answer.passages],
        "url": answer.url,
        "language": answer.language,
    }


def source(answer: Answer) -> dict[str, Any]:
    """The `source` attachment of API § 5."""
    return {"type": "source", "article_id": str(answer.article_id), "title": answer.title, "url": answer.url}
