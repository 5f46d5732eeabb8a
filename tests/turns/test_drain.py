"""A process that goes leaves its turns to others at once, whatever it still has to wait for itself."""

from agentpay.compose import build
from agentpay.db.engine import Database
from agentpay.settings import read
from tests.cast import Shop


async def test_who_has_left_does_not_come_back_with_its_next_beat(acme: Shop, db: Database) -> None:
    settings = acme.service.parts.settings
    parts = build(
        read({"AGENTPAY_DATABASE_URL": settings.database_url, "AGENTPAY_ENCRYPTION_KEYS": settings.encryption_keys[0]})
    )
    await parts.db.open()
    living = "select 1 from processes where id = %s"
    await parts.runner.register()
    assert await db.value(living, (parts.process_id,))
    await parts.runner.drain(0)
    await parts.runner.register()
    assert await db.value(living, (parts.process_id,)) is None
    await parts.db.close()
