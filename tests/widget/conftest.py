"""The widget on pages of a shop, in a real Chromium, against two replicas behind a balancer.

The shop's pages are answered by the test itself on an Origin that the merchant allows; everything else is real.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, async_playwright, expect

from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage
from tests.browser.conftest import chromium_path
from tests.cast import ORIGIN, Shop
from tests.cluster.balancer import Balancer
from tests.cluster.cluster import Cluster, clustered
from tests.conftest import empty
from tests.databases import own_database

__all__ = ["chromium_path"]

WAIT_MILLISECONDS = 60_000
expect.set_options(timeout=WAIT_MILLISECONDS)
# Said by Chromium itself when a request is refused or the network is switched off, which some tests mean to happen.
EXPECTED_NOISE = ("Failed to load resource",)
STRICT_POLICY = (
    "default-src 'none'; script-src {agentpay}; connect-src {agentpay}; img-src https: http:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
EMBED_POLICY = STRICT_POLICY + "; frame-src {polar}"
PLAIN_PAGE = "<!doctype html><html lang='en'><title>Acme Candles</title><body><h1>Candles</h1>{script}</body></html>"


class Street:
    """What is there for all tests: the replicas, and the address before them, which spreads connections."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        self.cluster = cluster
        self.url = url


class Visit:
    """One visitor's browser: `open` shows pages of the shop with the widget on them. What goes wrong is noted."""

    def __init__(self, context: BrowserContext, street: Street, shop: Shop, noise: tuple[str, ...] = ()) -> None:
        self.context = context
        self.noise = (*EXPECTED_NOISE, *noise)
        self.street = street
        self.shop = shop
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.pages: dict[str, tuple[str, Mapping[str, str]]] = {}

    def script(self, **data: str) -> str:
        attributes = "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
        key = f'data-key="{self.shop.publishable_key}"'
        return f'<script src="{self.street.url}/widget.js" {key}{attributes} async></script>'

    def put(self, path: str, html: str = PLAIN_PAGE, *, policy: str | None = None, **data: str) -> None:
        """A page of the shop. `{script}` in it becomes the widget's tag."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if policy is not None:
            headers["Content-Security-Policy"] = policy.format(agentpay=self.street.url)
        self.pages[path] = (html.replace("{script}", self.script(**data)), headers)

    async def open(self, path: str = "/", html: str = PLAIN_PAGE, **options: Any) -> Page:
        self.put(path, html, **options)
        return await self.tab(path)

    async def tab(self, path: str = "/") -> Page:
        page = await self.context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        await page.goto(ORIGIN + path)
        return page

    async def answer(self, route: Route) -> None:
        html, headers = self.pages.get(route.request.url.removeprefix(ORIGIN).partition("?")[0], ("", {}))
        await route.fulfill(status=200 if html else 404, body=html, headers=dict(headers))

    def on_request(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url.removeprefix(self.street.url)}")
        if not request.url.startswith((ORIGIN, "http://127.0.0.1:", "data:")):
            self.complaints.append(f"a request to elsewhere: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(self.noise):
            self.complaints.append(message.text)


Arrive = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    # The sandbox needs rights that a container's root does not have. Pages that a test answers itself come from no
    # network at all, from where Chromium lets nobody ask this machine's own services.
    flags = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path, args=flags)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session")
async def built(database_url: str) -> AsyncIterator[Street]:
    turns = itertools.count()
    async with clustered(own_database(database_url, "widget")) as cluster:

        def rotated() -> list[str]:
            urls = cluster.urls()
            first = next(turns) % max(1, len(urls))
            return urls[first:] + urls[:first]

        async with Balancer(rotated).serving() as balancer:
            yield Street(cluster, balancer.url)


@pytest_asyncio.fixture
async def street(built: Street) -> AsyncIterator[Street]:
    await built.cluster.heal("web-1", "web-2", "worker-1")
    yield built
    await empty(built.cluster.db)


@pytest_asyncio.fixture
async def acme(street: Street) -> AsyncIterator[Shop]:
    """Acme Candles, whose Wick needs no model."""
    async with street.cluster.client("web-1") as http:
        yield await candle_shop(street.cluster, http, provider="template")


@pytest_asyncio.fixture
async def talkative(street: Street) -> AsyncIterator[Shop]:
    """Acme Candles, whose Wick speaks through the slow model."""
    async with street.cluster.client("web-1") as http:
        yield await candle_shop(street.cluster, http, provider="anthropic")


@pytest_asyncio.fixture
async def arrive(street: Street, browser: Browser) -> AsyncIterator[Arrive]:
    """`await arrive(acme, width=360)`: a new visitor of that shop. What goes wrong on a page fails the test."""
    visits: list[Visit] = []

    async def arrive(
        shop: Shop, *, width: int = 1280, height: int = 800, noise: tuple[str, ...] = (), **options: Any
    ) -> Visit:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, **{"locale": "en-US", "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        visit = Visit(context, street, shop, noise)
        await context.route(f"{ORIGIN}/**", visit.answer)
        context.on("request", visit.on_request)
        visits.append(visit)
        return visit

    yield arrive
    for visit in visits:
        await visit.context.close()
    assert not [complaint for visit in visits for complaint in visit.complaints]


async def candle_shop(cluster: Cluster, http: Any, *, provider: str, **organization: Any) -> Shop:
    place = Stage(None, cluster.polar, cluster.polar_url, http)  # type: ignore[arg-type] # the replicas are processes
    rules = {"max_discount_percent": 15, "require_approval_above": 15}
    personality = {"greeting": "Hi! I am Wick. What shall I help you find?", "proactive": False}
    config = {"llm_provider": provider, "fallback_provider": "template"}
    agent = {"name": "Wick", "rules": rules, "personality": personality, "config": config}
    opened = await stage.open_shop(place, name="Acme Candles", stock=stock, agents=(agent,), **organization)
    return Shop(
        place.service, http, opened.organization_id, opened.secret_key, opened.publishable_key, opened.agents[0]
    )


def stock(state: PolarState, organization: entities.Organization) -> None:
    organization.embed_hosts = [ORIGIN.partition("://")[2]]
    for name, amount, text in (
        ("Lavender candle", 9500, "Beeswax, burns for forty hours."),
        ("Cedar candle", 4200, "Soy wax with a wooden wick."),
        ("Orange candle", 3800, "Bright, for the kitchen."),
    ):
        state.add_product(organization, name, prices=[seeding.fixed(amount)], description=text, pictures=(name,))
