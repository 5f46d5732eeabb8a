"""The shop's pages as a browser gets them."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agentpay.sandbox.storefront.catalogue import Catalogue
from agentpay.sandbox.storefront.site import Shop, create_site

SHOP = Shop(
    base_url="http://127.0.0.1:8400",
    publishable_key="ap_pk_public",
    polar_url="http://127.0.0.1:8402",
    default_currency="usd",
    is_live=False,
)
NASTY = "</script><script>alert(1)</script>"


def product(**changes: Any) -> dict[str, Any]:
    fixed = {"amount_type": "fixed", "price_currency": "usd", "price_amount": 9500}
    return {
        "id": "p1", "name": "Candle", "description": "Warm.", "medias": [], "benefits": [], "prices": [fixed],
        "metadata": {}, "recurring_interval": None, **changes,
    }  # fmt: skip


class Polar:
    """A Polar with one page of products, which can be told to fail."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = list(items)
        self.status = 200
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        body = {"items": self.items, "pagination": {"total_count": len(self.items), "max_page": 1}}
        return httpx.Response(self.status, json=body)


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async def products() -> list[dict[str, Any]]:
        price = {"amount_type": "fixed", "currency": "brl", "amount": 4990}
        return [{"name": NASTY, "description": "", "prices": [price]}]

    transport = httpx.ASGITransport(create_site(SHOP, products))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8401") as client:
        yield client


def settings_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    settings: dict[str, Any] = json.loads(found[1])
    return settings


@pytest.mark.parametrize("path", ["/", "/help", "/thanks"])
async def test_each_page_comes_whole_and_allows_nothing_from_elsewhere(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert "{{" not in page.text
    assert settings_in(page.text)["publishable_key"] == "ap_pk_public"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self' http://127.0.0.1:8400;" in policy
    assert "connect-src http://127.0.0.1:8400;" in policy
    assert '<script src="http://127.0.0.1:8400/widget.js" data-key="ap_pk_public" async></script>' in page.text
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert link.startswith(("/", "#", "http://127.0.0.1:8400/widget.js")), link


async def test_a_products_text_cannot_leave_its_place_in_the_page(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert NASTY not in page.text
    settings = settings_in(page.text)
    assert settings["products"][0]["name"] == NASTY
    assert settings["currencies"] == ["usd", "brl"]


async def test_every_file_that_a_page_or_a_module_names_is_there(browser: httpx.AsyncClient) -> None:
    waiting = [link for path in ("/", "/help", "/thanks") for link in assets_of((await browser.get(path)).text, "/")]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        file = await browser.get(path)
        assert file.status_code == 200, path
        if path.endswith(".js"):
            assert "innerHTML" not in file.text
            waiting += assets_of(file.text, path)
    assert "/assets/words.js" in seen


def assets_of(text: str, base: str) -> list[str]:
    imported = re.findall(r'from "(\.[^"]+)"', text)
    return [str(httpx.URL("http://shop" + base).join(link).path) for link in imported] + re.findall(
        r'"(/assets/[^"]+)"', text
    )


@pytest.mark.parametrize("path", ["/assets/../site.py", "/assets/%2e%2e/site.py", "/assets/", "/assets/none.js"])
async def test_nothing_but_the_assets_is_served(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_the_catalogue_tells_no_private_thing_and_no_price_it_cannot_word() -> None:
    private = {"description": "Code", "visibility": "private", "properties": {"note": "SECRET"}}
    public = {"description": "Lifetime", "visibility": "public", "properties": {"note": "SECRET"}}
    metered = {"amount_type": "metered_unit", "price_currency": "usd", "unit_amount": "0.5"}
    polar = Polar(
        product(benefits=[private, public], metadata={"floor": 5000, "stock": 3, "category": "objects"}),
        product(id="p2", prices=[metered]),
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(polar)) as http:
        shown = await Catalogue(http, polar_url="http://polar", access_token="t").products()
    assert [each["id"] for each in shown] == ["p1"]
    assert shown[0]["benefits"] == ["Lifetime"]
    assert (shown[0]["stock"], shown[0]["category"]) == (3, "objects")
    assert "SECRET" not in json.dumps(shown)
    assert "floor" not in json.dumps(shown)


async def test_the_shelf_stays_when_polar_does_not_answer_and_is_not_read_for_every_visitor() -> None:
    polar, now = Polar(product()), [0.0]
    async with httpx.AsyncClient(transport=httpx.MockTransport(polar)) as http:
        catalogue = Catalogue(http, polar_url="http://polar", access_token="t", clock=lambda: now[0])
        await catalogue.products()
        assert len(await catalogue.products()) == 1
        assert polar.asked == 1
        now[0], polar.status = 60.0, 503
        assert len(await catalogue.products()) == 1
        assert polar.asked == 2
