"""Polar's checkout inside the shop's page (`data-checkout="embed"`): paid there, and believing nobody else."""

import pytest
from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.cast import ORIGIN, Shop
from tests.widget import steps
from tests.widget.conftest import Arrive
from tests.widget.street import EMBED_POLICY, Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(steps.TEST_SECONDS_MAX)]


async def paying(page: Page) -> tuple[Locator, Locator]:
    """The pay link of a candle, pressed; and the dialog that it opened."""
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    await page.get_by_role("button", name="Buy: Cedar candle").click()
    link = page.get_by_role("link", name="Pay $42.00")
    await link.click()
    dialog = page.get_by_role("dialog", name="Payment")
    await expect(dialog).to_be_visible()
    return link, dialog


def inside(dialog: Locator) -> FrameLocator:
    return dialog.frame_locator("iframe")


async def test_sam_pays_without_leaving_the_page(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(checkout="embed", policy=EMBED_POLICY.replace("{polar}", street.cluster.polar_url))
    await steps.heard(page, "order", "pay")
    _, dialog = await paying(page)
    assert [*street.cluster.polar.checkouts][-1].embed_origin == ORIGIN
    frame = inside(dialog)
    await frame.locator('[name="customer_email"]').fill(steps.BUYER)
    await frame.locator('[data-token="ok"]').click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("article", name="Order confirmed")).to_contain_text("Cedar candle")
    assert page.url == f"{ORIGIN}/"
    assert [name for name, _ in await steps.what_was_heard(page)] == ["pay", "order"]


async def test_polars_own_close_button_and_escape_lead_back_to_the_chat(arrive: Arrive, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(checkout="embed")
    link, dialog = await paying(page)
    await inside(dialog).get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()
    await expect(link).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(link).to_be_focused()


async def test_the_bank_may_ask_while_the_payment_is_confirmed(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open(checkout="embed")
    await page.context.route(f"{street.cluster.polar_url}/checkout/polar_c_*", answer_with(FRAME))
    _, dialog = await paying(page)
    await inside(dialog).get_by_role("button", name="Confirmed").click()
    await street.cluster.db.run("update checkouts set status = 'confirmed', confirmed_at = now()")
    await inside(dialog).get_by_text("Pay here").focus()
    await page.get_by_role("button", name="Close", exact=True).first.focus()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await inside(dialog).get_by_role("button", name="Success").click()
    await expect(dialog).to_be_hidden()


async def test_nobody_but_the_frame_at_polars_own_origin_is_believed(
    arrive: Arrive, street: Street, acme: Shop
) -> None:
    visit = await arrive(acme)
    page = await visit.open(checkout="embed")
    impostor = f"{street.url}/impostor"
    await page.context.route(impostor, answer_with("<!doctype html><title>Impostor</title>" + BUTTONS))
    await page.context.route(
        f"{street.cluster.polar_url}/checkout/polar_c_*", answer_with(FRAME.replace("{impostor}", impostor))
    )
    link, dialog = await paying(page)
    await expect(inside(dialog).get_by_text("Pay here")).to_be_visible()
    # The page itself (or any script on it), the right frame with another message, another origin in the right frame.
    await page.evaluate("window.postMessage({ type: 'POLAR_CHECKOUT', event: 'close' }, '*')")
    await inside(dialog).get_by_role("button", name="Something else").click()
    await inside(dialog).get_by_role("link", name="Elsewhere").click()
    await expect(inside(dialog).get_by_role("link", name="Elsewhere")).to_have_count(0)
    for name in ("Close", "Success"):
        await inside(dialog).get_by_role("button", name=name).click()
    await page.evaluate("new Promise((done) => setTimeout(done))")  # whatever was posted has been delivered
    await expect(dialog).to_be_visible()
    await page.get_by_role("button", name="Close", exact=True).first.click()
    await expect(dialog).to_be_hidden()
    await expect(link).to_be_focused()


async def test_where_polar_does_not_know_the_page_a_link_is_offered(arrive: Arrive, street: Street, acme: Shop) -> None:
    for organization in street.cluster.polar.organizations:
        organization.embed_hosts = []
    visit = await arrive(acme, noise=("Framing ", "Refused to "))
    page = await visit.open(checkout="embed")
    link, dialog = await paying(page)
    elsewhere = dialog.get_by_role("link", name="Open the payment page in a new tab")
    await expect(elsewhere).to_be_visible()
    assert await elsewhere.get_attribute("href") == await link.get_attribute("href")
    assert await elsewhere.get_attribute("target") == "_blank"


async def test_without_the_option_polar_is_told_of_no_page(arrive: Arrive, street: Street, acme: Shop) -> None:
    visit = await arrive(acme)
    page = await visit.open()
    await steps.open_chat(page)
    await steps.ask(page, "Which candles do you have?")
    await page.get_by_role("button", name="Buy: Cedar candle").click()
    link = page.get_by_role("link", name="Pay $42.00")
    await expect(link).to_have_attribute("target", "_blank")
    assert [*street.cluster.polar.checkouts][-1].embed_origin is None


def answer_with(html: str):  # type: ignore[no-untyped-def] # a Playwright handler
    return lambda route: route.fulfill(body=html, content_type="text/html")


BUTTONS = """
<button onclick="parent.postMessage({ type: 'OTHER', event: 'close' }, '*')">Something else</button>
<button onclick="parent.postMessage({ type: 'POLAR_CHECKOUT', event: 'confirmed' }, '*')">Confirmed</button>
<button onclick="parent.postMessage({ type: 'POLAR_CHECKOUT', event: 'success' }, '*')">Success</button>
<button onclick="parent.postMessage({ type: 'POLAR_CHECKOUT', event: 'close' }, '*')">Close</button>"""
FRAME = f"""<!doctype html><title>Polar</title><p tabindex="0">Pay here</p>
<a href="{{impostor}}">Elsewhere</a>{BUTTONS}"""
