"""Indexes by age, so that forgetting reads only what goes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_turns_detail", "turns", ["completed_at"], unique=False, postgresql_where=sa.text("brief <> '{}'::jsonb")
    )
    op.create_index("ix_conversation_tokens_expires_at", "conversation_tokens", ["expires_at"], unique=False)
    op.create_index("ix_deliveries_age", "deliveries", ["received_at"], unique=False, postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_deliveries_age", table_name="deliveries", postgresql_using="brin")
    op.drop_index("ix_conversation_tokens_expires_at", table_name="conversation_tokens")
    op.drop_index("ix_turns_detail", table_name="turns", postgresql_where=sa.text("brief <> '{}'::jsonb"))
