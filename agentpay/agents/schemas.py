"""Agents on the wire (API § 4): validated on write, read tolerantly. Left-out keys take the defaults shown here."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from agentpay.agents import rules
from agentpay.agents.rules import RulesWire
from agentpay.kit import wire
from agentpay.kit.errors import Invalid, Loc, Problem
from agentpay.kit.limits import SYSTEM_PROMPT_CHARACTERS_MAX
from agentpay.kit.text import SPOKEN_PATTERN, is_blank

NAME_CHARACTERS_MAX = 100
GREETING_CHARACTERS_MAX = 1_000
MODEL_CHARACTERS_MAX = 200
MAX_TOKENS_MAX = 32_000
SHIPPING_ENTRIES_MAX = 250
SHIPPING_DAYS_MAX = 365
SHIPPING_AMOUNT_MAX = 999_999_999_999

AgentType = Literal["sales", "support", "payment"]
AgentStatus = Literal["active", "inactive", "training"]
Provider = Literal["anthropic", "openai", "template"]
Name = Annotated[
    str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, extra_json_schema={"pattern": SPOKEN_PATTERN})
]
SystemPrompt = Annotated[str, msgspec.Meta(max_length=SYSTEM_PROMPT_CHARACTERS_MAX)]

T = TypeVar("T", bound=msgspec.Struct)


class Personality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tone: Literal["friendly", "professional", "casual"] = "friendly"
    verbosity: Literal["concise", "medium", "detailed"] = "concise"
    proactive: bool = True
    greeting: Annotated[str, msgspec.Meta(min_length=1, max_length=GREETING_CHARACTERS_MAX)] = (
        "Hi! How can I help you today?"
    )
    language: Literal["auto", "en", "pt"] = "auto"


class Tools(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switches of `agents.tools.SWITCHES`."""

    product_lookup: bool = True
    payment_link: bool = True
    discount_validator: bool = True
    shipping_calculator: bool = False
    inventory_checker: bool = False
    knowledge_search: bool = True
    order_lookup: bool = True
    human_handoff: bool = True


class Shipping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What delivery to one country costs, minor units, and how long it takes."""

    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
    amount: Annotated[int, msgspec.Meta(ge=0, le=SHIPPING_AMOUNT_MAX)]
    currency: wire.Currency
    days: Annotated[int, msgspec.Meta(ge=0, le=SHIPPING_DAYS_MAX)]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who words the answers. `llm_model` null = the provider's configured model."""

    llm_provider: Provider = "anthropic"
    llm_model: Annotated[str, msgspec.Meta(min_length=1, max_length=MODEL_CHARACTERS_MAX)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.7
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOKENS_MAX)] = 1024
    fallback_provider: Provider | None = "anthropic"
    shipping: Annotated[list[Shipping], msgspec.Meta(max_length=SHIPPING_ENTRIES_MAX)] = []


class AgentCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    agent_type: AgentType = "sales"
    status: AgentStatus = "active"
    personality: Personality = msgspec.field(default_factory=Personality)
    system_prompt: SystemPrompt = ""
    tools: Tools = msgspec.field(default_factory=Tools)
    rules: RulesWire = msgspec.field(default_factory=RulesWire)
    config: Config = msgspec.field(default_factory=Config)
    metadata: wire.Metadata = {}


class AgentUpdate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Each field that is sent replaces the stored one as a whole; its left-out keys take their defaults."""

    name: Name | UnsetType = UNSET
    agent_type: AgentType | UnsetType = UNSET
    status: AgentStatus | UnsetType = UNSET
    personality: Personality | UnsetType = UNSET
    system_prompt: SystemPrompt | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    rules: RulesWire | UnsetType = UNSET
    config: Config | UnsetType = UNSET
    metadata: wire.Metadata | UnsetType = UNSET


class AgentPublic(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    organization_id: UUID
    name: str
    agent_type: str
    status: str
    personality: Personality
    system_prompt: str
    tools: Tools
    rules: RulesWire
    config: Config
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    modified_at: datetime | None


class AgentVersionPublic(msgspec.Struct, frozen=True, kw_only=True):
    """The agent as it was from `created_at` until the next version."""

    agent_id: UUID
    version: int
    created_at: datetime
    deleted: bool
    agent: AgentPublic


def stored_values(data: AgentCreate | AgentUpdate) -> dict[str, Any]:
    """The sent fields as they are stored, checked beyond what their types say.

    Raises `Invalid` naming the exact place.
    """
    sent = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    _refuse_nul(sent)
    stored = dict(sent)
    if "name" in sent:
        stored["name"] = _name(sent["name"])
    if "rules" in sent:
        stored["rules"] = rules.dump(rules.parse(sent["rules"]))
    if "config" in sent:
        stored["config"] = msgspec.to_builtins(_config(sent["config"]))
    if "metadata" in sent:
        wire.check_metadata(sent["metadata"])
    for name in ("personality", "tools"):
        if name in sent:
            stored[name] = msgspec.to_builtins(sent[name])
    return stored


def read(kind: type[T], stored: dict[str, Any]) -> T:
    """A stored struct: keys that a newer release wrote are dropped, missing ones take their defaults."""
    known = {field.name for field in msgspec.structs.fields(kind)}
    return msgspec.convert({name: value for name, value in stored.items() if name in known}, kind)


def _name(name: str) -> str:
    if is_blank(name):
        raise Invalid.at(("body", "name"), "A name is needed.", kind="missing")
    return name.strip()


def _config(config: Config) -> Config:
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(config.shipping):
        if (entry.country, entry.currency) in seen:
            raise Invalid.at(("body", "config", "shipping", index), "The same country and currency twice.")
        seen.add((entry.country, entry.currency))
    return config


def _refuse_nul(sent: dict[str, Any]) -> None:
    """PostgreSQL stores no NUL, and Polar refuses it in any string too."""
    texts: list[tuple[Loc, str | None]] = [
        (("body", "name"), sent.get("name")),
        (("body", "system_prompt"), sent.get("system_prompt")),
    ]
    if "personality" in sent:
        texts.append((("body", "personality", "greeting"), sent["personality"].greeting))
    if "config" in sent:
        texts.append((("body", "config", "llm_model"), sent["config"].llm_model))
    problems = [
        Problem("value_error", loc, "NUL characters are not allowed.") for loc, text in texts if text and "\x00" in text
    ]
    if problems:
        raise Invalid(problems)
