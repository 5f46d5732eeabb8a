"""Answers arrive whole and once: reloads, dead servers, lost networks, hidden and several tabs."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.cast import ORIGIN, Shop
from tests.cluster.model import speaks
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import Street, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

WORDS = 40
BROWSER_TRIES = 3


async def answering(arrive: Arrive, shop: Shop) -> tuple[Visit, Page]:
    """A page on which the slow model has said its first words."""
    visit = await arrive(shop)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.send(page, "hello")
    await expect(steps.answers(page)).to_have_count(2)  # the first one is the greeting
    await expect(steps.answers(page).last).to_contain_text(re.compile(r"\w{4} \w{4}"))
    return visit, page


async def replied(page: Page, said: str) -> None:
    """The whole answer is there, and nothing twice."""
    await expect(page.locator(".composer .stop")).to_be_hidden()
    await expect(steps.answers(page)).to_have_text(["Hi! I am Wick. What shall I help you find?", said])
    await expect(page.locator(".from-user .bubble")).to_have_text(["hello"])
    await expect(page.locator(".banner")).to_be_hidden()


async def test_a_server_that_dies_in_mid_answer_loses_and_doubles_nothing(
    arrive: Arrive, street: Street, talkative: Shop
) -> None:
    said = speaks(street.cluster.model, words=WORDS, word_seconds=0.05)
    _, page = await answering(arrive, talkative)
    await street.cluster.kill("web-1")  # the turn runs at one of them, the stream comes from one of them
    await street.cluster.start("web-1")
    await street.cluster.kill("web-2")
    await replied(page, said)
    await street.cluster.start("web-2")


async def test_a_reload_in_mid_answer_goes_on_where_it_was(arrive: Arrive, street: Street, talkative: Shop) -> None:
    said = speaks(street.cluster.model, words=WORDS, word_seconds=0.05)
    _, page = await answering(arrive, talkative)
    await page.reload()
    await page.locator(".launcher").click()
    await replied(page, said)


async def test_a_lost_network_is_said_and_made_good(arrive: Arrive, street: Street, talkative: Shop) -> None:
    said = speaks(street.cluster.model, words=WORDS, word_seconds=0.05)
    visit, page = await answering(arrive, talkative)
    await visit.context.set_offline(True)
    await expect(page.locator(".banner")).to_contain_text("You are offline")
    await steps.send(page, "are you there?")
    await expect(page.locator(".foot.failed")).to_contain_text("Not sent.")
    await visit.context.set_offline(False)
    await expect(page.locator(".banner")).to_be_hidden()
    await page.get_by_role("button", name="Try again").click()
    await expect(steps.answers(page)).to_have_text(["Hi! I am Wick. What shall I help you find?", said, said])
    await expect(page.locator(".from-user .bubble")).to_have_text(["hello", "are you there?"])


async def test_nobody_listens_while_the_page_is_hidden_and_nothing_is_missed(
    arrive: Arrive, street: Street, talkative: Shop
) -> None:
    said = speaks(street.cluster.model, words=WORDS, word_seconds=0.05)
    visit, page = await answering(arrive, talkative)
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
        await steps.hide(page, True)
    asked = [request for request in visit.requests if request.endswith("/events")]
    await street.cluster.until("select 1 from turns where status = 'completed'", seconds=steps.TEST_SECONDS_MAX)
    assert [request for request in visit.requests if request.endswith("/events")] == asked
    await steps.hide(page, False)
    await replied(page, said)


async def test_stop_ends_the_answer_and_keeps_what_was_said(arrive: Arrive, street: Street, talkative: Shop) -> None:
    said = speaks(street.cluster.model, words=200, word_seconds=0.05)
    _, page = await answering(arrive, talkative)
    await page.get_by_role("button", name="Stop the answer").click()
    last = page.locator(".entry.from-agent").last
    await expect(last.locator(".foot")).to_have_text("stopped")
    shown = await last.locator(".bubble").inner_text()
    assert said.startswith(shown.rstrip("…. "))
    await expect(page.get_by_role("textbox")).to_be_focused()


async def test_words_are_not_read_out_one_by_one(arrive: Arrive, street: Street, talkative: Shop) -> None:
    said = speaks(street.cluster.model, words=12, word_seconds=0.05)
    visit = await arrive(talkative)
    page = await visit.open()
    await steps.open_chat(page)
    await page.evaluate(
        """() => {
            window.announced = [];
            const node = document.querySelector("agentpay-widget").shadowRoot.querySelector(".announcer");
            const note = () => window.announced.push(node.textContent);
            new MutationObserver(note).observe(node, { childList: true, characterData: true, subtree: true });
        }"""
    )
    await steps.ask(page, "hello")
    assert await page.evaluate("window.announced") == [f"Wick: {said}"]
    live = await page.evaluate(
        """() => [...document.querySelector("agentpay-widget").shadowRoot.querySelectorAll("[aria-live], [role=log]")]
            .map((node) => node.className)"""
    )
    assert live == ["unseen announcer"]


async def test_two_tabs_start_one_conversation_and_both_hear_it(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    first, second = await visit.open(), await visit.tab()
    await asyncio.gather(*(page.locator(".launcher").click() for page in (first, second)))
    for page in (first, second):
        await expect(steps.answers(page)).to_have_count(1)
    assert await street.cluster.db.value("select count(*) from conversations") == 1
    await steps.ask(first, "hello")
    await expect(second.locator(".from-user .bubble")).to_have_text(["hello"])
    await expect(steps.answers(second)).to_have_count(2)


async def test_a_retry_is_the_same_message(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    keys: list[str] = []

    async def lose(route: Route) -> None:
        """The server stores it, and the answer gets lost on its way; the fourth arrives."""
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > BROWSER_TRIES:
            await route.continue_()
            return
        await route.fetch()
        await route.abort()

    async def deafen(route: Route) -> None:
        await (route.continue_() if len(keys) > BROWSER_TRIES else route.abort())

    await page.route(re.compile(r"/events$"), deafen)
    await page.route(re.compile(r"/messages$"), lose)
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
        await steps.hide(page, True)  # the open stream ends, and cannot begin again
    await steps.hide(page, False)
    await steps.send(page, "hello")
    await page.locator(".foot.failed").get_by_role("button", name="Try again").click()
    await expect(steps.answers(page)).to_have_count(2)
    await expect(page.locator(".from-user .bubble")).to_have_text(["hello"])
    assert (len(keys), len(set(keys))) == (BROWSER_TRIES + 1, 1)
    assert await street.cluster.db.value("select count(*) from messages where role = 'user'") == 1


async def test_start_over_in_one_tab_is_start_over_in_the_other(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    first = await visit.open()
    await steps.open_chat(first)
    await steps.ask(first, "hello")
    second = await visit.tab()
    await second.locator(".launcher").click()
    await expect(steps.answers(second)).to_have_count(2)
    await first.get_by_role("button", name="More").click()
    await first.get_by_role("button", name="Start over").click()
    for page in (first, second):
        await expect(page.locator(".from-user")).to_have_count(0)
        await expect(steps.answers(page)).to_have_count(1)
    assert await steps.stored(first) == await steps.stored(second)


async def test_without_storage_the_conversation_lives_as_long_as_the_page(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    await visit.context.add_init_script(
        """for (const kind of ["localStorage", "sessionStorage"]) {
            Object.defineProperty(window, kind, { get() { throw new DOMException("blocked", "SecurityError"); } });
        }"""
    )
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "hello")
    await page.locator(".shut").click()
    await page.locator(".launcher").click()
    await expect(steps.answers(page)).to_have_count(2)
    assert not [cookie for cookie in await visit.context.cookies() if ORIGIN in cookie.get("domain", "")]


async def test_what_could_not_be_said_at_first_is_kept_until_it_can(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    start = re.compile(r"/v1/agent/conversations$")
    await page.route(start, lambda route: route.abort())
    await page.wait_for_function("window.AgentPay")
    await page.evaluate("AgentPay.send('hello')")
    await expect(page.locator(".foot.failed")).to_be_visible()
    await expect(page.locator(".banner")).to_contain_text("cannot be reached right now")
    await page.unroute(start)
    await page.locator(".banner").get_by_role("button", name="Try again").click()
    await expect(steps.answers(page)).to_have_count(1)
    await page.locator(".foot.failed").get_by_role("button", name="Try again").click()
    await expect(steps.answers(page)).to_have_count(2)
    await expect(page.locator(".from-user .bubble")).to_have_text(["hello"])
