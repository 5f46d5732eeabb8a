"""A real `dev`, a real Chromium, and a page that complains when anything unexpected happens on it."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.dev.process import Dev, running_dev

WAIT_MILLISECONDS = 20_000
SIZES = {1440: 900, 360: 740}
# Said by Chromium itself when a request is refused or the network is switched off, which some tests mean to happen.
EXPECTED_NOISE = ("Failed to load resource",)

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def dev(chromium_path: str) -> Iterator[Dev]:
    with running_dev() as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # The sandbox of Chromium needs rights that a container's root does not have.
        launched = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest_asyncio.fixture
async def open_shop(dev: Dev, browser: Browser) -> AsyncIterator[Open]:
    """`await open_shop(width=360, locale="pt-BR")` gives a new visitor's page; what goes wrong on it fails the test."""
    complaints: list[str] = []
    contexts = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED_NOISE):
            complaints.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:")):
            complaints.append(f"a request to elsewhere: {request.url}")

    async def open_page(*, width: int = 1440, locale: str = "en-US", path: str = "/") -> Page:
        context = await browser.new_context(viewport={"width": width, "height": SIZES[width]}, locale=locale)
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        page = await context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("request", on_request)
        await page.goto(dev.handout["storefront_url"] + path)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert not complaints


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where a test leaves its screenshots: pytest's own temporary folder, `--basetemp` to keep them elsewhere."""
    return tmp_path
