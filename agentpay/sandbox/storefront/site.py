"""The shop's pages and files as an ASGI application."""

import html
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from agentpay.sandbox.demo.articles import ARTICLES
from agentpay.sandbox.demo.shapes import SHOP_NAME, flow
from agentpay.sandbox.storefront.catalogue import Product

FOLDER = Path(__file__).parent
CURRENCIES_SHOWN = ("usd", "eur", "gbp", "brl", "jpy")


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages are told. Nothing in it is secret."""

    base_url: str
    publishable_key: str
    polar_url: str
    default_currency: str
    is_live: bool
    """Whether a real Polar takes the payments."""
    name: str = SHOP_NAME


Products = Callable[[], Awaitable[list[Product]]]


def create_site(shop: Shop, products: Products) -> Litestar:
    """The storefront: `/`, `/help`, `/thanks` and `/assets/…`."""
    security = security_headers(shop)

    async def page(name: str, **more: Any) -> Response[str]:
        shelf = await products()
        currencies = currencies_of(shelf, shop.default_currency)
        text = render(name, {**settings_of(shop), "products": shelf, "currencies": currencies, **more})
        return Response(text, media_type=MediaType.HTML, headers=security)

    @get("/")
    async def index() -> Response[str]:
        return await page("index")

    @get("/help")
    async def help_page() -> Response[str]:
        articles = [{**msgspec.structs.asdict(each), "content": flow(each.content)} for each in ARTICLES]
        return await page("help", articles=articles)

    @get("/thanks")
    async def thanks() -> Response[str]:
        return await page("thanks")

    @get("/assets/{path:path}", sync_to_thread=False)
    def asset(path: FromPath[str]) -> Response[bytes]:
        return asset_response(path, security)

    return Litestar(
        [index, help_page, thanks, asset],
        openapi_config=None,
        logging_config=None,
    )


def asset_response(path: str, headers: dict[str, str]) -> Response[bytes]:
    """A file under `assets/`; anything else, also what climbs out of the folder, is not found."""
    assets = FOLDER / "assets"
    file = (assets / path.lstrip("/")).resolve()
    if not file.is_relative_to(assets) or not file.is_file():
        raise NotFoundException("Not found")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(file.read_bytes(), media_type=kind, headers={**headers, "Cache-Control": "no-cache"})


def render(name: str, page: dict[str, Any]) -> str:
    """A page with its settings as JSON inside: `<` is escaped, so that no text can end the script element."""
    settings = msgspec.json.encode(page).decode().replace("<", "\\u003c")
    text = (FOLDER / "pages" / f"{name}.html").read_text()
    for part in ("header", "footer"):
        text = text.replace(f"{{{{{part}}}}}", (FOLDER / "pages" / f"{part}.html").read_text().strip())
    for name in ("base_url", "publishable_key"):
        text = text.replace(f"{{{{{name}}}}}", html.escape(page[name]))
    return text.replace("{{page}}", settings)


def settings_of(shop: Shop) -> dict[str, Any]:
    return {
        "shop": shop.name,
        "base_url": shop.base_url,
        "publishable_key": shop.publishable_key,
        "default_currency": shop.default_currency,
        "is_live": shop.is_live,
    }


def currencies_of(products: list[Product], default: str) -> list[str]:
    """What the page offers to show prices in: the shop's own first, then what some product has."""
    priced = {price["currency"] for product in products for price in product["prices"]}
    return [default, *(code for code in CURRENCIES_SHOWN if code in priced and code != default)]


def security_headers(shop: Shop) -> dict[str, str]:
    """Nothing from elsewhere but AgentPay's widget and API, and Polar's pictures: docs/widget.md's line."""
    pictures = "https:" if shop.is_live else origin_of(shop.polar_url)
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' {origin_of(shop.base_url)}",
        "style-src": "'self'",
        "img-src": f"'self' {pictures}",
        "connect-src": origin_of(shop.base_url),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
