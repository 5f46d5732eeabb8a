"""Background work: `knowledge.reindex_due` brings articles up to the rules by which this release indexes.

`worker.py` maps the kind to `reindex_due`, to run every `REINDEX_SECONDS`.
"""

from agentpay.db.engine import Database
from agentpay.jobs.errors import Later
from agentpay.knowledge.repository import REINDEX_MAX, reindex_outdated

REINDEX_DUE = "knowledge.reindex_due"
REINDEX_SECONDS = 300.0


async def reindex_due(db: Database) -> int:
    """Index again what an older release indexed, a few articles at a time. Raises `Later` while there is more."""
    count = await reindex_outdated(db)
    if count >= REINDEX_MAX:
        raise Later(0)
    return count
