"""For everyone: axe, and our own look, find nothing in any state, light, dark and from right to left."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from agentpay.db.engine import Database
from tests.cast import Shop
from tests.widget import axe, steps
from tests.widget.conftest import PLAIN_PAGE, Arrive, Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

TARGET_PX_MIN = 24
HISTORY = 200
SLOW_FRAME_MS = 50
RTL_PAGE = PLAIN_PAGE.replace("<html lang='en'>", "<html lang='ar' dir='rtl'>")
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": (PLAIN_PAGE, {"color_scheme": "light"}),
    "dark": (PLAIN_PAGE, {"color_scheme": "dark"}),
    "right to left, on a phone": (RTL_PAGE, {"color_scheme": "light", "width": 360, "height": 740}),
}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3


@pytest_asyncio.fixture(scope="session")
async def source() -> AsyncIterator[str | None]:
    yield axe.find_axe()


async def look_at(page: Page, source: str | None, state: str) -> list[str]:
    found = [f"{state}: {problem}" for problem in await own_look(page)]
    if source is not None:
        found += [f"{state}: {problem}" for problem in await axe.violations(page, source)]
    return found


async def own_look(page: Page) -> list[str]:
    """Every control has a name and is large enough, text can be read, nothing is wider than its place."""
    problems: list[str] = await page.evaluate(
        """(least) => {
            const root = document.querySelector("agentpay-widget").shadowRoot;
            const found = [];
            for (const node of root.querySelectorAll("a[href], button, input, textarea")) {
                const { width, height } = node.getBoundingClientRect();
                if (!width) continue;
                const label = node.getAttribute("aria-label") ?? node.closest("label")?.textContent ?? node.textContent;
                if (!label.trim()) found.push(`no name: ${node.outerHTML.slice(0, 100)}`);
                const isInText = node.localName === "a" && node.closest("p, .bubble");
                if (!isInText && (width < least || height < least)) found.push(`small: ${width}×${height} ${label}`);
            }
            // axe cannot tell what lies behind a text in here; we know that backgrounds are plain.
            const parts = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
            const light = (color) => parts(color).slice(0, 3)
                .map((each) => each / 255)
                .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
                .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
            const behind = (node) => {
                for (let each = node; each instanceof Element; each = each.parentElement) {
                    const { backgroundColor } = getComputedStyle(each);
                    if (parts(backgroundColor)[3] !== 0) return backgroundColor;
                }
                return "rgb(255, 255, 255)";
            };
            for (const node of root.querySelectorAll("*")) {
                const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
                const look = getComputedStyle(node);
                if (!own || !node.getClientRects().length) continue;
                if (node.closest(".unseen, :disabled, [aria-hidden]")) continue;
                const [one, other] = [light(look.color), light(behind(node))];
                const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                const size = parseFloat(look.fontSize);
                const isLarge = size >= 24 || (size >= 18.66 && look.fontWeight >= 700);
                if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio}: ${node.textContent.slice(0, 60)}`);
            }
            const panel = root.querySelector(".scroller");
            if (panel.scrollWidth > panel.clientWidth) found.push(`wider than its place: ${panel.scrollWidth}`);
            if (document.scrollingElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
            return found;
        }""",
        TARGET_PX_MIN,
    )
    return problems


@pytest.mark.parametrize("look", LOOKS)
async def test_no_state_shuts_anybody_out(arrive: Arrive, acme: Shop, source: str | None, look: str) -> None:
    html, options = LOOKS[look]
    visit = await arrive(acme, **options)
    page = await visit.open(html=html)
    await page.wait_for_function("document.querySelector('agentpay-widget')?.shadowRoot.querySelector('.chat')")
    problems = await look_at(page, source, "closed")
    await steps.open_chat(page)
    await page.mouse.move(5, 5)
    problems += await look_at(page, source, "open")
    await steps.ask(page, "Which candles do you have?")
    problems += await look_at(page, source, "cards")
    await steps.ask(page, "Can I get 40% off the Lavender candle?")
    problems += await look_at(page, source, "offer")
    await page.get_by_role("button", name="Accept this price").click()
    await expect(page.get_by_role("link", name="Pay $")).to_be_visible()
    problems += await look_at(page, source, "payment")
    await page.get_by_role("button", name="More").click()
    problems += await look_at(page, source, "menu")
    await page.get_by_role("button", name="Delete my data").click()
    problems += await look_at(page, source, "question")
    await page.keyboard.press("Escape")
    await staff_says(acme, page, f"Ana here, **{LONG}** https://a.example/{LONG}")
    await expect(page.locator(".from-staff")).to_be_visible()
    problems += await look_at(page, source, "handed over")
    await visit.context.set_offline(True)
    await steps.send(page, "are you there?")
    await expect(page.locator(".foot.failed")).to_be_visible()
    problems += await look_at(page, source, "offline, a message failed")
    assert problems == []


async def staff_says(shop: Shop, page: Page, content: str, author: str = "Ana") -> None:
    path = f"/v1/agent/conversations/{(await steps.stored(page))['conversationId']}/messages"
    said = await shop.post(path, {"content": content, "role": "staff", "author_name": author})
    assert said.status_code == 201, said.text


async def test_at_four_times_the_size_everything_can_still_be_reached(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme, width=320, height=256)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    assert await own_look(page) == []
    for part in (".shut", ".composer textarea", ".send"):
        await expect(page.locator(part)).to_be_in_viewport(ratio=1)


async def test_hostile_words_are_words(arrive: Arrive, street: Street, acme: Shop) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    rude = f"{hostile} [x](javascript:alert(1)) [y](https://evil.example/{'a' * 300}) \u202eevil\u202c"
    card = {
        "type": "product_card", "product_id": "p", "name": hostile, "description": rude, "action": "buy",
        "image_url": "javascript:alert(1)",
        "price": {"amount": 1, "currency": "<b>", "amount_type": "fixed", "recurring_interval": "<i>",
            "recurring_interval_count": 1, "trial": None, "from": False},
    }  # fmt: skip
    odd = [
        {"type": "image", "url": "data:text/html,x", "caption": hostile},
        {"type": "source", "article_id": "a", "title": hostile, "url": "javascript:alert(1)"},
        {"type": "__proto__"},
        {"type": "constructor"},
        {"type": "quick_replies", "options": [hostile]},
    ]
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await staff_says(acme, page, rude, author=hostile)
    await street.cluster.db.run("update messages set attachments = %s where role = 'staff'", (jsonb([card, *odd]),))
    await page.reload()
    await page.locator(".launcher").click()
    last = page.locator(".from-staff")
    await expect(last.locator(".author")).to_have_text(hostile)
    await expect(last.locator(".bubble")).to_contain_text(hostile)
    await expect(last.locator("h3")).to_have_text(hostile)
    await expect(page.locator(".chip")).to_have_text(hostile)
    links = await page.locator(".log a").evaluate_all(
        "(links) => links.map(({ href, rel }) => [href.slice(0, 21), rel])"
    )
    assert links == [["https://evil.example/", "noopener noreferrer nofollow"]]
    assert await page.locator(".log img[src='x'], .log i:not(.dots i), .log b, .log script").count() == 0


async def test_a_long_history_scrolls_without_jerks(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await write_history(street.cluster.db, (await steps.stored(page))["conversationId"])
    await page.reload()
    await page.locator(".launcher").click()
    await expect(page.locator(".entry")).to_have_count(50)
    while await page.get_by_role("button", name="Earlier messages").is_visible():
        before = await page.locator(".entry").count()
        await page.get_by_role("button", name="Earlier messages").click()
        await expect(page.locator(".entry")).not_to_have_count(before)
    assert await page.locator(".entry").count() > HISTORY
    spent = await page.evaluate(
        """async () => {
            const scroller = document.querySelector("agentpay-widget").shadowRoot.querySelector(".scroller");
            const spent = [];
            for (let at = 0; at < scroller.scrollHeight; at += 200) {
                const began = performance.now();
                scroller.scrollTop = at;
                scroller.getBoundingClientRect();
                scroller.dispatchEvent(new Event("scroll"));
                spent.push(performance.now() - began);
                await new Promise(requestAnimationFrame);
            }
            return spent.sort((one, other) => one - other);
        }"""
    )
    assert spent[len(spent) * 95 // 100] < SLOW_FRAME_MS / 5  # what scrolling asks of the page, of the 16 ms of a frame


async def write_history(db: Database, conversation_id: str) -> None:
    await db.run(
        """insert into messages (id, organization_id, conversation_id, sequence, role, content)
        select gen_random_uuid(), m.organization_id, m.conversation_id, m.sequence + n, 'staff',
          'Message ' || n || ' with **some** words and https://a.example/' || n
        from messages m, generate_series(1, %s) n where m.conversation_id = %s and m.role = 'agent'""",
        (HISTORY, conversation_id),
    )


def jsonb(value: Any) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value)


async def test_the_look_finds_what_is_wrong(arrive: Arrive, acme: Shop, source: str | None) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await page.evaluate(
        """() => {
            const root = document.querySelector("agentpay-widget").shadowRoot;
            root.querySelector(".shut").removeAttribute("aria-label");
            root.querySelector(".send").style.cssText = "width: 20px; height: 20px";
            root.querySelector(".bubble").style.color = "#aaa";
        }"""
    )
    # A change of color reaches a child one transition later, however short transitions are.
    await expect(page.locator(".from-agent .bubble p").first).to_have_css("color", "rgb(170, 170, 170)")
    found = " ".join(await look_at(page, source, "spoilt"))
    assert all(word in found for word in ("no name", "small: 20", "contrast"))
    assert source is None or "button-name" not in found  # its title still names it


@pytest.mark.parametrize(("accent", "ink"), [("#ffd54a", "rgb(0, 0, 0)"), ("#3b1d6e", "rgb(255, 255, 255)")])
async def test_words_on_any_accent_can_be_read(arrive: Arrive, acme: Shop, accent: str, ink: str) -> None:
    visit = await arrive(acme)
    page = await visit.open(accent=accent, theme="light")
    await steps.open_chat(page)
    await steps.ask(page, "hello")
    assert await own_look(page) == []
    assert await page.locator(".from-user .bubble").evaluate("(node) => getComputedStyle(node).color") == ink
