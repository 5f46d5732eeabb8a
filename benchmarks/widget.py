"""How long frames take while somebody scrolls through a long conversation in the widget.

    python3 run.py python -m benchmarks.widget [--messages 200] [--width 360 --height 740]

The real service, a real Chromium that scrolls as a wheel does; between two frames the page's own clock is read. Beside
it the floor: the same page doing the same with nothing in it. Headless Chromium draws 60 frames a second at most.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from playwright.async_api import Page, async_playwright, expect

from tests.widget import steps
from tests.widget.street import candle_shop, launch, standing, visit_of

FRAME_MS = 1000 / 60
LATE = 1.5
"""A frame that took one and a half times its time was missed."""
WHEEL_PX = 120
WHEEL_TURNS = 240

RECORD = """() => {
    window.frames_ = [];
    let last = performance.now();
    const note = (now) => {
        window.frames_.push(now - last);
        last = now;
        window.frameRequest = requestAnimationFrame(note);
    };
    window.frameRequest = requestAnimationFrame(note);
    window.longTasks = 0;
    new PerformanceObserver((list) => window.longTasks += list.getEntries().length)
        .observe({ type: "longtask" });
}"""
READ = "() => (cancelAnimationFrame(window.frameRequest), [window.frames_.slice(2), window.longTasks])"


async def scrolled(page: Page) -> tuple[list[float], int]:
    """Up to the beginning and down again; the frames' times in milliseconds and how many tasks took over 50 ms."""
    await page.locator(".scroller").hover()
    await page.evaluate(RECORD)
    for direction in (-1, 1):
        for _ in range(WHEEL_TURNS // 2):
            await page.mouse.wheel(0, direction * WHEEL_PX)
    found: list[Any] = await page.evaluate(READ)
    return found[0], found[1]


def tell(name: str, frames: Sequence[float], long_tasks: int) -> None:
    ordered = sorted(frames)
    late = sum(1 for frame in frames if frame > FRAME_MS * LATE)
    print(
        f"{name:32} {len(frames):5} frames  p50 {median(frames):5.1f}  p95 {ordered[len(ordered) * 95 // 100]:5.1f}  "
        f"p99 {ordered[len(ordered) * 99 // 100]:5.1f} ms  late {late} ({late / len(frames):.1%})  "
        f"tasks over 50 ms: {long_tasks}",
        flush=True,
    )


async def measure(chromium: str, *, messages: int, width: int, height: int) -> None:
    async with standing() as street, async_playwright() as playwright:
        browser = await launch(playwright, chromium)
        async with street.cluster.client("web-1") as http:
            shop = await candle_shop(street.cluster, http, provider="template")
            visit = await visit_of(browser, street, shop, width=width, height=height)
            page = await visit.open()
            await steps.open_chat(page)
            tell("the greeting alone", *await scrolled(page))
            await steps.write_history(street.cluster.db, (await steps.stored(page))["conversationId"], messages)
            await page.reload()
            await page.locator(".launcher").click()
            await expect(page.locator(".entry").nth(1)).to_be_visible()
            await steps.read_all(page)
            tell(f"{await page.locator('.entry').count()} messages", *await scrolled(page))
            await visit.context.close()
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    asyncio.run(measure(chromium, messages=given.messages, width=given.width, height=given.height))


if __name__ == "__main__":
    main()
