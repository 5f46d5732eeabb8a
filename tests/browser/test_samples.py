"""What the documentation gives to a page works in a browser, and the page about the contract can be read on a phone."""

import json
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, Request, expect

from agentpay.widget import parts
from tests.browser.conftest import Open
from tests.dev.process import Dev
from tests.docs.pages import ROOT, Block, all_blocks, blocks_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

Blank = Callable[[str], Awaitable[Page]]


def samples(language: str) -> list[Block]:
    return [block for block in all_blocks() if block.language == language]


def here(text: str, dev: Dev) -> str:
    """A sample with this installation's address and key."""
    return text.replace("https://pay.example.com", dev.handout["base_url"]).replace(
        "ap_pk_…", dev.handout["publishable_key"]
    )


@pytest.fixture
def blank(open_shop: Open) -> Blank:
    """`await blank(html)` gives a page of the storefront's own server and Origin that holds nothing else."""

    async def open_blank(body: str) -> Page:
        page = await open_shop(path="/assets/base.css")
        await page.set_content(f"<!doctype html><html><body>{body}</body></html>")
        return page

    return open_blank


@pytest.mark.parametrize("block", samples("html"), ids=lambda block: block.place)
async def test_a_script_tag_puts_the_launcher_on_the_page(dev: Dev, blank: Blank, block: Block) -> None:
    page = await blank(here(block.text, dev))
    await expect(page.locator(".launcher")).to_be_visible()


@pytest.mark.parametrize("block", samples("js"), ids=lambda block: block.place)
async def test_a_script_runs_on_a_page_with_the_widget(dev: Dev, blank: Blank, block: Block) -> None:
    page = await blank(here(next(b.text for b in blocks_of(ROOT / "docs" / "widget.md") if b.language == "html"), dev))
    await page.evaluate("window.gtag = () => {}")
    await page.evaluate(f"(async () => {{ {here(block.text, dev)} }})()")


async def test_the_whole_client_of_the_guide_hears_the_reply_word_by_word(dev: Dev, blank: Blank) -> None:
    block = next(b for b in blocks_of(ROOT / "docs" / "storefront.md") if b.language == "js")
    page = await blank("")
    script = f"(async () => {{ {here(block.text, dev)}; return JSON.stringify([words, reply]); }})()"
    words, reply = json.loads(await page.evaluate(script))
    assert "30 days" in words
    assert words == reply["content"]


@pytest.mark.parametrize("block", samples("css"), ids=lambda block: block.place)
async def test_a_style_sheet_is_understood_and_its_properties_are_the_widgets(blank: Blank, block: Block) -> None:
    page = await blank(f"<style>{block.text}</style>")
    kept = await page.evaluate("[...document.styleSheets[0].cssRules].map((rule) => rule.cssText).join('')")
    known = "".join(path.read_text() for path in parts.FOLDER.rglob("*.*") if path.suffix in {".js", ".css"})
    named = set(re.findall(r"--agentpay-[a-z-]+", block.text))
    assert named == set(re.findall(r"--agentpay-[a-z-]+", kept))
    assert all(name in known for name in named), {name for name in named if name not in known}


@pytest.mark.parametrize("width", [1440, 360])
async def test_the_page_about_the_contract_fits_and_asks_nobody(dev: Dev, open_shop: Open, width: int) -> None:
    page = await open_shop(width=width)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    await page.goto("about:blank")
    page.on("request", note)
    await page.goto(f"{dev.handout['base_url']}/docs")
    await page.locator('nav a[href="#post_message"]').click()
    await expect(page.locator("#post_message")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {url.partition("#")[0] for url in asked} <= {f"{dev.handout['base_url']}/docs"}
