"""The widget as a guest on other people's pages: it takes one name, asks little, and breaks nothing."""

import time
from typing import Any

import jwt
import pytest
from playwright.async_api import Page, expect

from tests.cast import ORIGIN, Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import PLAIN_PAGE, STRICT_POLICY, Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]

HOSTILE_STYLE = """<style>
* { all: unset !important; } html { font-size: 62.5% !important; direction: ltr } div { display: none !important; }
body > *, agentpay-widget { visibility: hidden !important; transform: scale(.1) !important; opacity: 0 !important; }
button { width: 3px !important; } .chat, .launcher, .bubble { color: red !important; display: none !important; }
</style>"""


async def test_a_page_load_asks_for_the_widget_and_for_nothing_more(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    await visit.context.add_init_script("window.before = new Set(Object.getOwnPropertyNames(window))")
    async with visit.context.expect_event("requestfinished", lambda request: request.url.endswith("/v1/widget")):
        page = await visit.open(html=PLAIN_PAGE.replace("{script}", "{script}{script}"))
    await expect(page.locator("agentpay-widget")).to_have_count(1)
    asked = {request.split("/")[-1] for request in visit.requests if not request.startswith("OPTIONS")}
    assert asked == {"", "widget.js", "chat.js", "chat.css", "en.json", "widget"}
    added = await page.evaluate("Object.getOwnPropertyNames(window).filter((name) => !window.before.has(name))")
    assert set(added) - {"before"} == {"AgentPay"}
    assert await visit.context.cookies() == []
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_a_strict_policy_has_nothing_to_report(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    await visit.context.add_init_script(
        """window.violations = [];
        const note = ({ violatedDirective }) => window.violations.push(violatedDirective);
        document.addEventListener("securitypolicyviolation", note);"""
    )
    page = await visit.open(policy=STRICT_POLICY)
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    await expect(page.locator(".card.product img").first).to_be_visible()
    assert await page.evaluate("window.violations") == []
    assert (
        await page.evaluate(
            """() => [...document.querySelector("agentpay-widget").shadowRoot.querySelectorAll("[style]")]
            .filter((node) => node.getAttribute("style") && node.outerHTML.includes("url(")).length"""
        )
        == 0
    )


async def test_hostile_styles_of_the_page_change_nothing(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    looks = []
    for path, html in (("/plain", PLAIN_PAGE), ("/hostile", PLAIN_PAGE.replace("<body>", HOSTILE_STYLE + "<body>"))):
        page = await visit.open(path, html)
        await page.locator(".launcher").click()
        await expect(page.locator(".from-agent .bubble").first).to_be_visible()
        looks.append([await look(page, part) for part in (".launcher", ".chat", ".from-agent .bubble", "textarea")])
        await page.close()
    assert looks[0] == looks[1]


async def look(page: Page, part: str) -> dict[str, Any]:
    found: dict[str, Any] = await page.locator(part).first.evaluate(
        """(node) => {
            const { width, height, x, y } = node.getBoundingClientRect();
            const { color, backgroundColor, fontSize, fontFamily, opacity, visibility } = getComputedStyle(node);
            return { width, height, x, y, color, backgroundColor, fontSize, fontFamily, opacity, visibility };
        }"""
    )
    return found


async def test_a_shop_of_one_page_keeps_its_chat_and_tells_where_the_visitor_is(
    arrive: Arrive, street: Street, acme: Shop
) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await page.evaluate(
        """() => {
            history.pushState(null, "", "/cedar?color=red&customer_session_token=secret#top");
            document.title = "Cedar candle";
            const next = document.createElement("body");
            const data = document.createElement("script");
            data.type = "application/ld+json";
            data.textContent = JSON.stringify({ "@type": "Product", name: "Cedar candle", sku: "C-1" });
            next.append(data);
            document.body.replaceWith(next);
            document.querySelector("agentpay-widget").remove();
        }"""
    )
    await page.evaluate("AgentPay.setContext({ cart_items: [{ name: 'Orange candle', quantity: 2 }] })")
    await steps.ask(page, "hello")
    context = await street.cluster.db.value("select context from conversations")
    assert context["page_url"] == f"{ORIGIN}/cedar?color=red"
    assert context["page_title"] == "Cedar candle"
    assert context["current_product"] == {"name": "Cedar candle", "sku": "C-1"}
    assert context["cart_items"] == [{"name": "Orange candle", "quantity": 2}]


async def test_the_pages_script_opens_sends_listens_and_ends_it(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await page.wait_for_function("window.AgentPay")
    await page.evaluate(
        """() => {
            window.heard = [];
            AgentPay.on("message", ({ role }) => window.heard.push(role));
            AgentPay.on("open", () => { throw new Error("the page's own mistake"); });
            window.off = AgentPay.on("close", () => window.heard.push("closed"));
            AgentPay.send("  hello ");
        }"""
    )
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(steps.answers(page)).to_have_count(2)
    await page.evaluate("AgentPay.close()")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await page.evaluate("window.heard") == ["user", "agent", "closed"]
    await page.evaluate("AgentPay.open({ draft: 'Is it vegan?' })")
    await expect(page.get_by_role("textbox")).to_have_value("Is it vegan?")
    await page.evaluate("window.off(); AgentPay.close(); AgentPay.destroy()")
    await expect(page.locator("agentpay-widget")).to_have_count(0)
    assert await page.evaluate("window.heard.length") == 3
    assert await page.evaluate("'AgentPay' in window") is False


async def test_a_signed_visitor_is_known_and_forgotten_again(arrive: Arrive, street: Street, acme: Shop) -> None:
    rotated = await acme.post(f"/v1/organizations/{acme.organization_id}/rotate", {"what": "identity"})
    secret = rotated.json()["secret"]
    token = jwt.encode({"sub": "customer-7", "exp": int(time.time()) + 600}, secret, algorithm="HS256")
    other = jwt.encode({"sub": "customer-8", "exp": int(time.time()) + 600}, secret, algorithm="HS256")
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await page.evaluate("(token) => AgentPay.identify(token)", token)
    sql = "select external_customer_id from conversations where id = %s and external_customer_id = %s"
    mine = (await steps.stored(page))["conversationId"]
    await street.cluster.until(sql, mine, "customer-7", seconds=steps.TEST_SECONDS_MAX)
    await steps.ask(page, "hello")
    await page.evaluate("(token) => AgentPay.identify(token)", other)
    await expect(page.locator(".from-user")).to_have_count(0)
    theirs = (await steps.stored(page))["conversationId"]
    assert theirs != mine
    await street.cluster.until(sql, theirs, "customer-8", seconds=steps.TEST_SECONDS_MAX)
    await page.evaluate("AgentPay.identify(null)")
    await page.wait_for_function(
        "(theirs) => Object.values(localStorage).some((kept) => !kept.includes(theirs))", arg=theirs
    )
    await expect(steps.answers(page)).to_have_count(1)


async def test_where_it_cannot_be_loaded_it_says_so(arrive: Arrive, acme: Shop) -> None:
    alone = await arrive(acme)
    await alone.context.route("**/widget/*/chat.js*", lambda route: route.abort())
    page = await alone.open()
    await page.locator(".launcher").click()
    await expect(page.locator(".hint")).to_contain_text("cannot be reached right now")
    await alone.context.unroute("**/widget/*/chat.js*")
    await page.locator(".launcher").click()
    await expect(steps.answers(page)).to_have_count(1)


async def test_a_page_written_from_right_to_left_is_mirrored(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(html=PLAIN_PAGE.replace("<html lang='en'>", "<html lang='he' dir='rtl'>"))
    await steps.open_chat(page)
    await page.mouse.move(700, 20)
    for part in (".launcher", ".chat"):
        box = await page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] == 20
    await steps.ask(page, "שלום")
    mine = await page.locator(".from-user .bubble").bounding_box()
    theirs = await page.locator(".from-agent .bubble").first.bounding_box()
    assert mine is not None
    assert theirs is not None
    assert mine["x"] < theirs["x"]


async def test_the_chat_speaks_the_pages_language_and_follows_it(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(html=PLAIN_PAGE.replace("lang='en'", "lang='pt-BR'"))
    await page.get_by_role("button", name="Abrir o chat").click()
    await expect(page.get_by_role("textbox", name="Escreva uma mensagem…")).to_be_visible()
    await steps.ask(page, "oi")
    await page.evaluate("document.documentElement.lang = 'en'")
    await expect(page.get_by_role("textbox", name="Write a message…")).to_be_visible()
    await expect(steps.answers(page)).to_have_count(2)


async def test_on_a_phone_the_chat_is_all_there_is_until_it_is_closed(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme, width=360, height=740)
    page = await visit.open(html=PLAIN_PAGE.replace("<h1>", "<a href='/'>Home</a><h1>"))
    await page.locator(".launcher").click()
    dialog = page.get_by_role("dialog")
    assert await dialog.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    await expect(dialog).to_have_attribute("aria-modal", "true")
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.localName") in ("agentpay-widget", "body", "html")
    await page.get_by_role("button", name="Close the chat").click()
    assert await page.evaluate("[document.body.inert, document.documentElement.style.overflow]") == [False, ""]


async def test_what_the_visitor_told_is_deleted_when_they_say_so(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "hello, I am Sam")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Delete my data").click()
    question = page.get_by_role("alertdialog")
    await expect(question.get_by_role("button", name="Keep it")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Delete my data").click()
    await question.get_by_role("button", name="Delete it").click()
    await expect(page.locator(".banner")).to_have_text("Your data has been deleted.")
    await expect(page.locator(".entry")).to_have_count(0)
    assert await street.cluster.db.value("select count(*) from messages where content <> ''") == 0
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_a_person_takes_over_and_the_closed_chat_counts_what_they_say(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Talk to a person").click()
    await expect(page.locator(".banner")).to_contain_text("We have asked a person to join")
    await page.keyboard.press("Escape")
    path = f"/v1/agent/conversations/{(await steps.stored(page))['conversationId']}/messages"
    for content in ("Ana here.", "How can I help?"):
        await acme.post(path, {"content": content, "role": "staff", "author_name": "Ana"})
    launcher = page.get_by_role("button", name="Open the chat, 2 new messages")
    await expect(launcher).to_be_visible()
    await expect(page.locator(".announcer")).to_have_text("Ana: How can I help?")
    await launcher.click()
    await expect(page.locator(".chat header h2")).to_have_text("Ana")
    await expect(page.locator(".from-staff .author").first).to_have_text("Ana")
    await expect(page.get_by_role("button", name="Close the chat").first).to_be_visible()
    await expect(page.locator(".badge")).to_be_hidden()
