from agentpay.db import migrate
from agentpay.sandbox import dev


def test_the_newest_migration_is_known_without_loading_alembic() -> None:
    assert dev.latest_revision() == migrate.revisions()[-1]
