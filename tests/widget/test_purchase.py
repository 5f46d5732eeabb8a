"""The whole purchase through the widget: by keyboard alone, on a page with a strict policy, told to the page."""

import pytest
from playwright.async_api import expect

from tests.cast import Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import STRICT_POLICY

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]


async def test_sam_buys_with_the_keyboard_alone_under_a_strict_policy(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(policy=STRICT_POLICY)
    await steps.heard(page, "open", "message", "offer", "checkout", "order", "pay")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Write a message…")).to_be_focused()
    await expect(steps.answers(page)).to_have_text(["Hi! I am Wick. What shall I help you find?"])
    await steps.ask(page, "Which candles do you have?")
    await expect(page.get_by_role("list", name="Products").get_by_role("article")).to_have_count(3)
    await expect(page.locator(".announcer")).to_contain_text("Lavender candle, $95.00")
    await steps.ask(page, "Can I get 40% off the Lavender candle?")
    offer = page.get_by_role("article", name="Offer for you")
    await expect(offer.locator("s")).to_have_text("$95.00")
    await steps.tab_to(page, offer.get_by_role("button", name="Accept this price"))
    await page.keyboard.press("Enter")
    pay_link = offer.get_by_role("link", name="Pay $")
    await expect(pay_link).to_be_focused()
    await steps.pay(page)
    await expect(page.get_by_role("article", name="Order confirmed")).to_contain_text("Lavender candle")
    await expect(offer).to_contain_text("Bought")
    await expect(page.locator(".announcer")).to_contain_text("Order confirmed")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    told = await steps.what_was_heard(page)
    assert [name for name, _ in told if name in ("open", "order", "pay")] == ["open", "pay", "order"]
    offers = [detail["status"] for name, detail in told if name == "offer"]
    assert offers == ["open", "accepted", "redeemed"]
    assert len([1 for name, detail in told if name == "message" and detail["role"] == "user"]) == 2
