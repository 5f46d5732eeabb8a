"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("response_body", sa.LargeBinary(), nullable=True),
        sa.Column("response_headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("caller ~ '^(admin|organization|conversation):'", name=op.f("ck_idempotency_keys_caller")),
        sa.CheckConstraint(
            "status = 'running' or message_id is not null or response_status is not null",
            name=op.f("ck_idempotency_keys_answer"),
        ),
        sa.CheckConstraint("status in ('running', 'done')", name=op.f("ck_idempotency_keys_status")),
        sa.CheckConstraint("length(key) between 1 and 255", name=op.f("ck_idempotency_keys_key")),
        sa.CheckConstraint("octet_length(request_hash) = 32", name=op.f("ck_idempotency_keys_request_hash")),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts_max", sa.Integer(), server_default="8", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'running') = (lease_until is not null)", name=op.f("ck_jobs_lease_until")),
        sa.CheckConstraint("status in ('pending', 'running', 'done', 'dead')", name=op.f("ck_jobs_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_due", "jobs", ["run_at"], unique=False, postgresql_where=sa.text("status in ('pending', 'running')")
    )
    op.create_index(
        "ix_jobs_finished_at",
        "jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("status in ('done', 'dead')"),
    )
    op.create_index(
        "ix_jobs_one_per_key",
        "jobs",
        ["dedupe_key"],
        unique=True,
        postgresql_where=sa.text("status in ('pending', 'running')"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="unverified", nullable=False),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("polar_environment", sa.Text(), nullable=False),
        sa.Column("polar_base_url", sa.Text(), nullable=False),
        sa.Column("polar_organization_id", sa.Uuid(), nullable=True),
        sa.Column("webhook_endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("allowed_origins", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("default_currency", sa.Text(), server_default="usd", nullable=False),
        sa.Column("budgets", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("retention_days", sa.Integer(), server_default="365", nullable=False),
        sa.Column("notify_url", sa.Text(), nullable=True),
        sa.Column("success_url", sa.Text(), nullable=True),
        sa.Column("capabilities", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("catalog_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("catalog_products", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("default_currency ~ '^[a-z]{3}$'", name=op.f("ck_organizations_default_currency")),
        sa.CheckConstraint(
            "polar_environment in ('production', 'sandbox', 'custom')", name=op.f("ck_organizations_polar_environment")
        ),
        sa.CheckConstraint("status in ('active', 'unverified', 'attention')", name=op.f("ck_organizations_status")),
        sa.CheckConstraint("retention_days between 1 and 3650", name=op.f("ck_organizations_retention_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_index(
        "ix_organizations_allowed_origins", "organizations", ["allowed_origins"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_organizations_unverified",
        "organizations",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status <> 'active' and deleted_at is null"),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_table(
        "rate_windows",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_start", name=op.f("pk_rate_windows")),
    )
    op.create_index(
        "ix_rate_windows_window_start", "rate_windows", ["window_start"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "schedules",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_schedules")),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agent_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("personality", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("tools", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("agent_type in ('sales', 'support', 'payment')", name=op.f("ck_agents_agent_type")),
        sa.CheckConstraint("status in ('active', 'inactive', 'training')", name=op.f("ck_agents_status")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_agents_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_agents_organization_id_id")),
    )
    op.create_index(
        "ix_agents_list",
        "agents",
        ["organization_id", sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("publishable_key", sa.Text(), nullable=True),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'publishable') = (publishable_key is not null)", name=op.f("ck_api_keys_publishable_key")
        ),
        sa.CheckConstraint("kind in ('secret', 'publishable')", name=op.f("ck_api_keys_kind")),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_api_keys_key_hash")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(
        "ix_api_keys_organization_id", "api_keys", ["organization_id", sa.literal_column("id desc")], unique=False
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("type in ('policy', 'faq', 'guide')", name=op.f("ck_articles_type")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_articles_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_articles_organization_id_id")),
    )
    op.create_index(
        "ix_articles_index_version",
        "articles",
        ["index_version"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "ix_articles_list",
        "articles",
        ["organization_id", sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_table(
        "budgets",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("committed", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind in ('discount', 'model')", name=op.f("ck_budgets_kind")),
        sa.CheckConstraint("period in ('day', 'month')", name=op.f("ck_budgets_period")),
        sa.CheckConstraint(
            "scope in ('visitor', 'conversation', 'agent', 'organization')", name=op.f("ck_budgets_scope")
        ),
        sa.CheckConstraint("reserved >= 0 and committed >= 0", name=op.f("ck_budgets_counters")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_budgets_organization_id")),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "kind",
            "scope",
            "scope_id",
            "currency",
            "period",
            "period_start",
            name=op.f("pk_budgets"),
        ),
    )
    op.create_table(
        "catalog_syncs",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_catalog_syncs_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_catalog_syncs")),
    )
    op.create_index("ix_catalog_syncs_due_at", "catalog_syncs", ["due_at"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), server_default="received", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("status in ('received', 'applied', 'ignored', 'parked')", name=op.f("ck_deliveries_status")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_deliveries_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("organization_id", "webhook_id", name=op.f("uq_deliveries_organization_id_webhook_id")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("status = 'received'"),
    )
    op.create_index("ix_deliveries_list", "deliveries", ["organization_id", sa.literal_column("id desc")], unique=False)
    op.create_table(
        "negotiation_freezes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("visitor_key", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_negotiation_freezes_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "visitor_key", "product_id", name=op.f("pk_negotiation_freezes")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('waiting', 'sent', 'parked', 'dropped')", name=op.f("ck_notifications_status")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_notifications_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_conversation_id", "notifications", ["conversation_id"], unique=False)
    op.create_index(
        "ix_notifications_organization_id",
        "notifications",
        ["organization_id", sa.literal_column("id desc")],
        unique=False,
    )
    op.create_table(
        "organization_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('polar_token', 'webhook', 'identity', 'notify')", name=op.f("ck_organization_secrets_kind")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_organization_secrets_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_secrets")),
    )
    op.create_index(
        "ix_organization_secrets_current",
        "organization_secrets",
        ["organization_id", "kind"],
        unique=True,
        postgresql_where=sa.text("expires_at is null"),
    )
    op.create_index(
        "ix_organization_secrets_organization_id", "organization_secrets", ["organization_id", "kind"], unique=False
    )
    op.create_table(
        "products",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_fingerprint", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("is_sellable", sa.Boolean(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("polar_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_products_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "product_id", name=op.f("pk_products")),
    )
    op.create_table(
        "search_words",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("corpus", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("variants", sa.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("corpus in ('product', 'article')", name=op.f("ck_search_words_corpus")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_search_words_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "corpus", "word", name=op.f("pk_search_words")),
    )
    op.create_index(
        "ix_search_words_trigrams",
        "search_words",
        ["word"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    op.create_index("ix_search_words_variants", "search_words", ["variants"], unique=False, postgresql_using="gin")
    op.create_table(
        "agent_versions",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_versions_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "version", name=op.f("pk_agent_versions")),
    )
    op.create_table(
        "article_passages",
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "article_id"],
            ["articles.organization_id", "articles.id"],
            name=op.f("fk_article_passages_organization_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "position", name=op.f("pk_article_passages")),
    )
    op.create_index("ix_article_passages_organization_id", "article_passages", ["organization_id"], unique=False)
    op.create_index("ix_article_passages_search", "article_passages", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "budget_entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status in ('reserved', 'committed', 'released')", name=op.f("ck_budget_entries_status")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_budget_entries_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "kind", "scope", "scope_id", "currency", "period", "period_start"],
            [
                "budgets.organization_id",
                "budgets.kind",
                "budgets.scope",
                "budgets.scope_id",
                "budgets.currency",
                "budgets.period",
                "budgets.period_start",
            ],
            name=op.f("fk_budget_entries_organization_id_kind_scope_scope_id_currency_period_period_start"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "kind", "scope", "period", "cause", name=op.f("pk_budget_entries")),
    )
    op.create_index("ix_budget_entries_cause", "budget_entries", ["cause"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("is_training", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("external_customer_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("identity", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("stage", sa.Text(), server_default="discovery", nullable=False),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("customer_message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("agent_message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("messages_since_release", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hesitation_signals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_offset", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_customer_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_intent", sa.Text(), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("agent_state", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("negotiation_history", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("checkout_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("product_shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "channel in ('web', 'whatsapp', 'telegram', 'sms', 'phone', 'api')", name=op.f("ck_conversations_channel")
        ),
        sa.CheckConstraint(
            "stage in ('discovery', 'browsing', 'interested', 'negotiating', 'checkout', 'payment', 'completed')",
            name=op.f("ck_conversations_stage"),
        ),
        sa.CheckConstraint(
            "status in ('active', 'paused', 'closed', 'escalated')", name=op.f("ck_conversations_status")
        ),
        sa.CheckConstraint("pg_column_size(context) <= 65536", name=op.f("ck_conversations_context")),
        sa.ForeignKeyConstraint(
            ["organization_id", "agent_id"],
            ["agents.organization_id", "agents.id"],
            name=op.f("fk_conversations_organization_id_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_conversations_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_conversations_organization_id_id")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_conversations_age",
        "conversations",
        ["last_message_at"],
        unique=False,
        postgresql_where=sa.text("erased_at is null"),
    )
    op.create_index("ix_conversations_agent_id", "conversations", ["organization_id", "agent_id"], unique=False)
    op.create_index(
        "ix_conversations_external_customer_id",
        "conversations",
        ["organization_id", "external_customer_id"],
        unique=False,
        postgresql_where=sa.text("external_customer_id is not null"),
    )
    op.create_index(
        "ix_conversations_list",
        "conversations",
        ["organization_id", sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "ix_conversations_one_open_per_session",
        "conversations",
        ["organization_id", "channel", "session_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'closed' and deleted_at is null"),
    )
    op.create_index("ix_conversations_session_id", "conversations", ["organization_id", "session_id"], unique=False)
    op.create_table(
        "product_index",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("polar_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("amounts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_id"],
            ["products.organization_id", "products.product_id"],
            name=op.f("fk_product_index_organization_id_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "product_id", name=op.f("pk_product_index")),
    )
    op.create_index("ix_product_index_cheapest", "product_index", ["organization_id", "amount"], unique=False)
    op.create_index("ix_product_index_name", "product_index", ["organization_id", "folded_name"], unique=False)
    op.create_index(
        "ix_product_index_newest",
        "product_index",
        ["organization_id", sa.literal_column("polar_created_at desc"), sa.literal_column("product_id desc")],
        unique=False,
    )
    op.create_index("ix_product_index_search", "product_index", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "conversation_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_conversation_tokens_token_hash")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_conversation_tokens_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_conversation_tokens")),
    )
    op.create_index("ix_conversation_tokens_conversation_id", "conversation_tokens", ["conversation_id"], unique=False)
    op.create_table(
        "coupon_tries",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_coupon_tries_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_coupon_tries")),
    )
    op.create_table(
        "events",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("draft_length", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_events_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "offset", name=op.f("pk_events")),
    )
    op.create_index("ix_events_age", "events", ["created_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_name", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked_by in ('visitor', 'agent', 'rule', 'staff')", name=op.f("ck_handoffs_asked_by")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_handoffs_organization_id_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index(
        "ix_handoffs_conversation_id", "handoffs", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index(
        "ix_handoffs_one_open",
        "handoffs",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("released_at is null"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("intent_confidence", sa.Float(), nullable=True),
        sa.Column("entities", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("tool_calls", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("response_time_ms", sa.Integer(), nullable=True),
        sa.Column("llm_provider", sa.Text(), nullable=True),
        sa.Column("llm_model", sa.Text(), nullable=True),
        sa.Column("llm_tokens", sa.Integer(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("role in ('user', 'agent', 'staff', 'system')", name=op.f("ck_messages_role")),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_messages_sequence")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_messages_organization_id_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation_id", "sequence", name=op.f("uq_messages_conversation_id_sequence")),
    )
    op.create_index(
        "ix_messages_one_reply_per_turn",
        "messages",
        ["turn_id"],
        unique=True,
        postgresql_where=sa.text("role = 'agent'"),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version", sa.Integer(), nullable=False),
        sa.Column("effect_key", sa.Text(), nullable=False),
        sa.Column("visitor_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("list_amount", sa.BigInteger(), nullable=False),
        sa.Column("floor_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discount_type", sa.Text(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=True),
        sa.Column("discount_token", sa.Text(), nullable=False),
        sa.Column("discount_id", sa.Uuid(), nullable=True),
        sa.Column("discount_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("discount_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("revoke_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(discount_type = 'percentage') = (basis_points is not null)", name=op.f("ck_offers_basis_points")
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("ck_offers_currency")),
        sa.CheckConstraint(
            "discount_state = 'none' or status in ('accepted', 'redeemed', 'expired', 'void')",
            name=op.f("ck_offers_discount_late"),
        ),
        sa.CheckConstraint(
            "discount_state in ('none', 'creating') or (discount_id is not null and discount_ends_at is not null)",
            name=op.f("ck_offers_discount_id"),
        ),
        sa.CheckConstraint(
            "discount_state in ('none', 'creating', 'live', 'revoked')", name=op.f("ck_offers_discount_state")
        ),
        sa.CheckConstraint("discount_type in ('percentage', 'fixed')", name=op.f("ck_offers_discount_type")),
        sa.CheckConstraint(
            "status in ('pending_approval', 'open', 'accepted', 'redeemed', 'expired', 'declined', 'void')",
            name=op.f("ck_offers_status"),
        ),
        sa.CheckConstraint(
            "status not in ('open', 'accepted') or opened_at is not null", name=op.f("ck_offers_opened_at")
        ),
        sa.CheckConstraint("amount < list_amount", name=op.f("ck_offers_list_amount")),
        sa.CheckConstraint("amount >= floor_amount", name=op.f("ck_offers_floor_amount")),
        sa.CheckConstraint("list_amount > 0 and floor_amount >= 0", name=op.f("ck_offers_amounts")),
        sa.CheckConstraint("quantity between 1 and 10000", name=op.f("ck_offers_quantity")),
        sa.ForeignKeyConstraint(
            ["organization_id", "agent_id"],
            ["agents.organization_id", "agents.id"],
            name=op.f("fk_offers_organization_id_agent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_offers_organization_id_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("discount_id", name=op.f("uq_offers_discount_id")),
        sa.UniqueConstraint("discount_token", name=op.f("uq_offers_discount_token")),
        sa.UniqueConstraint("effect_key", name=op.f("uq_offers_effect_key")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_offers_organization_id_id")),
    )
    op.create_index(
        "ix_offers_address",
        "offers",
        ["organization_id", "address"],
        unique=False,
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.create_index(
        "ix_offers_conversation_id", "offers", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index(
        "ix_offers_due",
        "offers",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.create_index(
        "ix_offers_list", "offers", ["organization_id", "status", sa.literal_column("id desc")], unique=False
    )
    op.create_index(
        "ix_offers_one_pending",
        "offers",
        ["conversation_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending_approval'"),
    )
    op.create_index(
        "ix_offers_one_standing",
        "offers",
        ["conversation_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("status in ('open', 'accepted')"),
    )
    op.create_index(
        "ix_offers_product",
        "offers",
        ["organization_id", "product_id"],
        unique=False,
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.create_index("ix_offers_visitor", "offers", ["organization_id", "visitor_key", "product_id"], unique=False)
    op.create_table(
        "shown_products",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_shown_products_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "product_id", name=op.f("pk_shown_products")),
    )
    op.create_table(
        "turns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("after_sequence", sa.BigInteger(), nullable=False),
        sa.Column("up_to_sequence", sa.BigInteger(), nullable=False),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("reply_sequence", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("input_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cost", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(status in ('queued', 'running')) = (completed_at is null)", name=op.f("ck_turns_completed_at")
        ),
        sa.CheckConstraint(
            "status <> 'queued' or (attempt = 0 and reply_sequence is null)", name=op.f("ck_turns_queued")
        ),
        sa.CheckConstraint(
            "status <> 'running' or (attempt > 0 and reply_sequence is not null)", name=op.f("ck_turns_running")
        ),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'completed', 'failed', 'cancelled', 'handed_off')",
            name=op.f("ck_turns_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_turns_organization_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(["owner"], ["processes.id"], name=op.f("fk_turns_owner"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_turns_organization_id_id")),
        sa.UniqueConstraint("reply_id", name=op.f("uq_turns_reply_id")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_turns_conversation_id", "turns", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index(
        "ix_turns_one_queued", "turns", ["conversation_id"], unique=True, postgresql_where=sa.text("status = 'queued'")
    )
    op.create_index(
        "ix_turns_one_running",
        "turns",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index("ix_turns_open", "turns", ["owner"], unique=False, postgresql_where=sa.text("status = 'running'"))
    op.create_index("ix_turns_organization_id", "turns", ["organization_id", "created_at"], unique=False)
    op.create_table(
        "checkouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("effect_key", sa.Text(), nullable=False),
        sa.Column("visitor_key", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("list_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_code", sa.Text(), nullable=True),
        sa.Column("discount_id", sa.Uuid(), nullable=True),
        sa.Column("coupon", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("prices", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("custom_field_data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("success_url", sa.Text(), nullable=True),
        sa.Column("customer", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="creating", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_uncertain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("polar_checkout_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("polar_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watched_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('creating', 'failed') or (polar_checkout_id is not null and url is not null and expires_at is not null)",
            name=op.f("ck_checkouts_polar_checkout_id"),
        ),
        sa.CheckConstraint(
            "status in ('creating', 'open', 'confirmed', 'succeeded', 'expired', 'failed')",
            name=op.f("ck_checkouts_status"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_checkouts_amount")),
        sa.CheckConstraint("offer_id is null or discount_code is null", name=op.f("ck_checkouts_no_stacking")),
        sa.CheckConstraint("seats between 1 and 10000", name=op.f("ck_checkouts_seats")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_checkouts_organization_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "offer_id"],
            ["offers.organization_id", "offers.id"],
            name=op.f("fk_checkouts_organization_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        sa.UniqueConstraint("effect_key", name=op.f("uq_checkouts_effect_key")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_checkouts_organization_id_id")),
        sa.UniqueConstraint("polar_checkout_id", name=op.f("uq_checkouts_polar_checkout_id")),
    )
    op.create_index(
        "ix_checkouts_conversation_id", "checkouts", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index(
        "ix_checkouts_due",
        "checkouts",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("status in ('creating', 'open', 'confirmed')"),
    )
    op.create_index(
        "ix_checkouts_one_per_offer",
        "checkouts",
        ["offer_id"],
        unique=True,
        postgresql_where=sa.text("status not in ('failed', 'expired')"),
    )
    op.create_index(
        "ix_checkouts_one_plain",
        "checkouts",
        [
            "conversation_id",
            "product_id",
            sa.literal_column("coalesce(seats, 0)"),
            "amount",
            sa.literal_column("coalesce(discount_code, '')"),
        ],
        unique=True,
        postgresql_where=sa.text("offer_id is null and status in ('creating', 'open')"),
    )
    op.create_index(
        "ix_checkouts_organization_id", "checkouts", ["organization_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index("ix_checkouts_visitor", "checkouts", ["organization_id", "visitor_key", "product_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("started_offset", sa.BigInteger(), nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name=op.f("fk_drafts_turn_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_drafts")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("ix_drafts_one_per_conversation", "drafts", ["conversation_id"], unique=True)
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_feedback_rating")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_feedback_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_conversation_id", "feedback", ["conversation_id"], unique=False)
    op.create_table(
        "turn_steps",
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("brief", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("reply", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("step between 1 and 16", name=op.f("ck_turn_steps_step")),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name=op.f("fk_turn_steps_turn_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "step", name=op.f("pk_turn_steps")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("polar_order_id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("is_sale", sa.Boolean(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("billing_reason", sa.Text(), nullable=False),
        sa.Column("below_bound", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("subtotal_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_tax_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("polar_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("polar_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "checkout_id"],
            ["checkouts.organization_id", "checkouts.id"],
            name=op.f("fk_orders_organization_id_checkout_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_orders_organization_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_orders_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("organization_id", "polar_order_id", name=op.f("uq_orders_organization_id_polar_order_id")),
    )
    op.create_index("ix_orders_checkout_id", "orders", ["checkout_id"], unique=False)
    op.create_index(
        "ix_orders_conversation_id", "orders", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index("ix_orders_list", "orders", ["organization_id", sa.literal_column("id desc")], unique=False)


def downgrade() -> None:
    op.drop_index("ix_orders_list", table_name="orders")
    op.drop_index("ix_orders_conversation_id", table_name="orders")
    op.drop_index("ix_orders_checkout_id", table_name="orders")
    op.drop_table("orders")
    op.drop_table("turn_steps")
    op.drop_index("ix_feedback_conversation_id", table_name="feedback")
    op.drop_table("feedback")
    op.drop_index("ix_drafts_one_per_conversation", table_name="drafts")
    op.drop_table("drafts")
    op.drop_index("ix_checkouts_visitor", table_name="checkouts")
    op.drop_index("ix_checkouts_organization_id", table_name="checkouts")
    op.drop_index(
        "ix_checkouts_one_plain",
        table_name="checkouts",
        postgresql_where=sa.text("offer_id is null and status in ('creating', 'open')"),
    )
    op.drop_index(
        "ix_checkouts_one_per_offer",
        table_name="checkouts",
        postgresql_where=sa.text("status not in ('failed', 'expired')"),
    )
    op.drop_index(
        "ix_checkouts_due",
        table_name="checkouts",
        postgresql_where=sa.text("status in ('creating', 'open', 'confirmed')"),
    )
    op.drop_index("ix_checkouts_conversation_id", table_name="checkouts")
    op.drop_table("checkouts")
    op.drop_index("ix_turns_organization_id", table_name="turns")
    op.drop_index("ix_turns_open", table_name="turns", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("ix_turns_one_running", table_name="turns", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("ix_turns_one_queued", table_name="turns", postgresql_where=sa.text("status = 'queued'"))
    op.drop_index("ix_turns_conversation_id", table_name="turns")
    op.drop_table("turns")
    op.drop_table("shown_products")
    op.drop_index("ix_offers_visitor", table_name="offers")
    op.drop_index(
        "ix_offers_product",
        table_name="offers",
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.drop_index(
        "ix_offers_one_standing", table_name="offers", postgresql_where=sa.text("status in ('open', 'accepted')")
    )
    op.drop_index("ix_offers_one_pending", table_name="offers", postgresql_where=sa.text("status = 'pending_approval'"))
    op.drop_index("ix_offers_list", table_name="offers")
    op.drop_index(
        "ix_offers_due",
        table_name="offers",
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.drop_index("ix_offers_conversation_id", table_name="offers")
    op.drop_index(
        "ix_offers_address",
        table_name="offers",
        postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
    )
    op.drop_table("offers")
    op.drop_index("ix_messages_one_reply_per_turn", table_name="messages", postgresql_where=sa.text("role = 'agent'"))
    op.drop_table("messages")
    op.drop_index("ix_handoffs_one_open", table_name="handoffs", postgresql_where=sa.text("released_at is null"))
    op.drop_index("ix_handoffs_conversation_id", table_name="handoffs")
    op.drop_table("handoffs")
    op.drop_index("ix_events_age", table_name="events", postgresql_using="brin")
    op.drop_table("events")
    op.drop_table("coupon_tries")
    op.drop_index("ix_conversation_tokens_conversation_id", table_name="conversation_tokens")
    op.drop_table("conversation_tokens")
    op.drop_index("ix_product_index_search", table_name="product_index", postgresql_using="gin")
    op.drop_index("ix_product_index_newest", table_name="product_index")
    op.drop_index("ix_product_index_name", table_name="product_index")
    op.drop_index("ix_product_index_cheapest", table_name="product_index")
    op.drop_table("product_index")
    op.drop_index("ix_conversations_session_id", table_name="conversations")
    op.drop_index(
        "ix_conversations_one_open_per_session",
        table_name="conversations",
        postgresql_where=sa.text("status <> 'closed' and deleted_at is null"),
    )
    op.drop_index("ix_conversations_list", table_name="conversations", postgresql_where=sa.text("deleted_at is null"))
    op.drop_index(
        "ix_conversations_external_customer_id",
        table_name="conversations",
        postgresql_where=sa.text("external_customer_id is not null"),
    )
    op.drop_index("ix_conversations_agent_id", table_name="conversations")
    op.drop_index("ix_conversations_age", table_name="conversations", postgresql_where=sa.text("erased_at is null"))
    op.drop_table("conversations")
    op.drop_index("ix_budget_entries_cause", table_name="budget_entries")
    op.drop_table("budget_entries")
    op.drop_index("ix_article_passages_search", table_name="article_passages", postgresql_using="gin")
    op.drop_index("ix_article_passages_organization_id", table_name="article_passages")
    op.drop_table("article_passages")
    op.drop_table("agent_versions")
    op.drop_index("ix_search_words_variants", table_name="search_words", postgresql_using="gin")
    op.drop_index(
        "ix_search_words_trigrams",
        table_name="search_words",
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    op.drop_table("search_words")
    op.drop_table("products")
    op.drop_index("ix_organization_secrets_organization_id", table_name="organization_secrets")
    op.drop_index(
        "ix_organization_secrets_current",
        table_name="organization_secrets",
        postgresql_where=sa.text("expires_at is null"),
    )
    op.drop_table("organization_secrets")
    op.drop_index("ix_notifications_organization_id", table_name="notifications")
    op.drop_index("ix_notifications_conversation_id", table_name="notifications")
    op.drop_table("notifications")
    op.drop_table("negotiation_freezes")
    op.drop_index("ix_deliveries_list", table_name="deliveries")
    op.drop_index("ix_deliveries_due", table_name="deliveries", postgresql_where=sa.text("status = 'received'"))
    op.drop_table("deliveries")
    op.drop_index("ix_catalog_syncs_due_at", table_name="catalog_syncs")
    op.drop_table("catalog_syncs")
    op.drop_table("budgets")
    op.drop_index("ix_articles_list", table_name="articles", postgresql_where=sa.text("deleted_at is null"))
    op.drop_index("ix_articles_index_version", table_name="articles", postgresql_where=sa.text("deleted_at is null"))
    op.drop_table("articles")
    op.drop_index("ix_api_keys_organization_id", table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index("ix_agents_list", table_name="agents", postgresql_where=sa.text("deleted_at is null"))
    op.drop_table("agents")
    op.drop_table("schedules")
    op.drop_index("ix_rate_windows_window_start", table_name="rate_windows", postgresql_using="brin")
    op.drop_table("rate_windows")
    op.drop_table("processes")
    op.drop_index(
        "ix_organizations_unverified",
        table_name="organizations",
        postgresql_where=sa.text("status <> 'active' and deleted_at is null"),
    )
    op.drop_index("ix_organizations_allowed_origins", table_name="organizations", postgresql_using="gin")
    op.drop_table("organizations")
    op.drop_index(
        "ix_jobs_one_per_key", table_name="jobs", postgresql_where=sa.text("status in ('pending', 'running')")
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", postgresql_where=sa.text("status in ('done', 'dead')"))
    op.drop_index("ix_jobs_due", table_name="jobs", postgresql_where=sa.text("status in ('pending', 'running')"))
    op.drop_table("jobs")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", postgresql_using="brin")
    op.drop_table("idempotency_keys")
