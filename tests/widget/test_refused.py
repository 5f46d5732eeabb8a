"""Where the widget is not wanted, or not let: it keeps still, says so where somebody asked, and breaks nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect

from tests.cast import Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import FLAGS, PLAIN_PAGE, Street, Visit, candle_shop

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

CORS = ("Access to fetch at",)
STRANGE_ORIGIN = "http://localhost:3999"
OUTER_ORIGIN = "http://localhost.outer.example"
ALL_BLOCKED = {"profile": {"default_content_setting_values": {"cookies": 2}}}
THIRD_PARTIES_BLOCKED = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}


async def hides(page: Page) -> None:
    await expect(page.locator("agentpay-widget")).to_be_attached()
    await expect(page.locator(".launcher")).to_be_hidden()
    await page.evaluate("AgentPay.open()")  # the page's own button is harmless, too
    await expect(page.locator(".launcher")).to_be_hidden()


async def test_on_an_origin_that_nobody_allows_there_is_no_launcher(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme, origin=STRANGE_ORIGIN, noise=CORS)
    await hides(await visit.open())


async def test_on_an_origin_that_only_another_shop_allows_there_is_no_launcher(
    arrive: Arrive, street: Street, acme: Shop
) -> None:
    """Acme's is allowed, so the browser's question is answered with yes; Rival's key on Acme's page is not."""
    rival = await candle_shop(street.cluster, acme.http, provider="template", allowed_origins=["https://rival.example"])
    visit = await arrive(rival, noise=CORS)
    await hides(await visit.open())


async def test_with_a_key_that_is_not_valid_there_is_no_launcher_and_the_console_says_why(
    arrive: Arrive, acme: Shop
) -> None:
    visit = await arrive(acme)
    html = PLAIN_PAGE.replace("{script}", visit.script().replace(acme.publishable_key, "ap_pk_" + "x" * 40))
    visit.put("/", html)
    page = await visit.context.new_page()
    async with page.expect_console_message(lambda message: "Its key is not valid" in message.text):
        await page.goto(visit.origin)
    await hides(page)


async def test_without_an_active_agent_there_is_no_launcher(arrive: Arrive, acme: Shop) -> None:
    await acme.patch(f"/v1/agents/{acme.agent['id']}", {"status": "inactive"})
    visit = await arrive(acme)
    await hides(await visit.open())


async def test_what_cannot_be_reached_is_not_offered_until_it_can(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    await visit.context.route("**/v1/widget", lambda route: route.abort())
    page = await visit.open()
    await expect(page.locator(".launcher")).to_be_hidden()
    await visit.context.unroute("**/v1/widget")
    await steps.hide(page, True)
    await steps.hide(page, False)  # the visitor comes back to the page
    await steps.open_chat(page)


async def test_offline_the_chat_says_so_and_begins_when_the_network_is_back(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await expect(page.locator(".chat")).to_be_attached()
    await visit.context.set_offline(True)
    await page.locator(".launcher").click()
    await expect(page.locator(".banner")).to_contain_text("You are offline")
    await visit.context.set_offline(False)
    await expect(steps.answers(page)).to_have_count(1)
    await expect(page.locator(".banner")).to_be_hidden()
    await steps.ask(page, "hello")


async def test_where_the_script_is_blocked_the_page_goes_on(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    await visit.context.route("**/widget.js", lambda route: route.abort("blockedbyclient"))
    page = await visit.open()
    await expect(page.get_by_role("heading", name="Candles")).to_be_visible()
    assert await page.locator("agentpay-widget").count() == 0


@asynccontextmanager
async def browser_with(preferences: dict[str, Any], *, path: str, folder: Path) -> AsyncIterator[BrowserContext]:
    """A browser whose user has set something. As others and older ones do, it gives third parties no other storage."""
    (folder / "Default").mkdir()
    (folder / "Default" / "Preferences").write_text(json.dumps(preferences))
    flags = [f"{flag},ThirdPartyStoragePartitioning" if "disable-features" in flag else flag for flag in FLAGS]
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(folder, executable_path=path, args=flags)
        yield context
        await context.close()


@pytest.mark.parametrize("preferences", [ALL_BLOCKED, THIRD_PARTIES_BLOCKED], ids=["all", "third parties"])
async def test_where_storage_is_blocked_the_conversation_lives_as_long_as_the_page(
    street: Street, acme: Shop, chromium_path: str, tmp_path: Path, preferences: dict[str, Any]
) -> None:
    """The shop's page inside another site's, as a shop builder's preview shows it.

    Whether third parties then have a storage of their own or none is each Chromium's choice: both must do.
    """
    async with browser_with(preferences, path=chromium_path, folder=tmp_path) as context:
        visit = await Visit(context, street, acme).begin()
        visit.put("/")

        async def outer(route: Route) -> None:
            frame = f"<!doctype html><iframe src='{visit.origin}/' width=900 height=700></iframe>"
            await route.fulfill(body=frame, content_type="text/html")

        await context.route(f"{OUTER_ORIGIN}/**", outer)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(OUTER_ORIGIN)
        inner = page.frame_locator("iframe")
        if preferences is ALL_BLOCKED:
            blocked = "() => { try { return localStorage && false } catch { return true } }"
            assert await inner.locator("body").evaluate(blocked)
        await inner.locator(".launcher").click()
        answers = inner.locator(".from-agent .bubble:not(.typing)")
        await expect(answers).to_have_count(1)
        await inner.locator(".composer textarea").fill("hello")
        await inner.locator(".composer textarea").press("Enter")
        await expect(answers).to_have_count(2)
        await inner.locator(".shut").click()
        await inner.locator(".launcher").click()
        await expect(answers).to_have_count(2)
        assert complaints == []
        assert await context.cookies() == []
