"""The chat itself: it survives reloads, lost networks, other tabs and rude texts, and works without a mouse."""

import pytest
from playwright.async_api import Page, Response, expect

from agentpay.widget import parts
from tests.browser import steps
from tests.browser.conftest import Open
from tests.dev.process import Dev

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RUDE = "<img src=x onerror=alert(1)> <b>bold</b>"


async def test_a_reload_keeps_the_conversation_and_its_stream(open_shop: Open) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await steps.write(page, "hello")
    said = await page.locator(".bubble").all_inner_texts()
    await page.reload()
    await page.locator(".launcher").click()
    await expect(page.locator(".bubble")).to_have_text(said)
    await steps.write(page, "what is your refund policy?")
    await expect(page.locator(".bubble")).to_have_count(len(said) + 2)


async def test_an_answer_names_its_source(open_shop: Open) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await steps.write(page, "what is your refund policy?")
    source = page.locator(".source").last
    await expect(source).to_contain_text("Source: Refunds and returns")
    async with page.context.expect_page() as opened:
        await source.click()
    help_page = await opened.value
    await expect(help_page.locator("details[open] summary")).to_have_text("Refunds and returns")


async def test_a_message_that_could_not_be_sent_is_sent_once_the_network_is_back(open_shop: Open) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await page.context.set_offline(True)
    await expect(page.locator(".banner")).to_contain_text("You are offline")
    await page.locator(".composer textarea").fill("are you there?")
    await page.keyboard.press("Enter")
    retry = page.locator(".foot.failed").get_by_role("button", name="Try again")
    await expect(retry).to_be_visible()
    await page.context.set_offline(False)
    await retry.click()
    await expect(page.locator(".from-agent .bubble:not(.typing)")).to_have_count(2)
    await expect(page.locator(".from-user .bubble")).to_have_count(1)
    await expect(page.locator(".banner")).to_be_hidden()


async def test_words_are_words_and_never_markup(open_shop: Open) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await steps.write(page, RUDE)
    await expect(page.locator(".from-user .bubble").last).to_have_text(RUDE)
    assert await page.locator(".log img[src='x'], .log b").count() == 0


async def test_everything_works_from_the_keyboard(open_shop: Open) -> None:
    page = await open_shop()
    await page.locator(".launcher").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer textarea")).to_be_focused()
    await page.keyboard.type("hi")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("there")
    await page.keyboard.press("Enter")
    await expect(page.locator(".from-user .bubble")).to_have_text("hi\nthere", use_inner_text=True)
    await page.keyboard.press("Escape")
    await expect(page.locator(".chat")).to_be_hidden()
    await expect(page.locator(".launcher")).to_be_focused()


async def test_start_over_begins_a_new_conversation_and_closes_the_old_one(open_shop: Open, dev: Dev) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await steps.write(page, "hello")
    before = await stored(page)
    await page.locator(".menu > .round").click()
    await page.get_by_role("button", name="Start over").click()
    await expect(page.locator(".from-user")).to_have_count(0)
    await expect(page.locator(".from-agent .bubble")).to_have_count(1)
    assert (await stored(page))["conversationId"] != before["conversationId"]
    path = f"/v1/agent/conversations/{before['conversationId']}"
    headers = {"Authorization": f"Bearer {before['token']}"}
    old = await page.request.get(dev.handout["base_url"] + path, headers=headers)
    assert (await old.json())["status"] == "closed"


async def test_a_person_is_asked_for_takes_over_and_is_named(open_shop: Open, dev: Dev) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await page.locator(".menu > .round").click()
    await page.get_by_role("button", name="Talk to a person").click()
    await expect(page.locator(".banner")).to_contain_text("asked a person")
    path = f"/v1/agent/conversations/{(await stored(page))['conversationId']}/messages"
    staff = {"content": "Ana here, how can I help?", "role": "staff", "author_name": "Ana"}
    headers = {"Authorization": f"Bearer {dev.handout['secret_key']}"}
    assert (await page.request.post(dev.handout["base_url"] + path, headers=headers, data=staff)).ok
    await expect(page.locator(".from-staff .bubble")).to_have_text("Ana here, how can I help?")
    await expect(page.locator(".chat header h2")).to_have_text("Ana")


async def test_feedback_is_thanked_for_and_reaches_the_merchant(open_shop: Open) -> None:
    page = await open_shop()
    await steps.open_chat(page)
    await steps.write(page, "hello")
    async with page.expect_response(lambda response: response.url.endswith("/feedback")) as told:
        await page.get_by_role("button", name="Helpful", exact=True).last.click()
    assert (await told.value).ok
    await expect(page.locator(".entry .foot").last).to_contain_text("Thank you")


async def test_nothing_is_wider_than_a_small_phone(open_shop: Open, dev: Dev) -> None:
    page = await open_shop(width=360)
    for path in ("/", "/help", "/thanks"):
        await page.goto(dev.handout["storefront_url"] + path)
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= 360
    await page.locator(".launcher").click()
    box = await page.locator(".chat").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (360, 740)


async def test_what_dev_serves_of_the_widget_stays_within_its_budgets(open_shop: Open, dev: Dev) -> None:
    base = dev.handout["base_url"]
    sizes: dict[str, int] = {}

    async def measure(response: Response) -> None:
        if response.url.startswith(f"{base}/widget"):
            sizes[response.url.rpartition("/")[2]] = int(response.headers["content-length"])

    page = await open_shop()
    page.on("response", measure)
    await page.reload()
    await page.locator(".launcher").click()
    await expect(page.locator(".from-agent .bubble").first).to_be_visible()
    again = await page.request.get(f"{base}/widget.js", headers={"Accept-Encoding": "gzip"})
    assert again.headers["content-encoding"] == "gzip"
    assert int(again.headers["content-length"]) <= parts.LOADER_BYTES_MAX
    assert 0 < sum(sizes[name] for name in ("chat.js", "chat.css", "en.json")) <= parts.CHAT_BYTES_MAX


async def stored(page: Page) -> dict[str, str]:
    kept: dict[str, str] = await page.evaluate(
        """() => {
            const [, kept] = Object.entries(localStorage).find(([name]) => name.startsWith("agentpay:ap_pk_"));
            return JSON.parse(kept);
        }"""
    )
    return kept
