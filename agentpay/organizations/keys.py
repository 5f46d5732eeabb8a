"""API keys: made here, found by `callers/`. A secret key is shown once and kept as its SHA-256."""

from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import ids
from agentpay.kit.errors import NotFound
from agentpay.organizations.schemas import ApiKeyCreated, ApiKeyPublic, KeyKind

PREFIXES: dict[KeyKind, str] = {"secret": "ap_sk_", "publishable": "ap_pk_"}
_COLUMNS = "id, organization_id, kind, name, publishable_key, last4, last_used_at, created_at"


async def create(tx: Tx, *, organization_id: UUID, kind: KeyKind, name: str) -> ApiKeyCreated:
    """A new key; the only time that a secret one is seen."""
    key = ids.new_secret(PREFIXES[kind])
    row = await tx.one(
        "insert into api_keys (id, organization_id, kind, name, key_hash, publishable_key, last4) values"
        " (%(id)s, %(organization_id)s, %(kind)s, %(name)s, %(key_hash)s, %(publishable_key)s, %(last4)s)"
        f" returning {_COLUMNS}",
        {
            "id": ids.uuid7(),
            "organization_id": organization_id,
            "kind": kind,
            "name": name,
            "key_hash": ids.secret_hash(key),
            "publishable_key": key if kind == "publishable" else None,
            "last4": key[-4:],
        },
    )
    assert row is not None
    return ApiKeyCreated(**row, secret_key=key) if kind == "secret" else ApiKeyCreated(**row)


async def list_of(
    db: Database | Tx, *, organization_id: UUID, limit: int, before_id: UUID | None = None
) -> list[ApiKeyPublic]:
    """Newest first, without the revoked ones."""
    rows: list[Row] = await db.all(
        f"select {_COLUMNS} from api_keys where organization_id = %(organization_id)s and deleted_at is null"
        " and (%(before_id)s::uuid is null or id < %(before_id)s) order by id desc limit %(limit)s",
        {"organization_id": organization_id, "before_id": before_id, "limit": limit},
    )
    return [ApiKeyPublic(**row) for row in rows]


async def revoke(db: Database, *, organization_id: UUID, key_id: UUID) -> None:
    """Ended, within 5 s on every replica. Raises `NotFound`."""
    revoked = await db.run(
        "update api_keys set deleted_at = now()"
        " where id = %(key_id)s and organization_id = %(organization_id)s and deleted_at is null",
        {"key_id": key_id, "organization_id": organization_id},
    )
    if not revoked:
        raise NotFound
