"""The shop's shelves, read from Polar with the merchant's token, as a merchant's own server would read them."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import structlog

log = structlog.get_logger()

FRESH_SECONDS = 5.0
PAGE_PRODUCTS = 100
PAGES_MAX = 3
POLAR_VERSION = "2026-10"
SHOWN_PRICES = frozenset({"fixed", "custom", "seat_based"})

Product = dict[str, Any]


class Catalogue:
    """`await products()` gives what the page may know; the last good answer while Polar does not answer."""

    def __init__(
        self, http: httpx.AsyncClient, *, polar_url: str, access_token: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._url = f"{polar_url}/v1/products/"
        self._headers = {"Authorization": f"Bearer {access_token}", "Polar-Version": POLAR_VERSION}
        self._clock = clock
        self._read_at: float | None = None
        self._products: list[Product] = []

    async def products(self) -> list[Product]:
        if self._read_at is None or self._clock() - self._read_at > FRESH_SECONDS:
            try:
                self._products = await self._read()
                self._read_at = self._clock()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                log.warning("storefront.catalogue_unread", error=type(error).__name__)
        return self._products

    async def _read(self) -> list[Product]:
        found: list[Product] = []
        for page in range(1, PAGES_MAX + 1):
            query: dict[str, str | int] = {
                "is_archived": "false", "visibility": "public", "sorting": "created_at", "limit": PAGE_PRODUCTS,
                "page": page,
            }  # fmt: skip
            response = await self._http.get(self._url, params=query, headers=self._headers)
            response.raise_for_status()
            body = response.json()
            found += [shown(product) for product in body["items"] if is_priced(product)]
            if page >= body["pagination"]["max_page"]:
                break
        return found


def is_priced(product: Product) -> bool:
    """Whether the page can say what it costs."""
    return bool(product["prices"]) and all(price["amount_type"] in SHOWN_PRICES for price in product["prices"])


def shown(product: Product) -> Product:
    """What a visitor's browser may know of one of Polar's products: no ids of benefits, no notes, no metadata but
    `category` and `stock`."""
    stock = product["metadata"].get("stock")
    medias = product.get("medias") or [{}]
    return {
        "id": product["id"],
        "name": product["name"],
        "description": product["description"] or "",
        "image_url": medias[0].get("public_url"),
        "category": product["metadata"].get("category"),
        "stock": stock if type(stock) is int else None,
        "recurring_interval": product["recurring_interval"],
        "recurring_interval_count": product.get("recurring_interval_count"),
        "trial": trial(product),
        "benefits": [each["description"] for each in product["benefits"] if each.get("visibility") == "public"],
        "prices": [price(each) for each in product["prices"]],
    }


def trial(product: Product) -> dict[str, Any] | None:
    if not product.get("trial_interval"):
        return None
    return {"interval": product["trial_interval"], "count": product["trial_interval_count"]}


def price(polar: dict[str, Any]) -> dict[str, Any]:
    common = {"amount_type": polar["amount_type"], "currency": polar["price_currency"]}
    if polar["amount_type"] == "fixed":
        return {**common, "amount": polar["price_amount"]}
    if polar["amount_type"] == "custom":
        return {**common, "minimum_amount": polar["minimum_amount"] or 0, "preset_amount": polar["preset_amount"]}
    tiers = polar["seat_tiers"]
    return {
        **common,
        "seat_amount": tiers["tiers"][0]["price_per_seat"],
        "minimum_seats": tiers.get("minimum_seats"),
        "maximum_seats": tiers.get("maximum_seats"),
    }
