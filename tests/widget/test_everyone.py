"""For everyone: axe, and our own look, find nothing in any state, light, dark and from right to left."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.cast import Shop
from tests.widget import axe, states, steps
from tests.widget.conftest import Arrive
from tests.widget.own_look import own_look
from tests.widget.street import PLAIN_PAGE, Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

HISTORY = 200
RTL_PAGE = PLAIN_PAGE.replace("<html lang='en'>", "<html lang='ar' dir='rtl'>")
LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": (PLAIN_PAGE, {"color_scheme": "light"}),
    "dark": (PLAIN_PAGE, {"color_scheme": "dark"}),
    "right to left": (RTL_PAGE, {"color_scheme": "light"}),
    "right to left, dark, on a phone": (RTL_PAGE, {"color_scheme": "dark", "width": 360, "height": 740}),
    "on a phone": (PLAIN_PAGE, {"color_scheme": "light", "width": 360, "height": 740}),
}


@pytest_asyncio.fixture(scope="session")
async def source() -> AsyncIterator[str | None]:
    yield axe.find_axe()


async def look_at(page: Page, source: str | None, state: str) -> list[str]:
    found = [f"{state}: {problem}" for problem in await own_look(page)]
    if source is not None:
        found += [f"{state}: {problem}" for problem in await axe.violations(page, source)]
    return found


@pytest.mark.parametrize("look", LOOKS)
async def test_no_state_shuts_anybody_out(arrive: Arrive, talkative: Shop, source: str | None, look: str) -> None:
    html, options = LOOKS[look]
    visit = await arrive(talkative, **options)
    page = await visit.open(html=html)
    problems, seen = [], []
    async for state in states.walk(visit, page):
        problems += await look_at(page, source, state)
        seen.append(state)
    assert problems == []
    assert tuple(seen) == states.STATES


async def test_at_four_times_the_size_everything_can_still_be_reached(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme, width=320, height=256)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    assert await own_look(page) == []
    for part in (".shut", ".composer textarea", ".send"):
        await expect(page.locator(part)).to_be_in_viewport(ratio=1)


async def test_whoever_wants_no_motion_gets_none(arrive: Arrive, acme: Shop) -> None:
    durations = {}
    for wish in ("reduce", "no-preference"):
        visit = await arrive(acme, reduced_motion=wish)
        page = await visit.open()
        await steps.open_chat(page)
        durations[wish] = await page.locator(".chat").evaluate("(node) => getComputedStyle(node).animationDuration")
    assert durations == {"reduce": "1e-05s", "no-preference": "0.2s"}


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
    await steps.staff_says(acme, page, rude, author=hostile)
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


async def test_a_long_history_comes_page_by_page_and_stays_where_it_is_read(
    arrive: Arrive, street: Street, acme: Shop
) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.write_history(street.cluster.db, (await steps.stored(page))["conversationId"], HISTORY)
    await page.reload()
    await page.locator(".launcher").click()
    await expect(page.locator(".entry")).to_have_count(50)
    await expect(page.locator(".entry").last).to_be_in_viewport()
    first = page.locator(".entry").first
    read = await first.get_attribute("data-id")
    await first.scroll_into_view_if_needed()
    await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.locator(".entry")).to_have_count(100)
    await expect(page.locator(f'[data-id="{read}"]')).to_be_in_viewport()
    await steps.read_all(page)
    texts = await page.locator(".from-staff .bubble").all_inner_texts()
    assert [text.split()[1] for text in texts] == [str(number) for number in range(1, HISTORY + 1)]


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
