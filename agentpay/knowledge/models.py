"""Tables: articles, what the merchant wants the agent to know; their passages; the words that can be searched."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, RecordModel, one_of, tenant_key

ARTICLE_TYPES = ("policy", "faq", "guide")
CORPORA = ("product", "article")


class Article(RecordModel):
    """A policy, an answer or a guide, as the merchant wrote it (Markdown)."""

    __tablename__ = "articles"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    type: Mapped[str]
    title: Mapped[str]
    content: Mapped[str]
    url: Mapped[str | None]
    language: Mapped[str | None]
    index_version: Mapped[int] = mapped_column(sa.Integer)  # of the rules that made its passages

    __table_args__ = (
        one_of("type", ARTICLE_TYPES),
        sa.UniqueConstraint("organization_id", "id"),
        sa.Index(
            "ix_articles_list", "organization_id", sa.text("id desc"), postgresql_where=sa.text("deleted_at is null")
        ),
        sa.Index("ix_articles_index_version", "index_version", postgresql_where=sa.text("deleted_at is null")),
    )


class Passage(Base):
    """A piece of an article that is short enough to be quoted. Made from the article, replaced with it."""

    __tablename__ = "article_passages"

    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    organization_id: Mapped[UUID]
    text: Mapped[str]  # plain words
    search: Mapped[str] = mapped_column(TSVECTOR)  # lexemes by kit.words: title A, heading B, text C

    __table_args__ = (
        tenant_key(["organization_id", "article_id"], "articles", ondelete="CASCADE"),
        sa.Index("ix_article_passages_organization_id", "organization_id"),
        sa.Index("ix_article_passages_search", "search", postgresql_using="gin"),
    )


class SearchWord(Base):
    """One word of an organization's products or articles, and in how many rows it stands: rarity and spelling."""

    __tablename__ = "search_words"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    corpus: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    documents: Mapped[int]
    variants: Mapped[list[str]]  # the word and what is left without each of its letters (kit.spelling)

    __table_args__ = (
        one_of("corpus", CORPORA),
        sa.Index("ix_search_words_variants", "variants", postgresql_using="gin"),
        sa.Index("ix_search_words_trigrams", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
    )
