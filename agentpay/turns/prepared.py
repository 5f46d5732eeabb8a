"""What was read, understood and decided before a turn's first question, and the questions made of it. Pure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from agentpay.agents.repository import AgentRow
from agentpay.agents.tools import ToolContext
from agentpay.llm.types import Brief, Entry, Request, ToolCall, ToolResult, ToolSpec
from agentpay.turns import prompt
from agentpay.turns.facts import StepDone
from agentpay.turns.guard.facts import known_of
from agentpay.turns.guard.known import Known
from agentpay.turns.speaker import Question
from agentpay.turns.spending import Purse


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn's questions are rebuilt from, beside messages, steps and agent version. Stored with the turn."""

    brief: Brief
    organization_name: str
    asked_after: int
    window_begin: int
    summary: str | None
    context: dict[str, Any]
    open_names: tuple[str, ...]
    tool_names: tuple[str, ...]
    providers: tuple[str, ...]
    hesitation_signals: int


class Sources(msgspec.Struct, frozen=True):
    """What else than this turn's records and results a reply may name."""

    hosts: frozenset[str] = frozenset()
    results: tuple[ToolResult, ...] = ()
    """Of the conversation's earlier turns."""


class Prepared(msgspec.Struct):
    """`steps` grows while the turn runs; all else stands."""

    agent: AgentRow
    brief: Brief
    system: str
    talk: tuple[Entry, ...]
    open_names: frozenset[str]
    """Tools that may run in this turn."""
    tool_names: frozenset[str]
    """Tools that a model is shown: what the agent's configuration opens, so that its prompt's prefix stands still."""
    providers: tuple[str, ...]
    """Models to ask, in order."""
    purse: Purse
    sources: Sources
    context: Callable[[ToolCall, str], ToolContext]
    """The caller of a tool, given the call and its effect key."""
    steps: list[StepDone]
    agent_state: dict[str, Any]

    @property
    def results(self) -> list[tuple[ToolCall, ToolResult]]:
        """All calls so far with what they came to, in order."""
        return [pair for step in self.steps for pair in zip(step.calls, step.results, strict=False)]


def page_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """What of the page's context a model reads."""
    return {name: context[name] for name in prompt.CONTEXT_KEYS if context.get(name)}


def talk(script: Script, messages: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """The talk as a model reads it."""
    return prompt.talk(
        script.brief,
        [row for row in messages if row["sequence"] >= script.window_begin],
        asked_after=script.asked_after,
        summary=script.summary,
        context=script.context,
    )


def question(prepared: Prepared, specs: Callable[[frozenset[str]], tuple[ToolSpec, ...]]) -> Question:
    """The next question: to a model the talk and this turn's steps, to the template the brief and the results."""
    config = prepared.agent.config
    results = tuple(prepared.results)
    entries = [entry for step in prepared.steps for entry in prompt.step_entries(step.said, step.calls, step.results)]
    common = Request(
        brief=prepared.brief,
        system=prepared.system,
        messages=(*prepared.talk, *entries),
        tools=specs(prepared.tool_names),
        model=config.llm_model or "",
        temperature=config.temperature,
        max_tokens=config.max_tokens,
    )
    return Question(
        for_models=common,
        for_template=msgspec.structs.replace(
            common, messages=(), tools=specs(prepared.open_names), results=results, model=""
        ),
        known=known(prepared),
    )


def digest(request: Request) -> str:
    """What a stored step remembers of its question: a replay that rebuilds another one shows."""
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()


def known(prepared: Prepared) -> Known:
    """What a reply may name now."""
    brief = prepared.brief
    results = (*prepared.sources.results, *(result for _, result in prepared.results))
    products = brief.shown if brief.focus is None else (*brief.shown, brief.focus)
    return known_of(
        products=products,
        offers=brief.offers,
        checkouts=brief.checkouts,
        orders=brief.orders,
        results=results,
        system=prepared.system,
        hosts=prepared.sources.hosts,
        article_texts=[text for result in results for text in _article_texts(result)],
    )


def _article_texts(result: ToolResult) -> list[str]:
    """What the merchant wrote and a search of this conversation found."""
    articles = result.facts.get("articles") if result.name == "search_knowledge" else None
    found = [article for article in articles or () if isinstance(article, dict)]
    return [str(article.get(field) or "") for article in found for field in ("title", "snippet")]
