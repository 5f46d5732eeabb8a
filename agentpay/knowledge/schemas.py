"""Articles on the wire (API § 8): validated on write; the address is kept for the visitor to open, never fetched."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from agentpay.kit.errors import Invalid, Loc
from agentpay.kit.limits import ARTICLE_BYTES_MAX
from agentpay.kit.text import (
    SPOKEN_PATTERN,
    VISIBLE_PATTERN,
    WEB_ADDRESS_PATTERN,
    is_blank,
    is_web_address,
    one_line,
)

TITLE_CHARACTERS_MAX = 200
URL_CHARACTERS_MAX = 2_000
QUERY_CHARACTERS_MAX = 4_000
SEARCH_LIMIT_DEFAULT = 5
SEARCH_LIMIT_MAX = 20

ArticleType = Literal["policy", "faq", "guide"]
Kind = Literal["article", "product"]
# Patterns for readers of the document; `check` refuses in a sentence.
Title = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=TITLE_CHARACTERS_MAX, extra_json_schema={"pattern": VISIBLE_PATTERN}),
]
Content = Annotated[
    str, msgspec.Meta(min_length=1, max_length=ARTICLE_BYTES_MAX, extra_json_schema={"pattern": SPOKEN_PATTERN})
]
Url = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=URL_CHARACTERS_MAX,
        description="http or https",
        extra_json_schema={"format": "uri", "pattern": WEB_ADDRESS_PATTERN},
    ),
]
Language = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="e.g. `en`, `pt-BR`")]


class ArticleCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`content` is Markdown, at most 100 KiB of UTF-8."""

    type: ArticleType
    title: Title
    content: Content
    url: Url | None = None
    language: Language | None = None


class ArticleUpdate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields that are sent replace the stored ones; null clears `url` and `language`."""

    type: ArticleType | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    content: Content | UnsetType = UNSET
    url: Url | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET


class ArticlePublic(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    organization_id: UUID
    type: ArticleType
    title: str
    content: str
    url: str | None
    language: str | None
    created_at: datetime
    modified_at: datetime | None


class KnowledgeSearch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`query` is keywords or a whole message; left-out `kinds` mean both."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=QUERY_CHARACTERS_MAX)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=SEARCH_LIMIT_MAX)] = SEARCH_LIMIT_DEFAULT
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1, max_length=2)] = ("article", "product")
    language: Language | None = None


class KnowledgeItem(msgspec.Struct, frozen=True, kw_only=True):
    """`score` is 1 for the best of its kind. `url` is the merchant's page, null where none is known."""

    kind: Kind
    id: UUID
    title: str
    snippet: str
    score: float
    url: str | None


class KnowledgeItems(msgspec.Struct, frozen=True):
    items: list[KnowledgeItem]


def check(data: ArticleCreate | ArticleUpdate) -> dict[str, str | None]:
    """The sent fields as they are stored. Raises `Invalid` naming the field."""
    sent = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    for name, value in sent.items():
        if value is not None and "\x00" in value:
            raise Invalid.at(("body", name), "NUL characters are not allowed.")
    if "title" in sent:
        sent["title"] = one_line(sent["title"])
        if not sent["title"]:
            raise Invalid.at(("body", "title"), "A title is needed.", kind="missing")
    if "content" in sent:
        _check_content(sent["content"])
    if sent.get("url") is not None:
        sent["url"] = check_url(sent["url"])
    if sent.get("language") is not None:
        sent["language"] = _language(sent["language"])
    return sent


def check_url(url: str, *, loc: Loc = ("body", "url")) -> str:
    """An http(s) address with a host and without credentials, trimmed. It is shown, never fetched. Raises `Invalid`."""
    trimmed = url.strip()
    try:
        parts = urlsplit(trimmed)
        has_bad_port = parts.port == 0
    except ValueError:
        raise Invalid.at(loc, "Not a web address.") from None
    if any(character.isspace() or not character.isprintable() for character in trimmed):
        raise Invalid.at(loc, "A web address holds no spaces or control characters.")
    if not is_web_address(trimmed) or not parts.hostname or has_bad_port:
        raise Invalid.at(loc, "A web address that begins with http:// or https:// is needed.")
    return trimmed


def _check_content(content: str) -> None:
    if is_blank(content):
        raise Invalid.at(("body", "content"), "Content is needed.", kind="missing")
    if len(content.encode()) > ARTICLE_BYTES_MAX:
        raise Invalid.at(("body", "content"), f"At most {ARTICLE_BYTES_MAX} bytes of UTF-8.", kind="too_long")


def _language(tag: str) -> str:
    """Lower case but for the country, as browsers write it: `pt-BR`."""
    first, *rest = tag.split("-")
    return "-".join((first.lower(), *(part.upper() if len(part) == 2 else part for part in rest)))
