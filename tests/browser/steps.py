"""What a visitor does, in the tests' words."""

import re
from pathlib import Path

from playwright.async_api import Page, expect

BUYER = "sam@gmail.com"  # Polar asks the domain's mail servers


async def open_chat(page: Page) -> None:
    await page.locator(".launcher").click()
    await expect(page.locator(".from-agent .bubble").first).to_be_visible()


async def write(page: Page, text: str) -> None:
    """Send a message and wait until the agent's whole answer is there."""
    answers = page.locator(".from-agent[data-id] .bubble:not(.typing)")
    before = await answers.count()
    box = page.locator(".composer textarea")
    await box.fill(text)
    await box.press("Enter")
    await expect(page.locator(".from-user .bubble").last).to_have_text(text)
    await expect(answers).to_have_count(before + 1)
    await expect(page.locator(".composer .icon-stop")).to_be_hidden()


async def accept(page: Page) -> None:
    await page.locator("[data-accept]").last.click()
    await expect(page.locator("a.pay").last).to_be_visible()


async def pay(page: Page) -> Page:
    """Click the pay button, pay on Polar's page; returns that tab, back at the shop."""
    async with page.context.expect_page() as opened:
        await page.locator("a.pay").last.click()
    tab = await opened.value
    await tab.wait_for_load_state("load")  # before that, nobody listens to its buttons
    await tab.locator('[name="customer_email"]').fill(BUYER)
    await tab.locator('[data-token="ok"]').click()
    await tab.wait_for_url(re.compile(r"/thanks"))
    return tab


async def photograph(page: Page, folder: Path, name: str) -> None:
    await page.screenshot(path=folder / f"{name}.png")


def amounts_in(text: str) -> list[int]:
    """Every amount of money in a text, in minor units: `$85.50`, `R$ 1.299,00`."""
    found = re.findall(r"(?:R\$|[$€£])\s?([\d.,]+\d)", text.replace("\u00a0", " "))
    return [int(re.sub(r"[.,]", "", amount)) for amount in found]
