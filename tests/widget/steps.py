"""What a visitor does and what a shop's page can ask, in the tests' words."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from agentpay.db.engine import Database
from tests.cast import ORIGIN, Shop

TEST_SECONDS_MAX = 600
"""For a machine that is busy with other things; a test of these takes seconds on a quiet one."""
BUYER = "sam@gmail.com"  # Polar asks the domain's mail servers


async def open_chat(page: Page) -> None:
    await page.locator(".launcher").click()
    await expect(page.locator(".from-agent .bubble").first).to_be_visible()


def answers(page: Page) -> Locator:
    """The agent's finished answers, the greeting among them."""
    return page.locator(".from-agent .bubble:not(.typing)")


async def send(page: Page, text: str) -> None:
    box = page.locator(".composer textarea")
    await box.fill(text)
    await box.press("Enter")


async def ask(page: Page, text: str) -> None:
    """Send a message and wait until the agent's whole answer is there."""
    before = await answers(page).count()
    await send(page, text)
    await expect(answers(page)).to_have_count(before + 1)
    await expect(page.locator(".composer .stop")).to_be_hidden()


async def pay(page: Page) -> Page:
    """On Polar's page in the tab that a click on the pay button opens; returns that tab."""
    async with page.context.expect_page() as opened:
        await page.keyboard.press("Enter")
    tab = await opened.value
    await tab.wait_for_load_state("load")  # before that, nobody listens to its buttons
    await tab.locator('[name="customer_email"]').fill(BUYER)
    await tab.locator('[data-token="ok"]').click()
    await tab.wait_for_url(f"{ORIGIN}/**")
    return tab


async def tab_to(page: Page, target: Locator, *, presses_max: int = 40) -> None:
    """Go there as who has no mouse: by Shift+Tab, from the composer upwards."""
    for _ in range(presses_max):
        await page.keyboard.press("Shift+Tab")
        if await target.evaluate("node => node === node.getRootNode().activeElement"):
            return
    raise AssertionError(f"{target} cannot be reached with the keyboard")


async def staff_says(shop: Shop, page: Page, content: str, author: str = "Ana") -> None:
    path = f"/v1/agent/conversations/{(await stored(page))['conversationId']}/messages"
    said = await shop.post(path, {"content": content, "role": "staff", "author_name": author})
    assert said.status_code == 201, said.text


async def stored(page: Page) -> dict[str, str]:
    """What this browser keeps of the conversation."""
    kept: dict[str, str] = await page.evaluate(
        """() => JSON.parse(Object.entries(localStorage).find(([name]) => name.startsWith("agentpay:ap_pk_"))[1])"""
    )
    return kept


async def hide(page: Page, hidden: bool) -> None:
    """The visitor looks at another tab, or comes back: headless browsers never hide a page by themselves."""
    await page.evaluate(
        """(hidden) => {
            const value = hidden ? "hidden" : "visible";
            Object.defineProperty(document, "visibilityState", { value, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def heard(page: Page, *events: str) -> None:
    """From now on, the page notes these events of the widget in `window.heard`."""
    await page.evaluate(
        """(events) => {
            window.heard = [];
            for (const event of events) {
                document.addEventListener(`agentpay:${event}`, ({ detail }) => window.heard.push([event, detail]));
            }
        }""",
        list(events),
    )


async def what_was_heard(page: Page) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = await page.evaluate("window.heard")
    return found


async def write_history(db: Database, conversation_id: str, count: int) -> None:
    """So many messages after the greeting, as if somebody had been here for days."""
    await db.run(
        """insert into messages (id, organization_id, conversation_id, sequence, role, content)
        select gen_random_uuid(), m.organization_id, m.conversation_id, m.sequence + n, 'staff',
          'Message ' || n || ' with **some** words and https://a.example/' || n
        from messages m, generate_series(1, %s) n where m.conversation_id = %s and m.role = 'agent'""",
        (count, conversation_id),
    )


async def read_all(page: Page) -> None:
    """Press "Earlier messages" until there are none."""
    earlier = page.get_by_role("button", name="Earlier messages")
    while await earlier.is_visible():
        before = await page.locator(".entry").count()
        await earlier.click()
        await expect(page.locator(".entry")).not_to_have_count(before)
