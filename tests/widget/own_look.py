"""What we can see for ourselves: names, sizes, contrast, and that nothing is wider than its place."""

from playwright.async_api import Page

TARGET_PX_MIN = 24


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
