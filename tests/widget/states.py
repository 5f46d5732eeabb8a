"""All that the widget can look like, one state after the other, as one visitor meets them."""

import re
from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from tests.cluster.model import speaks
from tests.llm.providers import anthropic_server as claude
from tests.llm.providers.server import Answer, Pause
from tests.widget import steps
from tests.widget.street import Visit

STATES = (
    "closed", "open", "typing", "streaming", "stopped", "cards", "offer", "payment", "menu", "question", "order",
    "handed over", "error", "offline",
)  # fmt: skip
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
ANSWER_WORDS = 600
WORD_SECONDS = 0.2
"""An answer that lasts for minutes: whoever looks at it has the time."""
SILENT_SECONDS = 12.0
"""Less than the service waits for a first word: a model that never speaks is not asked any more."""


async def walk(visit: Visit, page: Page) -> AsyncIterator[str]:
    """Yields each of STATES when the page is in it. The shop's Wick speaks through the slow model at first."""
    await expect(page.locator(".launcher")).to_be_visible()
    await expect(page.locator(".chat")).to_be_attached()
    yield "closed"
    await steps.open_chat(page)
    await page.mouse.move(5, 5)
    yield "open"
    async for state in _answering(visit, page):
        yield state
    async for state in _buying(page):
        yield state
    await steps.staff_says(visit.shop, page, f"Ana here, **{LONG}** https://a.example/{LONG}")
    await expect(page.locator(".from-staff")).to_be_visible()
    yield "handed over"
    await page.route("**/messages", lambda route: route.abort())
    await steps.send(page, "are you there?")
    await expect(page.locator(".foot.failed")).to_be_visible()
    yield "error"
    await page.unroute("**/messages")
    await visit.context.set_offline(True)
    await expect(page.locator(".banner")).to_contain_text("offline")
    yield "offline"
    await visit.context.set_offline(False)


async def _answering(visit: Visit, page: Page) -> AsyncIterator[str]:
    shop, model = visit.shop, visit.street.cluster.model
    stop = page.get_by_role("button", name="Stop the answer")
    model.will(Answer((claude.start(), Pause(SILENT_SECONDS), *claude.text("The cedar one."), *claude.stop())))
    await steps.send(page, "Which one burns longest?")
    await expect(page.locator(".bubble.typing")).to_be_visible()
    yield "typing"
    await page.locator(".stop").dispatch_event("click")  # if it is still there
    await expect(stop).to_be_hidden()
    before = await steps.answers(page).count()
    speaks(model, words=ANSWER_WORDS, word_seconds=WORD_SECONDS)
    await steps.send(page, "And which one is the brightest?")
    await expect(steps.answers(page)).to_have_count(before + 1)
    await expect(steps.answers(page).last).to_contain_text(re.compile(r"(\w+ ){4}"))
    yield "streaming"
    await expect(stop).to_be_visible()  # it was being written all that time
    await stop.click()
    await expect(page.locator(".from-agent .foot")).to_have_text("stopped")
    yield "stopped"
    config = {**shop.agent["config"], "llm_provider": "template"}
    assert (await shop.patch(f"/v1/agents/{shop.agent['id']}", {"config": config})).status_code == 200


async def _buying(page: Page) -> AsyncIterator[str]:
    await steps.ask(page, "Which candles do you have?")
    yield "cards"
    await steps.ask(page, "Can I get 40% off the Lavender candle?")
    yield "offer"
    await page.get_by_role("button", name="Accept this price").click()
    pay = page.get_by_role("link", name="Pay $")
    await expect(pay).to_be_visible()
    yield "payment"
    await page.get_by_role("button", name="More").click()
    yield "menu"
    await page.get_by_role("button", name="Delete my data").click()
    yield "question"
    await page.keyboard.press("Escape")
    await pay.focus()
    tab = await steps.pay(page)
    await tab.close()
    await expect(page.get_by_role("article", name="Order confirmed")).to_be_visible()
    yield "order"
