"""How far refunds were read: a token that may not read them does not hold up orders."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("refunds_reconciled_at", sa.DateTime(timezone=True), nullable=True))
    # The one mark moved only when refunds had been read, too.
    op.execute("update organizations set refunds_reconciled_at = reconciled_at")


def downgrade() -> None:
    op.drop_column("organizations", "refunds_reconciled_at")
