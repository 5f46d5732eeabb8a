"""An index of dead jobs, so that counting and listing them does not read the done ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_jobs_dead", "jobs", ["kind"], unique=False, postgresql_where=sa.text("status = 'dead'"))


def downgrade() -> None:
    op.drop_index("ix_jobs_dead", table_name="jobs", postgresql_where=sa.text("status = 'dead'"))
