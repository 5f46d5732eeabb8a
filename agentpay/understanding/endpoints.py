"""`POST /v1/agent/intent`: what a message means, without answering it (API § 8). Secret key only."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentpay.kit import limits
from agentpay.kit.caller import Merchant
from agentpay.kit.errors import Invalid
from agentpay.kit.text import SPOKEN_PATTERN, is_blank
from agentpay.understanding.classify import classify
from agentpay.understanding.intents import Action, Intent
from agentpay.understanding.second_opinion import Pay, SecondOpinion

Text = Annotated[str, msgspec.Meta(max_length=limits.MESSAGE_CHARACTERS_MAX)]
Spoken = Annotated[Text, msgspec.Meta(extra_json_schema={"pattern": SPOKEN_PATTERN})]


class IntentQuery(msgspec.Struct, forbid_unknown_fields=True):
    """`prev_agent_*`: what the agent did and said just before; null counts as left out."""

    text: Spoken
    prev_agent_action: Action | None = None
    prev_agent_text: Text | None = None
    provider: Literal["rules", "llm", "hybrid"] | None = None


class IntentPublic(msgspec.Struct):
    intent: Intent
    confidence: float
    entities: dict[str, Any]
    language: str
    source: Literal["rules", "llm", "hybrid"]


@post("/v1/agent/intent", status_code=200, operation_id="classify_intent", tags=["understanding"])
async def classify_intent(
    merchant: NamedDependency[Merchant],
    opinion: NamedDependency[SecondOpinion],
    opinion_providers: NamedDependency[tuple[str, ...]],
    opinion_payer: NamedDependency[Callable[[UUID], Pay]],
    data: JSONBody[IntentQuery],
) -> IntentPublic:
    """Intent, confidence and entities of one message.

    By `rules` (the default), by a model (`llm`), or by a model where the rules are unsure (`hybrid`). `source` says who
    answered: without a model that does so in time and within the budgets, the rules.
    """
    if is_blank(data.text):
        raise Invalid.at(("body", "text"), "Say something.", kind="too_short")
    action = data.prev_agent_action.value if data.prev_agent_action else None
    by_rules = classify(data.text, prev_agent_action=action, prev_agent_text=data.prev_agent_text)
    understood = await opinion.refine(
        data.text,
        by_rules,
        mode=data.provider or "rules",
        providers=opinion_providers,
        pay=opinion_payer(merchant.organization_id),
        prev_agent_action=action,
        prev_agent_text=data.prev_agent_text,
    )
    return IntentPublic(
        intent=understood.intent,
        confidence=understood.confidence,
        entities=msgspec.to_builtins(understood.entities),
        language=understood.language,
        source=understood.source,
    )


HANDLERS = [classify_intent]
