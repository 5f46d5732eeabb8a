"""The pay page: what it is made of, and a buyer in a real browser who only has the link."""

import re
import shutil
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from agentpay.sandbox.polar import entities, seeding, settings
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState
from tests.sandbox_polar.shop import Json, Shop

WAIT_MILLISECONDS = 15_000


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("", "fr,en;q=0.5", "en"),
        ("?locale=pt-PT", "en", "pt"),
        ("?locale=xx", "pt", "pt"),
    ],
)
async def test_the_page_speaks_the_buyers_language(shop: Shop, query: str, accepted: str, language: str) -> None:
    checkout = await shop.checkout()
    async with shop.client() as http:
        answer = await http.get(checkout["url"] + query, headers={"accept-language": accepted})
    assert f'<html lang="{language}">' in answer.text


async def test_the_page_and_its_files_allow_nothing_inline(shop: Shop) -> None:
    checkout = await shop.checkout()
    async with shop.client() as http:
        page = await http.get(checkout["url"])
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text)
        for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert (await http.get(path)).status_code == 200
        for path in ("/checkout/polar_c_unknown", "/checkout/pay.txt", "/images/x/y.svg", "/files/none.txt"):
            assert (await http.get(path)).status_code == 404
        assert (await http.post("/checkout/pay.js")).status_code == 405


@pytest.mark.parametrize(
    ("hosts", "ancestors"),
    [([], "frame-ancestors 'none'"), (["acme.io"], "frame-ancestors https://acme.io http://acme.io")],
)
async def test_only_a_listed_host_may_show_it_inside_its_page(shop: Shop, hosts: list[str], ancestors: str) -> None:
    checkout = await shop.checkout()
    for organization in shop.state.organizations:
        organization.embed_hosts = hosts
    async with shop.client() as http:
        assert ancestors in (await http.get(checkout["url"])).headers["content-security-policy"]


class Till:
    """A served stand-in that makes checkouts."""

    def __init__(self, state: PolarState, url: str) -> None:
        self.state, self.url = state, url
        self.acme = state.add_organization()
        headers = {"authorization": f"Bearer {state.add_token(self.acme)}"}
        self.http = httpx.AsyncClient(base_url=url, verify=False, headers=headers)

    async def checkout(self, product: entities.Product, **fields: object) -> Json:
        answer = await self.http.post("/v1/checkouts/", json={"products": [product.id], **fields})
        return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    state = PolarState(config=settings.for_tests(slow_payment_seconds=0.2))
    async with serve(state) as url:
        made = Till(state, url)
        async with made.http:
            yield made


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.mark.browser
async def test_a_buyer_is_declined_pays_and_returns_to_the_shop(till: Till, chromium: Browser) -> None:
    candle = till.state.add_product(till.acme, "Beeswax candle", prices=[seeding.fixed(9500)], pictures=["A candle"])
    offer = await till.http.post(
        "/v1/discounts/",
        json={"type": "fixed", "name": "Your offer 7F3K", "duration": "once", "amounts": {"usd": 1000}},
    )
    checkout = await till.checkout(
        candle,
        discount_id=offer.json()["id"],
        success_url=f"{till.url}/healthz?order={{CHECKOUT_ID}}",
        customer_email="sam@buyer-mail.com",
    )
    page = await chromium.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    complaints: list[str] = []
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    await page.goto(checkout["url"])
    await expect(page.get_by_label("E-mail")).to_have_value("sam@buyer-mail.com")
    await expect(page.locator("dl")).to_contain_text("Your offer 7F3K")
    await expect(page.locator("dd.total")).to_have_text("$85.00")
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("status")).to_contain_text("Your card was declined.")
    await page.get_by_label("Country").select_option("FR")
    await expect(page.locator("dd.tax")).to_have_text("$14.17")
    await page.get_by_role("button", name="Pay $85.00").click()
    await page.wait_for_url(re.compile(rf"/healthz\?order={checkout['id']}&customer_session_token=polar_cst_"))
    (order,) = till.state.orders
    assert (order.total_amount, order.tax_amount, order.checkout_id) == (8500, 1417, checkout["id"])
    assert complaints == []


@pytest.mark.browser
async def test_a_buyer_chooses_seats_on_a_phone_and_waits_for_a_slow_payment(till: Till, chromium: Browser) -> None:
    plan = till.state.add_product(
        till.acme, "Plano", prices=[seeding.seat_based((1, None, 1000))], recurring_interval="month"
    )
    checkout = await till.checkout(plan)
    page = await chromium.new_page(viewport={"width": 360, "height": 740}, locale="pt-BR")
    page.set_default_timeout(WAIT_MILLISECONDS)
    await page.goto(checkout["url"])
    await page.get_by_label("Lugares").fill("3")
    await page.get_by_label("Lugares").press("Tab")
    await expect(page.locator("dd.total")).to_have_text(re.compile(r"30,00"))
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Pagar devagar").click()
    await expect(page.get_by_role("status")).to_have_text("Pago. Obrigado!")
    assert next(iter(till.state.orders)).seats == 3
    await page.reload()
    await expect(page.get_by_role("status")).to_have_text("Pago. Obrigado!")
