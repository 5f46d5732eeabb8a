"""The callers' tests, as rows: Acme Candles the merchant, Rival Shop who must see nothing, Sam the visitor."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.kit import ids

ADMIN_KEY = "the-operators-admin-key"
ACME_PAGE = "https://acme.example"
RIVAL_PAGE = "https://rival.example"


@dataclass(frozen=True)
class Shop:
    """An organization with one secret key, one publishable key and one conversation whose visitor holds `token`."""

    organization_id: UUID
    origin: str
    secret_key: str
    publishable_key: str
    conversation_id: UUID
    token: str


async def open_shop(db: Database, *, name: str = "Acme Candles", origin: str = ACME_PAGE) -> Shop:
    organization_id = ids.uuid7()
    await db.run(
        "insert into organizations (id, name, polar_environment, polar_base_url, allowed_origins)"
        " values (%s, %s, 'custom', 'http://polar.test', %s)",
        (organization_id, name, [origin]),
    )
    secret_key = await add_key(db, organization_id=organization_id, kind="secret")
    publishable_key = await add_key(db, organization_id=organization_id, kind="publishable")
    conversation_id, token = await start(db, organization_id=organization_id)
    return Shop(organization_id, origin, secret_key, publishable_key, conversation_id, token)


async def add_key(db: Database, *, organization_id: UUID, kind: str) -> str:
    key = ids.new_secret("ap_sk_" if kind == "secret" else "ap_pk_")
    await db.run(
        "insert into api_keys (id, organization_id, kind, name, key_hash, publishable_key, last4)"
        " values (%s, %s, %s, 'test', %s, %s, %s)",
        (
            ids.uuid7(),
            organization_id,
            kind,
            ids.secret_hash(key),
            key if kind == "publishable" else None,
            key[-4:],
        ),
    )
    return key


async def start(db: Database, *, organization_id: UUID) -> tuple[UUID, str]:
    """A conversation and the token of its visitor."""
    agent_id, conversation_id, token = ids.uuid7(), ids.uuid7(), ids.new_secret("ap_ct_")
    await db.run(
        "insert into agents"
        " (id, organization_id, name, agent_type, status, system_prompt, personality, tools, rules, config)"
        " values (%(id)s, %(organization_id)s, 'Wick', 'sales', 'active', '', %(empty)s, %(empty)s, %(empty)s,"
        " %(empty)s)",
        {"id": agent_id, "organization_id": organization_id, "empty": Jsonb({})},
    )
    await db.run(
        "insert into conversations (id, organization_id, agent_id, channel, session_id) values (%s, %s, %s, 'web', %s)",
        (conversation_id, organization_id, agent_id, str(conversation_id)),
    )
    await db.run(
        "insert into conversation_tokens (token_hash, organization_id, conversation_id, expires_at)"
        " values (%s, %s, %s, now() + interval '30 days')",
        (ids.secret_hash(token), organization_id, conversation_id),
    )
    return conversation_id, token


def bearing(secret: str, *, origin: str | None = None, **headers: str) -> dict[str, str]:
    """Request headers with a credential, from a page when `origin` is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Authorization": f"Bearer {secret}", **({"Origin": origin} if origin else {}), **named}
