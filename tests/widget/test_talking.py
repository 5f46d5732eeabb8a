"""What there is beside words: sources, thumbs, quick replies, the badge of what was said while the chat was shut."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.cast import Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]


async def test_an_answer_names_its_source_and_can_be_judged(arrive: Arrive, street: Street, acme: Shop) -> None:
    article = {
        "type": "policy", "title": "Returns", "url": "https://acme.example/returns",
        "content": "You can return any candle within thirty days of delivery, burnt or not.",
    }  # fmt: skip
    assert (await acme.post("/v1/agent/knowledge/articles", article)).status_code == 201
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "What is your return policy?")
    source = page.get_by_role("link", name="Source: Returns")
    await expect(source).to_have_attribute("href", "https://acme.example/returns")
    await expect(source).to_have_attribute("rel", "noopener")
    await page.get_by_role("button", name="Not helpful").click()
    await expect(page.locator(".foot").last).to_have_text("Thank you for telling us.")
    await expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    assert await street.cluster.until("select helpful from feedback", seconds=steps.TEST_SECONDS_MAX) is False


async def test_who_comes_back_hears_what_was_said_and_opens_the_chat_where_it_was(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "hello")
    await page.reload()
    await page.wait_for_function("window.AgentPay")
    await steps.heard(page, "ready", "message")
    await page.evaluate("AgentPay.resume()")
    await page.wait_for_function("window.heard.length === 1")
    await steps.staff_says(acme, page, "Your candle has left the house.")
    await expect(page.get_by_role("button", name="Open the chat, 1 new message")).to_be_visible()
    told = await steps.what_was_heard(page)
    assert [(name, detail.get("role")) for name, detail in told] == [("ready", None), ("message", "staff")]
    await page.locator(".launcher").click()
    await expect(page.locator(".from-staff .bubble")).to_have_text("Your candle has left the house.")
    await expect(steps.answers(page)).to_have_count(2)


async def test_the_page_hears_of_a_checkout_once_for_each_change(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    await steps.heard(page, "checkout")
    await page.get_by_role("button", name="Buy: Orange candle").click()
    await expect(page.get_by_role("link", name="Pay $38.00")).to_be_visible()
    told = [detail["status"] for _, detail in await steps.what_was_heard(page)]
    assert told == ["creating", "open"]


async def test_an_offer_counts_down_and_is_over_when_its_time_is(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "Can I get 40% off the Lavender candle?")
    offer = page.get_by_role("article", name="Offer for you")
    await expect(offer.get_by_role("timer")).to_have_text(re.compile(r"Valid for \d\d:\d\d"))
    first = await offer.get_by_role("timer").inner_text()
    await expect(offer.get_by_role("timer")).not_to_have_text(first)
    await page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=2))
    await expect(offer).to_contain_text("Expired")
    await expect(offer.get_by_role("button", name="Accept this price")).to_have_count(0)
