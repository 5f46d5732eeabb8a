"""The widget's parts by themselves, in the browser that runs them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route

from agentpay.widget.parts import FOLDER
from tests.cast import ORIGIN
from tests.widget import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of nothing, which can import the sources as they are written."""
    context = await browser.new_context(locale="en-US")

    async def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/")
        if name.endswith((".js", ".json")):
            kind = "text/javascript" if name.endswith(".js") else "application/json"
            await route.fulfill(body=(FOLDER / name).read_text(), content_type=kind)
        else:
            await route.fulfill(body="<!doctype html><title>unit</title>", content_type="text/html")

    await context.route(f"{ORIGIN}/**", answer)
    made = await context.new_page()
    await made.goto(ORIGIN)
    yield made
    await context.close()


async def test_events_cut_anywhere_are_read_whole(page: Page) -> None:
    found = await page.evaluate(
        """async () => {
            const { EventParser } = await import("/stream.js");
            const text = ": hello\\r\\n\\r\\nid: 7.0\\r\\nevent: message.delta\\r\\ndata: {\\r\\ndata: }\\r\\n\\r\\n"
                + "data:x\\n\\n";
            return [...Array(text.length).keys()].map((cut) => {
                const parser = new EventParser();
                return JSON.stringify([...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))]);
            });
        }"""
    )
    expected = '[{"id":"7.0","type":"message.delta","data":"{\\n}"},{"type":"message","data":"x"}]'
    assert set(found) == {expected}


LINK = ' target="_blank" rel="noopener noreferrer nofollow">'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("**bold** and *so* and _so_", "<p><strong>bold</strong> and <em>so</em> and <em>so</em></p>"),
        ("**very *much* so**", "<p><strong>very <em>much</em> so</strong></p>"),
        ("2*3*4 = 24 and snake_case_name", "<p>2*3*4 = 24 and snake_case_name</p>"),
        ("# Care\n- trim\n- burn\n1. one\n2. two",
            "<p><strong>Care</strong></p><ul><li>trim</li><li>burn</li></ul>"
            '<ol start="1"><li>one</li><li>two</li></ol>'),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("see [our page](https://a.example/x?y=1).",
            f'<p>see <a href="https://a.example/x?y=1"{LINK}our page</a>.</p>'),
        ("(https://a.example/x).", f'<p>(<a href="https://a.example/x"{LINK}https://a.example/x</a>).</p>'),
        ("[click](javascript:alert(1))", "<p>[click](javascript:alert(1))</p>"),
        ("[click](data:text/html,x) <img src=x onerror=alert(1)>",
            "<p>[click](data:text/html,x) &lt;img src=x onerror=alert(1)&gt;</p>"),
        ("[**https://good.example**](https://evil.example)",
            f'<p><a href="https://evil.example/"{LINK}https://evil.example</a></p>'),
        ("*" * 50, f"<p>{'*' * 50}</p>"),
        ("", ""),
    ],
)  # fmt: skip
async def test_a_small_part_of_markdown_is_drawn_and_all_else_stays_text(page: Page, text: str, html: str) -> None:
    made = await page.evaluate(
        """async (text) => {
            const { markdown } = await import("/markdown.js");
            return markdown(text).map((node) => node.outerHTML).join("");
        }""",
        text,
    )
    assert made == html


async def test_a_long_hostile_text_comes_to_an_end(page: Page) -> None:
    """Longer than any message; whatever looked at each place from each other place would not come back in time."""
    drawn = await page.evaluate(
        """async () => {
            const { markdown } = await import("/markdown.js");
            const pieces = ["*a", "**a ", "_a ", "`", "[a](", "https://", "- ", "1. "];
            return pieces.map((piece) => markdown(piece.repeat(10000)).length);
        }"""
    )
    assert min(drawn) >= 1


async def test_what_the_agent_does_meanwhile_is_said_beside_the_dots(page: Page) -> None:
    said = await page.evaluate(
        """async () => {
            const { Transcript } = await import("/transcript.js");
            const { Entries } = await import("/entries.js");
            const { Words } = await import("/words.js");
            const words = new Words("en", await (await fetch("/i18n/en.json")).json());
            const transcript = new Transcript({ tell: () => {}, emit: () => {} });
            const cards = { shelf: () => [], card: () => null, source: () => null };
            const entries = new Entries({ words, transcript, cards, act: {}, agentName: () => "Wick" });
            const shown = () => entries.node(transcript.entries.get("m")).querySelector(".typing, .bubble").textContent;
            const tool = { turn_id: "t", call_id: "c", tool: "search_products" };
            const said = [];
            for (const [event, data] of [
                ["turn.started", { turn_id: "t", message_id: "m" }],
                ["tool.started", { ...tool, label: "searching the catalogue" }],
                ["tool.completed", { ...tool, status: "done" }],
                ["message.delta", { message_id: "m", text: "We have" }],
                ["message.delta", { message_id: "m", text: " three." }],
                ["turn.started", { turn_id: "t", message_id: "m" }],
                ["something.new", { message_id: "m" }],
            ]) {
                transcript.hear(event, data);
                said.push(shown());
            }
            return said;
        }"""
    )
    typing = "Wick is writing"
    assert said == [typing, "searching the catalogue", typing, "We have", "We have three.", typing, typing]


async def test_money_and_time_are_written_as_readers_write_them(page: Page) -> None:
    said: dict[str, Any] = await page.evaluate(
        """async () => {
            const { Words } = await import("/words.js");
            const texts = async (language) => (await fetch(`/i18n/${language}.json`)).json();
            const [en, pt] = [new Words("en", await texts("en")), new Words("pt", await texts("pt"))];
            return {
                en: [en.money(9500, "usd"), en.money(500, "jpy"), en.money(-250, "eur"), en.money(1, "nope"),
                    en.interval("month", 1), en.interval("month", 3), en.interval(null, null),
                    en.left(59), en.left(3900), en.left(200000),
                    en.say("tooLong", { count: 1 }), en.say("tooLong", { count: 2 }), en.percent(0.075)],
                pt: [pt.money(4990, "brl"), pt.money(123456, "brl"), pt.interval("month", 3),
                    pt.say("unread", { count: 2 })],
            };
        }"""
    )
    spaces = {ord("\u00a0"): " ", ord("\u202f"): " "}
    assert [text.translate(spaces) for text in said["en"]] == [
        "$95.00", "¥500", "-€2.50", "0.01 nope", "a month", "every 3 months", "", "0:59", "1 hr 05 min", "2 days",
        "That is 1 character too long.", "That is 2 characters too long.", "7.5%",
    ]  # fmt: skip
    assert [text.translate(spaces) for text in said["pt"]] == [
        "R$ 49,90", "R$ 1.234,56", "a cada 3 meses", "2 mensagens novas",
    ]  # fmt: skip


async def test_an_address_is_told_without_what_it_lets_in(page: Page) -> None:
    told = await page.evaluate(
        """async () => {
            const { address } = await import("/context.js");
            const secrets = "customer_session_token=x&email=a@b.c&code=1";
            return address(`https://sam:pw@shop.example/a?color=red&${secrets}#top`);
        }"""
    )
    assert told == "https://shop.example/a?color=red"


async def test_page_context_is_bounded(page: Page) -> None:
    told = await page.evaluate(
        """async () => {
            const { pageContext } = await import("/context.js");
            document.title = "t".repeat(1000);
            const small = pageContext({ currency: "eur", product: "p-1" }, { cart_items: [1] }, "en");
            return [small, Object.keys(pageContext({}, { blob: "x".repeat(20000) }, "en"))];
        }"""
    )
    small, bounded = told
    assert small["current_product_id"] == "p-1"
    assert (small["currency"], small["cart_items"], len(small["page_title"])) == ("eur", [1], 300)
    assert "blob" not in bounded


async def test_two_tabs_without_web_locks_do_not_do_a_thing_at_once(page: Page) -> None:
    order = await page.evaluate(
        """async () => {
            Object.defineProperty(navigator, "locks", { value: undefined });
            const { Memory } = await import("/memory.js");
            const order = [];
            const deed = (name) => async () => {
                order.push(`${name} in`);
                await new Promise((done) => setTimeout(done, 50));
                order.push(`${name} out`);
            };
            await Promise.all(["a", "b"].map((name) => new Memory("ap_pk_x", {}).alone(deed(name))));
            return order;
        }"""
    )
    assert [word.split()[1] for word in order] == ["in", "out", "in", "out"]
