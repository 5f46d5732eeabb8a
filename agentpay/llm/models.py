"""What must be known about models to ask them rightly: defaults, and which parameters they refuse. Pure.

Sources: Anthropic's migration guides for Claude 5, 5.5 and API version 2026-10-21 (which knows no sampling parameters),
OpenAI's model pages, November 2026. A parameter too many is an error, one too few is not.
"""

import re
from typing import Any, Final, Literal

ANTHROPIC_MODEL: Final = "claude-haiku-5-5"
OPENAI_MODEL: Final = "gpt-5.6-luna"
DEFAULT_MODELS: Final = {"anthropic": ANTHROPIC_MODEL, "openai": OPENAI_MODEL}

THINKING_TOKENS = 4_096
"""Added to `max_tokens` for models that think whether asked or not: their thoughts count as output."""

_CLAUDE: Final = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?!\d)")
_GPT: Final = re.compile(r"gpt-(?P<major>\d+)(?:\.(?P<minor>\d+))?")
_LETTER_O: Final = re.compile(r"o\d")

Effort = Literal["none", "minimal", "low"]


def bare(model: str) -> str:
    """A model's name without the vendor that a router puts before it (`openai/gpt-…`), in lower case."""
    return model.rsplit("/", 1)[-1].lower()


def claude_version(model: str) -> tuple[str, int, int] | None:
    """Family, major and minor version, or None if the name is no Claude of generation 4 or later."""
    found = _CLAUDE.match(bare(model))
    return (found["family"], int(found["major"]), int(found["minor"] or 0)) if found else None


def claude_thinking(model: str) -> dict[str, Any] | None:
    """What to send so that the visitor's first word is not kept waiting by thoughts; None = send nothing."""
    version = claude_version(model)
    if version is None or version[1] < 5 or claude_always_thinks(model):
        return None
    return {"type": "between_tools"} if version[0] == "sonnet" and version[2] >= 5 else {"type": "disabled"}


def claude_always_thinks(model: str) -> bool:
    """Thinking cannot be turned off."""
    version = claude_version(model)
    if version is None or version[1] < 5:
        return False
    family, _, minor = version
    return family in {"fable", "mythos"} or (family == "opus" and minor >= 5)


def claude_can_be_forced(model: str) -> bool:
    """Whether `tool_choice` may name a tool."""
    version = claude_version(model)
    if version is None or version[1] < 5:
        return True
    return version[0] == "haiku" or (version[0] in {"opus", "sonnet"} and version[2] < 5)


def openai_reasons(model: str) -> bool:
    """Such a model takes `max_completion_tokens` and `reasoning_effort`, and no temperature."""
    name = bare(model)
    version = _GPT.match(name)
    return (int(version["major"]) >= 5 and "chat" not in name) if version else bool(_LETTER_O.match(name))


def openai_effort(model: str) -> Effort:
    """The least effort that a reasoning model accepts."""
    name = bare(model)
    version = _GPT.match(name)
    if version is None or "pro" in name or "astra" in name:
        return "low"
    major, minor = int(version["major"]), int(version["minor"] or 0)
    if (major, minor) == (5, 0):
        return "minimal"
    return "none" if (major, minor) <= (6, 0) else "low"


def output_tokens_max(model: str, max_tokens: int) -> int:
    """What is asked for as the most to be written, thoughts included: reserve this much."""
    thinks = claude_always_thinks(model) or (openai_reasons(model) and openai_effort(model) == "low")
    return max_tokens + THINKING_TOKENS if thinks else max_tokens
