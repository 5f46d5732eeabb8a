"""Pictures of every state of the widget, at each width, light and dark, to be looked at.

    python -m tests.widget.look FOLDER [--only phone-light …]

starts the service as the tests do (an embedded PostgreSQL, two replicas, a local Polar, a slow model) and writes into
FOLDER, which lies outside the repository, a picture for each state and look, and one sheet for each look.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Playwright, async_playwright

from tests.widget import states
from tests.widget.street import Street, candle_shop, launch, standing, visit_of

REPOSITORY = Path(__file__).resolve().parents[2]
WIDTHS = {"phone": (360, 740), "tablet": (768, 1024), "desk": (1440, 900)}
STYLE = """<style>
body { margin: 0; padding: 24px; font: 17px/1.6 Georgia, serif; color-scheme: light dark; }
body { background: light-dark(#fbf8f3, #14110e); color: light-dark(#2a2119, #efe7dc); }
h1 { font-weight: 500; } main { max-width: 900px; }
</style>"""
TEXT = (
    "<p>Beeswax and soy, poured by hand in small batches. Each burns for forty hours and smells of its own place.</p>"
)
PAGE = (
    "<!doctype html><html lang='en'><meta name='viewport' content='width=device-width'><title>Acme Candles</title>"
    f"{STYLE}<body><main><h1>Candles</h1>{TEXT * 6}</main>{{script}}</body></html>"
)
RTL_PAGE = PAGE.replace("<html lang='en'>", "<html lang='ar' dir='rtl'>")
HOSTILE_PAGE = PAGE.replace(
    "</style>", "* { all: unset !important } html { font-size: 62.5% } div { display: none }</style>"
)
PICTURES_ARE_THERE = """() => [...document.querySelector("agentpay-widget").shadowRoot.querySelectorAll("img")]
    .every((image) => image.complete || image.getBoundingClientRect().left > innerWidth)"""
SHEET_COLUMNS = 4
SHEET_TILE_PX = 460

Look = tuple[str, Mapping[str, Any]]


def looks() -> dict[str, Look]:
    """By name: the page, and what Playwright makes of the browser."""
    made: dict[str, Look] = {}
    for width, (across, down) in WIDTHS.items():
        for scheme in ("light", "dark"):
            made[f"{width}-{scheme}"] = (PAGE, {"width": across, "height": down, "color_scheme": scheme})
    phone = {"width": 360, "height": 740}
    made["phone-rtl"] = (RTL_PAGE, phone)
    made["desk-rtl"] = (RTL_PAGE, {"width": 1440, "height": 900})
    made["desk-forced-colors"] = (PAGE, {"width": 1440, "height": 900, "forced_colors": "active"})
    made["desk-contrast"] = (PAGE, {"width": 1440, "height": 900, "contrast": "more"})
    made["zoomed-to-400-percent"] = (PAGE, {"width": 320, "height": 256})
    made["desk-hostile"] = (HOSTILE_PAGE, {"width": 1440, "height": 900})
    return made


async def look(browser: Browser, street: Street, folder: Path, name: str, how: Look) -> list[Path]:
    html, options = how
    made: list[Path] = []
    async with street.cluster.client("web-1") as http:
        shop = await candle_shop(street.cluster, http, provider="anthropic")
        visit = await visit_of(browser, street, shop, **options)
        page = await visit.open(html=html)
        async for state in states.walk(visit, page):
            path = folder / f"{name}-{len(made):02}-{state.replace(' ', '-')}.png"
            await page.wait_for_function(PICTURES_ARE_THERE)
            await page.screenshot(path=path, animations="disabled")
            made.append(path)
        await visit.context.close()
    return made


async def sheet(playwright: Playwright, chromium: str, folder: Path, name: str, pictures: Iterable[Path]) -> Path:
    """All pictures of a look on one page."""
    tiles = "".join(
        f"<figure style='margin:0'><img src='{each.name}' style='width:100%;border:1px solid #888'>"
        f"<figcaption>{each.stem}</figcaption></figure>"
        for each in pictures
    )
    columns = f"repeat({SHEET_COLUMNS},{SHEET_TILE_PX}px)"
    html = f"<body style='display:grid;grid-template-columns:{columns};gap:12px;font:14px sans-serif'>{tiles}"
    source = folder / f"{name}.html"
    source.write_text(html)
    browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = await browser.new_page(viewport={"width": SHEET_COLUMNS * (SHEET_TILE_PX + 16), "height": 600})
    await page.goto(source.as_uri())
    path = folder / f"{name}.png"
    await page.screenshot(path=path, full_page=True)
    await browser.close()
    source.unlink()
    return path


async def take(folder: Path, wanted: list[str], *, chromium: str) -> None:
    async with standing() as street, async_playwright() as playwright:
        browser = await launch(playwright, chromium)
        for name in wanted:
            pictures = await look(browser, street, folder, name, looks()[name])
            made = await sheet(playwright, chromium, folder, name, pictures)
            sys.stdout.write(f"{made}\n")
            sys.stdout.flush()
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(looks()), default=list(looks()))
    given = parser.parse_args()
    folder = given.folder.resolve()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    if folder.is_relative_to(REPOSITORY):
        sys.exit("Pictures do not belong into the repository: name a folder outside of it.")
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder, given.only, chromium=chromium))


if __name__ == "__main__":
    main()
