"""A street with shops, for the tests and for `look`: two replicas behind a balancer, pages of a shop, visitors.

The shop's pages are answered by us on an Origin that the merchant allows; everything else is real.
"""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Route, expect

from agentpay.db import migrate
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.postgres import EmbeddedPostgres
from agentpay.sandbox.stage import Stage
from tests.cast import ORIGIN, Shop
from tests.cluster.balancer import Balancer
from tests.cluster.cluster import Cluster, clustered

WAIT_MILLISECONDS = 60_000
expect.set_options(timeout=WAIT_MILLISECONDS)
# Said by Chromium itself when a request is refused or the network is switched off, which some tests mean to happen.
EXPECTED_NOISE = ("Failed to load resource",)
PROCESSES = ("web-1", "web-2", "worker-1")
# The sandbox needs rights that a container's root does not have. Pages that we answer ourselves come from no network at
# all, from where Chromium lets nobody ask this machine's own services.
FLAGS = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"]
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

    def __init__(
        self, context: BrowserContext, street: Street, shop: Shop, noise: tuple[str, ...] = (), origin: str = ORIGIN
    ) -> None:
        self.context = context
        self.noise = (*EXPECTED_NOISE, *noise)
        self.origin = origin
        self.street = street
        self.shop = shop
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.pages: dict[str, tuple[str, Mapping[str, str]]] = {}

    async def begin(self) -> "Visit":
        self.context.set_default_timeout(WAIT_MILLISECONDS)
        await self.context.route(f"{self.origin}/**", self.answer)
        self.context.on("request", self.on_request)
        return self

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
        await page.goto(self.origin + path)
        return page

    async def answer(self, route: Route) -> None:
        html, headers = self.pages.get(route.request.url.removeprefix(self.origin).partition("?")[0], ("", {}))
        await route.fulfill(status=200 if html else 404, body=html, headers=dict(headers))

    def on_request(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url.removeprefix(self.street.url)}")
        if not request.url.startswith((self.origin, "http://127.0.0.1:", "data:")):
            self.complaints.append(f"a request to elsewhere: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(self.noise):
            self.complaints.append(message.text)


async def visit_of(
    browser: Browser, street: Street, shop: Shop, *, width: int = 1280, height: int = 800,
    noise: tuple[str, ...] = (), origin: str = ORIGIN, **options: Any,
) -> Visit:  # fmt: skip
    """A new visitor of that shop. `options` are Playwright's, of a browser context."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, **{"locale": "en-US", "reduced_motion": "reduce", **options}
    )
    return await Visit(context, street, shop, noise, origin).begin()


async def launch(playwright: Playwright, path: str) -> Browser:
    return await playwright.chromium.launch(executable_path=path, args=FLAGS)


@asynccontextmanager
async def built_on(database_url: str) -> AsyncIterator[Street]:
    """The street on a migrated database; its replicas do not run yet (`street.cluster.heal(*PROCESSES)`)."""
    turns = itertools.count()
    async with clustered(database_url) as cluster:

        def rotated() -> list[str]:
            urls = cluster.urls()
            first = next(turns) % max(1, len(urls))
            return urls[first:] + urls[:first]

        async with Balancer(rotated).serving() as balancer:
            yield Street(cluster, balancer.url)


@asynccontextmanager
async def standing() -> AsyncIterator[Street]:
    """The street with its replicas running, on a database server of its own: for commands."""
    with tempfile.TemporaryDirectory(prefix="agentpay-street-") as home:
        os.chmod(home, 0o711)
        server = EmbeddedPostgres(Path(home), fast=True)
        url = server.start()
        try:
            migrate.upgrade(url)
            async with built_on(url) as street:
                await street.cluster.heal(*PROCESSES)
                yield street
        finally:
            server.stop()


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
