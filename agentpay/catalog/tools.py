"""What an agent may look up: products, one product, its stock, what a parcel costs.

Provenance: a product id counts only if this conversation was shown it or its page is about it; anything else must be
found by name, which a visitor could do too. What a tool tells of is marked as shown in the same breath. Facts and cards
hold list prices from the mirror only; stock numbers stay here, levels go out.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from agentpay.agents.tools import Perform, Tool, ToolContext
from agentpay.catalog import cards, repository, sellable, shipping
from agentpay.catalog import tool_schemas as schemas
from agentpay.catalog.price_limits import Limits, limits_of
from agentpay.catalog.repository import CatalogProduct
from agentpay.catalog.search import search
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit.money import format_amount
from agentpay.llm.types import ToolResult

PRODUCTS_DEFAULT = 4
CLOSEST_MAX = 2

UNKNOWN = "unknown_product"
UNAVAILABLE = "product_unavailable"

DELIVERED_ONLINE = {
    "en": "Delivered online right after the payment: nothing is posted, so there is no shipping cost.",
    "pt": "Entregue online logo após o pagamento: nada é enviado pelo correio, então não há frete.",
}


class Show(Protocol):
    """Marks products as shown to a conversation: `conversations.shown.show`, which stands above this package."""

    async def __call__(
        self, tx: Tx, *, organization_id: UUID, conversation_id: UUID, product_ids: Sequence[UUID]
    ) -> None: ...


class Nameable(Protocol):
    """Ids that a conversation's tools may name: those it was shown, and the product of the page it runs on."""

    async def __call__(
        self, source: Database | Tx, *, organization_id: UUID, conversation_id: UUID
    ) -> Collection[UUID]: ...


def tools(db: Database, *, show: Show, nameable: Nameable) -> tuple[Tool, ...]:
    """`search_products`, `show_product`, `check_inventory`, `quote_shipping`."""
    desk = Desk(db, show=show, nameable=nameable)

    def reads(name: str, perform: Perform) -> Tool:
        return Tool(
            name, schemas.DESCRIPTIONS[name], schemas.PARAMETERS[name], schemas.AGENT_TYPES[name], False, perform
        )

    return (
        reads("search_products", desk.search_products),
        reads("show_product", desk.show_product),
        reads("check_inventory", desk.check_inventory),
        reads("quote_shipping", desk.quote_shipping),
    )


class Desk:
    """Where the four tools are performed; keeps nothing between calls."""

    def __init__(self, db: Database, *, show: Show, nameable: Nameable) -> None:
        self._db = db
        self._show = show
        self._nameable = nameable

    async def search_products(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Products for a question, best first. Over a price limit: none, and the closest ones as facts."""
        query = arguments["query"]
        limits = limits_of(query, arguments, currency=context.currency)
        found = await search(
            self._db,
            organization_id=context.organization_id,
            query=query,
            limits=limits,
            limit=arguments.get("limit", PRODUCTS_DEFAULT),
        )
        products = [each.product for each in found]
        facts: dict[str, Any] = {
            "products": [self._row(product, context, limits.currency) for product in products],
            "total": len(products),
        }
        closest = await self._closest(context, query, limits) if limits.has_price and not products else []
        if closest:
            facts["reason"] = "none_within_price_limit"
            facts["closest"] = [self._row(product, context, limits.currency) for product in closest]
        await self._mark(context, [*products, *closest])
        attachments = tuple(cards.product_card(product, currency=limits.currency) for product in products)
        return ToolResult(context.call_id, "search_products", "done", facts, attachments)

    async def show_product(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Everything that a visitor may know of one product, and its card."""
        product = await self._find(context, arguments)
        if isinstance(product, str):
            return _refused(context, "show_product", product)
        row = self._row(product, context, context.currency)
        row["description"] = cards.full_description(product.product) or row["description"]
        await self._mark(context, [product])
        card = cards.product_card(product, currency=context.currency)
        return ToolResult(context.call_id, "show_product", "done", {"product": row}, (card,))

    async def check_inventory(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """In stock, low, out of stock or unknown; whether a wanted quantity is there. Never how many there are."""
        product = await self._find(context, arguments)
        if isinstance(product, str):
            return _refused(context, "check_inventory", product)
        await self._mark(context, [product])
        facts: dict[str, Any] = {
            "product_id": str(product.product_id),
            "product_name": product.name,
            "state": product.stock_level,
        }
        quantity = arguments.get("quantity")
        if quantity is not None and product.stock is not None:
            facts |= {"quantity": quantity, "is_enough": product.stock >= quantity}
        return ToolResult(context.call_id, "check_inventory", "done", facts)

    async def quote_shipping(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """What a parcel to a country costs by the agent's table; nothing for what is delivered online."""
        name = "quote_shipping"
        country = shipping.country_code(arguments["country"])
        if country is None:
            return _refused(context, name, "unknown_country")
        if "product_id" in arguments or "name" in arguments:
            product = await self._find(context, arguments)
            if isinstance(product, str):
                return _refused(context, name, product)
            await self._mark(context, [product])
            if sellable.is_digital(product.product):
                return ToolResult(context.call_id, name, "done", _delivered_online(product, country, context))
        listed = shipping.rates(context.config)
        rate = shipping.find_rate(listed, country=country, currency=context.currency)
        if rate is None:
            told = {
                "country": shipping.country_name(country, language=context.language),
                "countries": shipping.served(listed, language=context.language),
            }
            return _refused(context, name, "country_not_served" if listed else "no_rates_known", **told)
        return ToolResult(context.call_id, name, "done", shipping.rate_facts(rate, language=context.language))

    async def _closest(self, context: ToolContext, query: str, limits: Limits) -> list[CatalogProduct]:
        """What fits but for its price: the nearest to the limit first."""
        anywhere = msgspec.structs.replace(limits, price_max=None, price_min=None)
        found = await search(
            self._db, organization_id=context.organization_id, query=query, limits=anywhere, limit=schemas.PRODUCTS_MAX
        )
        wanted = limits.price_max if limits.price_max is not None else limits.price_min or 0

        def distance(product: CatalogProduct) -> int:
            fact = cards.product_fact(product, currency=limits.currency, language=context.language)
            return abs((fact.amount or 0) - wanted)

        return sorted((each.product for each in found), key=distance)[:CLOSEST_MAX]

    async def _find(self, context: ToolContext, arguments: dict[str, Any]) -> CatalogProduct | str:
        """The product that the arguments name, or why it cannot be told of."""
        said = arguments.get("product_id")
        product_id = _uuid(said)
        if product_id is None:
            return await self._find_named(context, arguments.get("name") or said or "")
        ids = {"organization_id": context.organization_id, "conversation_id": context.conversation_id}
        if product_id not in await self._nameable(self._db, **ids):
            return await self._find_named(context, arguments["name"]) if "name" in arguments else UNKNOWN
        product = await repository.find_product(
            self._db, organization_id=context.organization_id, product_id=product_id
        )
        if product is None:
            return UNKNOWN
        return product if product.is_sellable else UNAVAILABLE

    async def _find_named(self, context: ToolContext, name: str) -> CatalogProduct | str:
        exact = await repository.find_named(self._db, organization_id=context.organization_id, name=name)
        if exact is not None or not name.strip():
            return exact or UNKNOWN
        found = await search(self._db, organization_id=context.organization_id, query=name, limit=1, needs_name=True)
        return found[0].product if found else UNKNOWN

    async def _mark(self, context: ToolContext, products: Sequence[CatalogProduct]) -> None:
        if not products:
            return
        async with self._db.transaction() as tx:
            await context.hold(tx)
            await self._show(
                tx,
                organization_id=context.organization_id,
                conversation_id=context.conversation_id,
                product_ids=[product.product_id for product in products],
            )

    def _row(self, product: CatalogProduct, context: ToolContext, currency: str) -> dict[str, Any]:
        """A product as facts: `ProductFact`, its stock level, its public benefits."""
        negotiable = None if context.rules.allow_dynamic_pricing else False
        fact = cards.product_fact(product, currency=currency, language=context.language, negotiable=negotiable)
        benefits = sellable.public_benefits(product.product)
        return {**msgspec.structs.asdict(fact), "availability": product.stock_level, "benefits": benefits}


def _delivered_online(product: CatalogProduct, country: str, context: ToolContext) -> dict[str, Any]:
    return {
        "product_id": str(product.product_id),
        "product_name": product.name,
        "is_digital": True,
        "country": shipping.country_name(country, language=context.language),
        "country_code": country,
        "amount": 0,
        "amount_text": format_amount(0, context.currency, language=context.language),
        "currency": context.currency,
        "days": 0,
        "text": DELIVERED_ONLINE[context.language],
    }


def _refused(context: ToolContext, name: str, reason: str, **told: Any) -> ToolResult:
    return ToolResult(context.call_id, name, "refused", {"reason": reason, **told})


def _uuid(said: object) -> UUID | None:
    try:
        return UUID(str(said))
    except ValueError:
        return None
