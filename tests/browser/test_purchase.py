"""The main job in a browser: ask, haggle, accept, pay, read the confirmation."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GOODS_ON_THE_SHELF = 24
RULES_MAX_PERCENT = 15
WORDS = {
    "en-US": ("do you have anything for focus?", "Can I get 50% off the Deep Focus course?", "Order confirmed"),
    "pt-BR": ("vocês têm algo para foco?", "Faz 50% de desconto no curso Foco Profundo?", "Pedido confirmado"),
}


@pytest.mark.parametrize(("locale", "width"), [("en-US", 1440), ("en-US", 360), ("pt-BR", 360), ("pt-BR", 1440)])
async def test_a_visitor_haggles_pays_and_reads_the_confirmation(
    open_shop: Open, pictures: Path, locale: str, width: int
) -> None:
    page = await open_shop(width=width, locale=locale)
    ask, haggle, confirmed = WORDS[locale]
    await expect(page.locator(".grid .item")).to_have_count(GOODS_ON_THE_SHELF)
    await steps.photograph(page, pictures, "1-shop")
    await steps.open_chat(page)
    await steps.write(page, ask)
    await expect(page.locator(".card.product").first).to_be_visible()
    await expect(page.locator(".from-agent .bubble").last).to_be_in_viewport(ratio=1)
    await steps.photograph(page, pictures, "2-products")
    await steps.write(page, haggle)
    await check_offer(page)
    await steps.photograph(page, pictures, "3-offer")
    await steps.accept(page)
    await steps.photograph(page, pictures, "4-pay")
    tab = await steps.pay(page)
    assert "customer_session_token" not in tab.url
    await steps.photograph(tab, pictures, "5-thanks")
    await expect(page.locator(".card.order")).to_contain_text(confirmed)
    await expect(page.locator(".card.offer .status.good")).to_be_visible()
    await expect(tab.locator("#waiting.good")).to_be_visible()
    await steps.photograph(page, pictures, "6-confirmed")


async def check_offer(page: Page) -> None:
    """A counter-offer, within the rules, with its time running."""
    offer = page.locator(".card.offer").last
    await expect(offer.locator("[data-accept]")).to_be_visible()
    amount, listed = steps.amounts_in(await offer.inner_text())[:2]
    assert listed * (100 - RULES_MAX_PERCENT) <= amount * 100 < listed * 100
    clock = offer.locator("[data-expires]")
    first = await clock.inner_text()
    await expect(clock).not_to_have_text(first)


async def test_a_free_thing_is_had_without_a_word(open_shop: Open) -> None:
    page = await open_shop()
    item = page.locator(".item", has_text="Seven Calm Mornings")
    await item.get_by_role("button", name="Buy now").click()
    await expect(page.locator("a.pay")).to_have_text("Get it for free")
    await steps.pay(page)
    await expect(page.locator(".card.order")).to_contain_text("Order confirmed")


async def test_seats_are_chosen_before_paying(open_shop: Open, pictures: Path) -> None:
    page = await open_shop()
    await page.locator(".item", has_text="Clareira for Teams").get_by_role("button", name="Buy now").click()
    dialog = page.get_by_role("dialog", name="Clareira for Teams")
    await dialog.get_by_label("Seats").fill("4")
    await steps.photograph(page, pictures, "details")
    await dialog.get_by_role("button", name="Buy now").click()
    await expect(page.locator("a.pay")).to_have_text("Pay $36.00")


async def test_the_buyer_who_pays_in_the_same_tab_is_told_there(open_shop: Open) -> None:
    page = await open_shop(width=360)
    item = page.locator(".item", has_text="Weekly Review Cards")
    await item.get_by_role("button", name="Buy now").click()
    address = await page.locator("a.pay").get_attribute("href")
    assert address is not None
    await page.goto(address)
    await page.locator('[name="customer_email"]').fill(steps.BUYER)
    await page.locator('[data-token="ok"]').click()
    await page.wait_for_url("**/thanks**")
    await expect(page.locator("#waiting")).to_have_text("Your order is confirmed.")
