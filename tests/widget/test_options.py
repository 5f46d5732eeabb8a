"""Every way to put the tag on a page, every option on it, and every way to theme it that docs/widget.md names."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.cast import ORIGIN, Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import PLAIN_PAGE, Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

NONCE = "bm9uY2U"
STRICT_DYNAMIC = (
    f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; style-src 'nonce-{NONCE}';"
    " connect-src {agentpay}; img-src https: http:; base-uri 'none'"
)
# As next/script and tag managers do it: an element made by a script, after the page is there.
ADDED_LATER = """<script>addEventListener("load", () => {{
    const made = document.createElement("script");
    made.src = "{src}";
    made.setAttribute("data-key", "{key}");
    made.async = true;
    document.body.append(made);
}});</script>"""


@pytest.mark.parametrize("way", ["in the head, not async", "at the end of the body", "added later by a script"])
async def test_the_tag_works_wherever_it_stands(arrive: Arrive, acme: Shop, way: str) -> None:
    visit = await arrive(acme)
    tag = visit.script()
    later = ADDED_LATER.format(src=f"{visit.street.url}/widget.js", key=acme.publishable_key)
    html = {
        "in the head, not async": PLAIN_PAGE.replace("{script}", "").replace("<body>", tag.replace(" async", "")),
        "at the end of the body": PLAIN_PAGE.replace("{script}", tag),
        "added later by a script": PLAIN_PAGE.replace("{script}", later),
    }[way]
    page = await visit.open(html=html)
    await steps.open_chat(page)


@pytest.mark.parametrize("is_old", [False, True], ids=["constructable sheets", "without them"])
async def test_a_policy_of_nonces_is_kept(arrive: Arrive, acme: Shop, is_old: bool) -> None:
    visit = await arrive(acme)
    html = PLAIN_PAGE.replace("{script}", visit.script().replace("<script", f'<script nonce="{NONCE}"'))
    if is_old:
        await visit.context.add_init_script("delete CSSStyleSheet.prototype.replaceSync")
    page = await visit.open(html=html, policy=STRICT_DYNAMIC)
    await steps.open_chat(page)
    await expect(page.locator(".launcher")).to_have_css("position", "fixed")
    await expect(page.locator(".chat")).to_have_css("position", "fixed")


async def test_the_options_on_the_tag_are_followed(arrive: Arrive, street: Street, acme: Shop) -> None:
    made = await acme.post("/v1/agents", {"name": "Tallow", "personality": {"greeting": "Tallow here."}})
    assert made.status_code == 201, made.text
    visit = await arrive(acme)
    page = await visit.open(
        agent=made.json()["id"], language="pt", theme="dark", accent="#6b3fa0", position="left", currency="eur",
        product="01a21469-2d60-7ff7-a716-580000000000",
    )  # fmt: skip
    launcher = page.get_by_role("button", name="Abrir o chat")
    await expect(launcher).to_have_css("background-color", "rgb(107, 63, 160)")
    box = await launcher.bounding_box()
    assert box is not None
    assert box["x"] == 20
    await launcher.click()
    await expect(page.locator(".from-agent .bubble")).to_have_text("Tallow here.")
    await expect(page.locator(".chat")).to_have_css("background-color", "rgb(23, 27, 25)")
    context = await street.cluster.db.value("select context from conversations")
    assert (context["currency"], context["locale"]) == ("eur", "pt")
    assert context["current_product_id"] == "01a21469-2d60-7ff7-a716-580000000000"
    assert context["page_url"] == f"{ORIGIN}/"


async def test_without_a_launcher_the_page_opens_the_chat_and_gets_the_focus_back(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    button = "<button onclick='AgentPay.open()'>Ask Wick</button>"
    page = await visit.open(html=PLAIN_PAGE.replace("<h1>", button + "<h1>"), launcher="none")
    await expect(page.locator(".chat")).to_be_attached()
    await expect(page.locator(".launcher")).to_be_hidden()
    await page.get_by_role("button", name="Ask Wick").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Ask Wick")).to_be_focused()


async def test_a_proactive_agent_greets_beside_the_launcher_once_unless_told_not_to(
    arrive: Arrive, street: Street, acme: Shop
) -> None:
    personality = {**acme.agent["personality"], "proactive": True}
    await acme.patch(f"/v1/agents/{acme.agent['id']}", {"personality": personality})
    visit = await arrive(acme)
    page = await visit.open()
    teaser = page.get_by_role("complementary", name="Wick")
    await expect(teaser).to_contain_text("Hi! I am Wick.")
    assert await street.cluster.db.value("select count(*) from conversations") == 0
    await teaser.get_by_role("button", name="Close").click()
    await expect(teaser).to_have_count(0)
    assert await page.evaluate("sessionStorage.getItem('agentpay:teased')") == "yes"


async def test_custom_properties_and_parts_theme_it(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    style = """<style>:root { --agentpay-accent: #6b3fa0; --agentpay-accent-ink: #ffe; --agentpay-radius: 3px;
        --agentpay-font: monospace; --agentpay-offset: 40px; --agentpay-width: 350px; --agentpay-height: 500px;
        --agentpay-z-index: 77; --agentpay-surface: #fafaf0; --agentpay-launcher-radius: 9px }
        agentpay-widget::part(panel) { border: 4px dashed red } agentpay-widget::part(launcher) { opacity: .9 }
        </style>"""
    page = await visit.open(html=PLAIN_PAGE.replace("<body>", style + "<body>"), theme="light")
    await steps.open_chat(page)
    wanted = {
        ".launcher": {"background-color": "rgb(107, 63, 160)", "color": "rgb(255, 255, 238)", "border-radius": "9px",
            "right": "40px", "bottom": "40px", "opacity": "0.9"},
        ".chat": {"width": "350px", "height": "500px", "border-top-left-radius": "3px", "border-top-style": "dashed",
            "background-color": "rgb(250, 250, 240)", "font-family": "monospace"},
    }  # fmt: skip
    assert await looks_of(page, wanted) == wanted
    await expect(page.locator("agentpay-widget")).to_have_css("z-index", "77")


async def looks_of(page: Page, wanted: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        part: await page.locator(part).evaluate(
            "(node, names) => Object.fromEntries(names.map((name) => [name, getComputedStyle(node)[name]]))", [*names]
        )
        for part, names in wanted.items()
    }
