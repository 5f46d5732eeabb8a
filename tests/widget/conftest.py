"""Fixtures of the widget's tests: a street, its shops, and visitors whose pages may complain of nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import chromium_path
from tests.cast import Shop
from tests.conftest import empty
from tests.databases import own_database
from tests.widget.street import PROCESSES, Street, Visit, built_on, candle_shop, launch, visit_of

__all__ = ["chromium_path"]

Arrive = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await launch(playwright, chromium_path)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session")
async def built(database_url: str) -> AsyncIterator[Street]:
    async with built_on(own_database(database_url, "widget")) as street:
        yield street


@pytest_asyncio.fixture
async def street(built: Street) -> AsyncIterator[Street]:
    await built.cluster.heal(*PROCESSES)
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

    async def arrive(shop: Shop, **options: Any) -> Visit:
        visits.append(await visit_of(browser, street, shop, **options))
        return visits[-1]

    yield arrive
    for visit in visits:
        await visit.context.close()
    assert not [complaint for visit in visits for complaint in visit.complaints]
