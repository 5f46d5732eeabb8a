"""`/v1/agents`: the merchant configures its agents (API § 4). Secret key only."""

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.agents import publish, repository, schemas
from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Merchant
from agentpay.kit.errors import NotFound
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit

TAGS = ["agents"]


@post("/v1/agents", status_code=201, operation_id="create_agent", tags=TAGS, opt={"idempotent": True})
async def create_agent(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], data: JSONBody[schemas.AgentCreate]
) -> schemas.AgentPublic:
    """Make an agent. Left-out keys take their defaults."""
    agent = await publish.create_agent(db, organization_id=merchant.organization_id, data=data)
    return repository.agent_public(agent)


@get("/v1/agents", status_code=200, operation_id="list_agents", tags=TAGS)
async def list_agents(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    agent_type: FromQuery[schemas.AgentType | None] = None,
    status: FromQuery[schemas.AgentStatus | None] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[schemas.AgentPublic]:
    """The organization's agents, newest first."""
    agents = await repository.list_agents(
        db,
        organization_id=merchant.organization_id,
        agent_type=agent_type,
        status=status,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(agents, limit=limit, id_of=lambda agent: agent.id, render=repository.agent_public)


@get("/v1/agents/{agent_id:uuid}", status_code=200, operation_id="get_agent", tags=TAGS)
async def get_agent(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], agent_id: FromPath[UUID]
) -> schemas.AgentPublic:
    """One agent."""
    agent = await repository.get_agent(db, organization_id=merchant.organization_id, agent_id=agent_id)
    return repository.agent_public(agent)


@patch("/v1/agents/{agent_id:uuid}", status_code=200, operation_id="update_agent", tags=TAGS)
async def update_agent(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    agent_id: FromPath[UUID],
    data: JSONBody[schemas.AgentUpdate],
) -> schemas.AgentPublic:
    """Change an agent: each field that is sent replaces the stored one as a whole, and a new version is made."""
    agent = await publish.update_agent(db, organization_id=merchant.organization_id, agent_id=agent_id, data=data)
    return repository.agent_public(agent)


@delete("/v1/agents/{agent_id:uuid}", status_code=204, operation_id="delete_agent", tags=TAGS)
async def delete_agent(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], agent_id: FromPath[UUID]
) -> None:
    """Delete an agent. Its versions and what it did stay."""
    await publish.delete_agent(db, organization_id=merchant.organization_id, agent_id=agent_id)


@get("/v1/agents/{agent_id:uuid}/versions", status_code=200, operation_id="list_agent_versions", tags=TAGS)
async def list_versions(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    agent_id: FromPath[UUID],
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[schemas.AgentVersionPublic]:
    """What the agent was, newest first; a deleted one's versions can still be read."""
    position = pages.decode_cursor(cursor)
    rows = await repository.list_versions(
        db,
        organization_id=merchant.organization_id,
        agent_id=agent_id,
        before=None if position is None else position.int % 2**31,
        limit=limit,
    )
    if not rows and position is None:
        raise NotFound
    # Versions are numbers; the cursor of lists holds an id, so the number travels as one.
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: UUID(int=row["version"]), render=repository.version_public
    )


HANDLERS = [create_agent, list_agents, get_agent, update_agent, delete_agent, list_versions]
