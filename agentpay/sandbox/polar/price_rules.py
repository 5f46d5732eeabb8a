"""How prices may be combined on a product or a checkout, and how long periods are (contract §§ 2.3, 3.5)."""

import calendar
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from agentpay.sandbox.polar import seeding
from agentpay.sandbox.polar.entities import Organization, Price, Product
from agentpay.sandbox.polar.errors import Entry, Loc, entry

Json = dict[str, Any]


def complaints(organization: Organization, prices: Sequence[Json], *, is_recurring: bool, loc: Loc) -> list[Entry]:
    """Everything wrong with this set of prices, in the order in which Polar reports it."""
    found = [
        complaint
        for position, price in enumerate(prices)
        for complaint in _one(organization, price, is_recurring=is_recurring, loc=(*loc, position))
    ]
    by_currency: dict[str, list[Json]] = defaultdict(list)
    for price in prices:
        by_currency[price["price_currency"]].append(price)
    for group in by_currency.values():
        message = _composition_problem(group)
        if message is not None:
            found.append(entry(loc, message, list(prices)))
        if len({price["tax_behavior"] for price in group}) > 1:
            words = "All prices for the same currency must have the same tax behavior."
            found.append(entry(loc, words, list(prices)))
    if len({tuple(sorted(price["amount_type"] for price in group)) for group in by_currency.values()}) > 1:
        words = "All price currencies must define the same set of price types."
        found.append(entry(loc, words, list(prices)))
    if organization.default_presentment_currency not in by_currency:
        words = "The organization's default presentment currency must be present in the prices."
        found.append(entry(loc, words, list(prices)))
    return found


def _one(organization: Organization, price: Json, *, is_recurring: bool, loc: Loc) -> list[Entry]:
    kind = price["amount_type"]
    if kind == "metered_unit" and not is_recurring:
        return [entry(loc, "Metered pricing is not supported on one-time products.", price)]
    if kind == "seat_based" and not organization.feature_settings["seat_based_pricing_enabled"]:
        return [entry(loc, "Seat-based pricing is not enabled for this organization.", price)]
    if kind == "unit_based" and not organization.feature_settings["unit_based_pricing_enabled"]:
        return [entry(loc, "Unit-based pricing is not enabled for this organization.", price)]
    if kind == "unit_based" and not is_recurring:
        return [entry(loc, "Unit-based pricing is not supported on one-time products.", price)]
    return []


def _composition_problem(prices: Sequence[Json]) -> str | None:
    kinds = [price["amount_type"] for price in prices]
    if kinds.count("fixed") > 1:
        return "Only one fixed price is allowed."
    if kinds.count("custom") > 1 or ("custom" in kinds and len(kinds) > 1):
        return "Custom pricing cannot be combined with other prices."
    if kinds.count("seat_based") + kinds.count("unit_based") > 1:
        return "Only one seat-based or unit-based price is allowed."
    return None


def ad_hoc(prices: Sequence[Json], *, product: Product, now: datetime) -> list[Price]:
    """Prices of one checkout. Unlike catalogue ones they come with `modified_at` set (recorded)."""
    return [
        seeding.price(fields, product_id=product.id, now=now, position=i, source="ad_hoc", modified_at=now)
        for i, fields in enumerate(prices)
    ]


def period_end(start: datetime, interval: str, count: int) -> datetime:
    """The same day `count` intervals later, or the month's last day when it has no such day."""
    if interval in ("day", "week"):
        return start + timedelta(days=count * (7 if interval == "week" else 1))
    months = count * (12 if interval == "year" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
