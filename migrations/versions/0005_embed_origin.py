"""Which page shows a checkout inside itself."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checkouts", sa.Column("embed_origin", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("checkouts", "embed_origin")
