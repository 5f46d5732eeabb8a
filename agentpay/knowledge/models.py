"""Table: articles, what the merchant wants the agent to know."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import RecordModel, one_of

ARTICLE_TYPES = ("policy", "faq", "guide")


class Article(RecordModel):
    """A policy, an answer or a guide, searched by full text and trigrams."""

    __tablename__ = "articles"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    type: Mapped[str]
    title: Mapped[str]
    content: Mapped[str]
    url: Mapped[str | None]
    language: Mapped[str | None]
    search_text: Mapped[str]  # folded title, for trigrams
    search: Mapped[str] = mapped_column(TSVECTOR)  # written by search.py: folded words, title before content

    __table_args__ = (
        one_of("type", ARTICLE_TYPES),
        sa.Index("ix_articles_list", "organization_id", sa.text("id desc"), postgresql_where=sa.text("deleted_at is null")),
        sa.Index("ix_articles_search", "search", postgresql_using="gin"),
        sa.Index(
            "ix_articles_trigrams",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )
