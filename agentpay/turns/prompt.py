"""The system prompt that a model reads. Pure and byte-stable per agent version; never rules, floors or budgets."""

from agentpay.agents.repository import AgentRow

_TONES = {
    "friendly": "Be warm and friendly.",
    "professional": "Be professional and courteous.",
    "casual": "Be relaxed and informal.",
}
_LENGTHS = {
    "concise": "Answer in one to three short sentences.",
    "medium": "Answer in a short paragraph.",
    "detailed": "Answer thoroughly, in at most three paragraphs.",
}


def system(agent: AgentRow, *, organization_name: str) -> str:
    """Who the agent is and how it speaks; the merchant's own words last."""
    personality = agent.personality
    parts = [
        f"You are {agent.name}, the {agent.agent_type} agent of {organization_name}.",
        _TONES[personality.tone],
        _LENGTHS[personality.verbosity],
        "Answer in the visitor's language." if personality.language == "auto" else f"Answer in {personality.language}.",
        "State prices, offers and order facts only as the tools' results give them.",
        agent.system_prompt,
    ]
    return "\n".join(part for part in parts if part)
