"""What a process is made of: every collaborator built once from settings and handed down. Contains nothing itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import psycopg
import structlog

from agentpay.agents.repository import AgentsCache
from agentpay.agents.tools import Tool
from agentpay.catalog import tools as catalog_tools
from agentpay.checkout import tools as checkout_tools
from agentpay.checkout.performer import Performer
from agentpay.conversations import shown
from agentpay.conversations import tools as conversation_tools
from agentpay.conversations.append import Appender
from agentpay.conversations.render import LiveState
from agentpay.conversations.stream import Hub
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.egress import Egress
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.clock import Clock, utc_now
from agentpay.kit.errors import NotFound, Unavailable
from agentpay.kit.ids import uuid7
from agentpay.kit.spans import NO_TRACER, Tracer
from agentpay.knowledge import tools as knowledge_tools
from agentpay.llm.anthropic import AnthropicProvider
from agentpay.llm.chain import Chain
from agentpay.llm.openai_compatible import OpenAIProvider
from agentpay.llm.port import Provider
from agentpay.llm.template.provider import TemplateProvider
from agentpay.offers import tools as offer_tools
from agentpay.organizations.secrets import Vault
from agentpay.polar.client import Credential
from agentpay.polar.gateway import PolarGateway
from agentpay.settings import Settings
from agentpay.turns.flush import Flusher
from agentpay.turns.incoming import MessageLimits, Reception
from agentpay.turns.loop import Loop
from agentpay.turns.prepare import Preparer
from agentpay.turns.runner import Runner
from agentpay.turns.standing import Standing
from agentpay.turns.toolbox import Toolbox
from agentpay.understanding.second_opinion import SecondOpinion

if TYPE_CHECKING:
    from agentpay.jobs.redis_link import RedisLink

log = structlog.get_logger()

RESTART_SECONDS = 1.0

Background = tuple[str, Callable[[], Awaitable[None]]]


class Parts(msgspec.Struct, frozen=True):
    """One process's collaborators."""

    settings: Settings
    clock: Clock
    process_id: UUID
    db: Database
    doorbell: Doorbell
    hub: Hub
    appender: Appender
    jobs: Jobs
    redis: "RedisLink | None"
    vault: Vault
    polar: PolarGateway
    egress: Egress
    agents_cache: AgentsCache
    performer: Performer
    toolbox: Toolbox
    flusher: Flusher
    models: Chain
    opinion: SecondOpinion
    loop: Loop
    runner: Runner
    reception: Reception
    standing: Standing
    live_state: LiveState
    tracer: Tracer


def build(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    providers: Mapping[str, Provider] | None = None,
    process_id: UUID | None = None,
    tracer: Tracer = NO_TRACER,
) -> Parts:
    """Everything of one process, connected to nothing yet: `started` opens it.

    `providers`: models by name; None = those that the settings have keys for. `process_id`: None = a new one.
    """
    db = Database(settings.database_url, pool_max=settings.pool_max)
    doorbell = Doorbell(db, listen_url=settings.listen_url)
    hub = hub_of(settings, db, doorbell)
    redis = redis_link(settings)
    jobs = Jobs(doorbell, push=redis.push if redis else None)
    appender = Appender(doorbell, jobs)
    vault = Vault(settings.encryption_keys)
    polar = PolarGateway(
        db, credentials=lambda organization_id: polar_credential(db, vault, organization_id), tracer=tracer
    )
    agents_cache = AgentsCache(db)
    process_id = process_id or uuid7()
    performer = Performer(db, polar, appender, jobs)
    toolbox = Toolbox(all_tools(settings, db, appender, jobs, polar, performer, clock), tracer=tracer)
    flusher = Flusher(db, doorbell, hub)
    models = Chain(model_providers(settings) if providers is None else providers, tracer=tracer)
    opinion = SecondOpinion(lambda names: partial(models.reply, names=names))
    loop = Loop(db, appender, toolbox, models=models, template=TemplateProvider())
    preparer = Preparer(db, agents_cache, clock=clock, is_configured=models.is_configured, opinion=opinion)
    runner = Runner(db, appender, jobs, flusher, loop, prepare=preparer.prepare, process_id=process_id, tracer=tracer)
    return Parts(
        settings=settings,
        clock=clock,
        process_id=process_id,
        db=db,
        doorbell=doorbell,
        hub=hub,
        appender=appender,
        jobs=jobs,
        redis=redis,
        vault=vault,
        polar=polar,
        egress=Egress(allow_private=settings.allow_private_addresses),
        agents_cache=agents_cache,
        performer=performer,
        toolbox=toolbox,
        flusher=flusher,
        models=models,
        opinion=opinion,
        loop=loop,
        runner=runner,
        reception=Reception(db, appender, jobs, owner=process_id, limits=message_limits(settings)),
        standing=Standing(db, appender, jobs, owner=process_id),
        live_state=live_state,
        tracer=tracer,
    )


def hub_of(settings: Settings, db: Database, doorbell: Doorbell) -> Hub:
    return Hub(
        db,
        doorbell,
        per_conversation_max=settings.streams_per_conversation,
        per_address_max=settings.streams_per_address,
    )


def message_limits(settings: Settings) -> MessageLimits:
    return MessageLimits(
        per_minute=settings.messages_per_conversation_per_minute, in_all=settings.messages_per_conversation
    )


def redis_link(settings: Settings) -> "RedisLink | None":
    """The line to Redis. Redis is optional: its packages are not imported where none is configured."""
    if settings.redis_url is None:
        return None
    from agentpay.jobs.redis_link import RedisLink

    return RedisLink(settings.redis_url)


def model_providers(settings: Settings) -> dict[str, Provider]:
    """The models that this installation has keys for. An endpoint of one's own (Ollama, vLLM) may need no key."""
    found: dict[str, Provider] = {}
    if settings.anthropic_api_key:
        found["anthropic"] = AnthropicProvider(api_key=settings.anthropic_api_key, base_url=settings.anthropic_base_url)
    if settings.openai_api_key or settings.openai_base_url:
        found["openai"] = OpenAIProvider(api_key=settings.openai_api_key, base_url=settings.openai_base_url)
    return found


async def live_state(db: Database, ids: set[UUID]) -> dict[UUID, tuple[str, datetime | None]]:
    """Status and expiry of the offers, checkouts and orders that attachments name."""
    rows = await db.all(
        """select id, status, expires_at from offers where id = any(%(ids)s)
        union all select id, status, expires_at from checkouts where id = any(%(ids)s)
        union all select polar_order_id, status, null from orders where polar_order_id = any(%(ids)s)""",
        {"ids": list(ids)},
    )
    return {row["id"]: (row["status"], row["expires_at"]) for row in rows}


def all_tools(
    settings: Settings,
    db: Database,
    appender: Appender,
    jobs: Jobs,
    polar: PolarGateway,
    performer: Performer,
    clock: Clock,
) -> tuple[Tool, ...]:
    """The registry, in a fixed order: providers see a byte-stable list."""
    return (
        *catalog_tools.tools(db, show=shown.show, nameable=shown.nameable_ids),
        *offer_tools.tools(db, appender, jobs, standing_max=settings.standing_offers_per_address),
        *checkout_tools.tools(
            db,
            polar,
            appender,
            jobs,
            performer,
            clock=clock,
            coupon_tries_max=settings.coupon_tries_per_conversation,
        ),
        *knowledge_tools.tools(db),
        *conversation_tools.tools(db, appender, jobs),
    )


async def polar_credential(db: Database, vault: Vault, organization_id: UUID) -> Credential:
    """An organization's way to Polar. Raises NotFound, SecretUnreadable."""
    row = await db.one(
        "select polar_base_url, polar_environment from organizations where id = %(id)s and deleted_at is null",
        {"id": organization_id},
    )
    token = await vault.current(db, organization_id, "polar_token")
    if row is None or token is None:
        raise NotFound
    return Credential(base_url=row["polar_base_url"], environment=row["polar_environment"], token=token)


@asynccontextmanager
async def started(parts: Parts, *, besides: Sequence[Background] = ()) -> AsyncIterator[None]:
    """The process's background tasks: doorbell, hub, flusher, leases, sweeps, and `besides`. Ends them in order.

    A database that cannot be used at the start ends the process with a sentence: its supervisor starts it again.
    At the end running turns get `AGENTPAY_DRAIN_SECONDS`; what is left is given away to any other process.
    """
    await parts.db.open()
    try:
        await parts.runner.register()
    except (psycopg.Error, Unavailable):
        await parts.db.close()  # left open, the pool's own tasks now and then keep the process from ending
        raise
    tasks = [
        asyncio.create_task(_kept_going(name, run), name=name)
        for name, run in (
            ("doorbell", parts.doorbell.run),
            ("hub", parts.hub.run),
            ("flusher", parts.flusher.run),
            ("runner", parts.runner.run),
            *([("redis", parts.redis.run)] if parts.redis else []),
            *besides,
        )
    ]
    tasks.append(asyncio.create_task(parts.models.warm(), name="warm"))
    try:
        yield
    finally:
        await parts.runner.drain(parts.settings.drain_seconds)
        await parts.performer.drain(seconds=parts.settings.drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if parts.redis:
            await parts.redis.close()
        await parts.models.aclose()
        await parts.polar.close()
        await parts.egress.close()
        await parts.db.close()


async def _kept_going(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """A background task that died silently would take the heartbeat, the words or the news of the process with it."""
    while True:
        try:
            await run()
        except Exception as error:  # boundary: a bug in a background task is logged, the task begins again
            log.error("task.died", task=name, exc_info=error)
        await asyncio.sleep(RESTART_SECONDS)
