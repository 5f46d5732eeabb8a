"""What an agent may do about buying: open a checkout, check a code, look up orders. Never a URL in the facts: the link
goes to the visitor as an attachment, past every model.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from agentpay.agents.tools import Tool, ToolContext
from agentpay.catalog import repository as catalog
from agentpay.catalog.repository import CatalogProduct
from agentpay.checkout import accept, outcome, repository, start
from agentpay.checkout.coupon_tries import find_coupon
from agentpay.checkout.coupons import Coupon
from agentpay.checkout.errors import CouponInvalid, ProductUnavailable
from agentpay.checkout.order_facts import look_up
from agentpay.checkout.performer import Performer
from agentpay.checkout.public import payment_button
from agentpay.checkout.start import Purchase, Started
from agentpay.checkout.terms import Terms, terms_of
from agentpay.conversations.append import Appender
from agentpay.conversations.shown import nameable_ids, shown_ids
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.enqueue import Jobs
from agentpay.kit import limits
from agentpay.kit.clock import Clock
from agentpay.kit.errors import Limited
from agentpay.kit.money import format_amount
from agentpay.llm.types import ToolResult
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

CREATE_CHECKOUT = "create_checkout"
VALIDATE_CODE = "validate_discount_code"
CHECK_ORDER = "check_order"

ID = {"type": "string", "description": "Id of a product that was shown."}
CODE = {"type": "string", "minLength": 1, "maxLength": 256, "description": "The code as the visitor typed it."}
CREATE_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "product_id": ID,
        "offer_id": {"type": "string", "description": "The offer that the visitor accepts, if there is one."},
        "amount": {
            "type": "integer",
            "minimum": 0,
            "maximum": 999_999_999,
            "description": "Only for pay-what-you-want products: what the visitor chose, in minor units.",
        },
        "seats": {"type": "integer", "minimum": 1, "maximum": 10_000, "description": "Only for seat-based products."},
        "discount_code": CODE,
    },
    "required": ["product_id"],
    "additionalProperties": False,
}
CODE_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"code": CODE, "product_id": ID},
    "required": ["code"],
    "additionalProperties": False,
}
ORDER_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_reference": {
            "type": "string",
            "maxLength": 100,
            "description": "What the visitor calls the order, if anything.",
        }
    },
    "additionalProperties": False,
}
CREATE_DESCRIPTION = (
    "Open the checkout for a product that was shown, when the visitor wants to buy it now. Pass offer_id when they"
    " accept an offered price. The visitor gets a payment button; never write a link or an amount of your own."
)
CODE_DESCRIPTION = "Check whether a discount code of the shop can be used, and what the product would cost with it."
ORDER_DESCRIPTION = (
    "Look up the visitor's orders: those of this conversation, and of a signed-in customer all of them. What a visitor"
    " says about themselves proves nothing."
)

Perform = Callable[[ToolContext, dict[str, Any]], Awaitable[ToolResult]]


def tools(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    performer: Performer,
    *,
    clock: Clock,
    coupon_tries_max: int = limits.COUPON_TRIES_MAX,
) -> tuple[Tool, ...]:
    """`create_checkout`, `validate_discount_code`, `check_order`."""

    desk = _Desk(db, polar, appender, jobs, performer, clock, coupon_tries_max)
    return (
        _tool(CREATE_CHECKOUT, CREATE_DESCRIPTION, CREATE_PARAMETERS, desk.create_checkout, acts=True),
        _tool(VALIDATE_CODE, CODE_DESCRIPTION, CODE_PARAMETERS, desk.validate_discount_code, acts=False),
        _tool(CHECK_ORDER, ORDER_DESCRIPTION, ORDER_PARAMETERS, desk.check_order, acts=False),
    )


class _Desk:
    """The three tools and what they work with."""

    def __init__(
        self,
        db: Database,
        polar: PolarGateway,
        appender: Appender,
        jobs: Jobs,
        performer: Performer,
        clock: Clock,
        coupon_tries_max: int,
    ) -> None:
        self._db, self._polar, self._appender, self._jobs = db, polar, appender, jobs
        self._performer = performer
        self._clock = clock
        self._coupon_tries_max = coupon_tries_max

    async def create_checkout(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Accept the offer, or buy at list price; then wait a little for Polar."""
        product_id = await _nameable(self._db, context, arguments["product_id"])
        try:
            started = await self._begin(context, product_id, arguments)
        except PolarError:
            return ToolResult(context.call_id, CREATE_CHECKOUT, "failed", {"reason": "polar_down"})
        organization_id, checkout_id = context.organization_id, started.checkout_id
        await self._performer.settle(organization_id=organization_id, checkout_id=checkout_id)
        row = await repository.get_checkout(self._db, organization_id=organization_id, checkout_id=checkout_id)
        return await _checkout_result(self._db, context, row)

    async def _begin(self, context: ToolContext, product_id: UUID, arguments: dict[str, Any]) -> Started:
        ids = {"organization_id": context.organization_id, "conversation_id": context.conversation_id}
        offer_id = _uuid(arguments.get("offer_id"))
        if offer_id is None and "discount_code" not in arguments:
            offer_id = await accept.find_open_offer(self._db, **ids, product_id=product_id)
        if offer_id is not None:
            return await accept.accept(
                self._db,
                self._appender,
                self._jobs,
                **ids,
                offer_id=offer_id,
                effect_key=context.effect_key,
                hold=context.hold,
            )
        return await start.buy(
            self._db,
            self._polar,
            self._appender,
            self._jobs,
            **ids,
            purchase=Purchase(
                product_id=product_id,
                currency=context.currency,
                seats=arguments.get("seats"),
                amount=arguments.get("amount"),
                discount_code=arguments.get("discount_code"),
            ),
            now=self._clock(),
            effect_key=context.effect_key,
            hold=context.hold,
            coupon_tries_max=self._coupon_tries_max,
        )

    async def validate_discount_code(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """For the product named, else the one shown last."""
        code = arguments["code"].strip()
        try:
            facts = await self._code_facts(context, code, arguments.get("product_id"))
        except CouponInvalid:
            return ToolResult(context.call_id, VALIDATE_CODE, "refused", {"reason": "code_invalid", "code": code})
        except Limited:
            return ToolResult(context.call_id, VALIDATE_CODE, "refused", {"reason": "limit", "code": code})
        except PolarError:
            return ToolResult(context.call_id, VALIDATE_CODE, "failed", {"reason": "polar_down"})
        return ToolResult(context.call_id, VALIDATE_CODE, "done", facts)

    async def _code_facts(self, context: ToolContext, code: str, product: str | None) -> dict[str, Any]:
        last = await shown_ids(self._db, conversation_id=context.conversation_id)
        product_id = await _nameable(self._db, context, product) if product else (last[0] if last else None)
        if product_id is None:
            raise ProductUnavailable("Which product is the code for?")
        found = await start.get_sellable(self._db, organization_id=context.organization_id, product_id=product_id)
        currency = found.quoted_in(context.currency)
        terms = terms_of(found.product, currency=currency, seats=None, amount=None)
        coupon = await find_coupon(
            self._db,
            self._polar,
            organization_id=context.organization_id,
            conversation_id=context.conversation_id,
            code=code,
            product_id=product_id,
            currency=currency,
            list_amount=terms.list_amount,
            now=self._clock(),
            tries_max=self._coupon_tries_max,
        )
        return _coupon_told(coupon, found, terms=terms, context=context)

    async def check_order(self, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        facts, attachments = await look_up(self._db, self._polar, context, reference=arguments.get("order_reference"))
        return ToolResult(context.call_id, CHECK_ORDER, "done", facts, attachments)


def _tool(name: str, description: str, parameters: dict[str, Any], perform: Perform, *, acts: bool) -> Tool:
    return Tool(
        name=name,
        description=description,
        parameters=parameters,
        agent_types=("sales", "support", "payment") if name == CHECK_ORDER else ("sales", "payment"),
        acts=acts,
        perform=perform,
    )


async def _checkout_result(db: Database, context: ToolContext, row: Row) -> ToolResult:
    product = await catalog.find_product(db, organization_id=context.organization_id, product_id=row["product_id"])
    facts: dict[str, Any] = {
        "checkout_id": str(row["id"]),
        "status": row["status"],
        "product_name": product.name if product else "",
        "amount": row["amount"],
        "currency": row["currency"],
        "amount_text": format_amount(row["amount"], row["currency"], language=context.language),
    }
    if row["status"] in ("failed", "expired"):
        reason = row["reason"] or outcome.error_of(row).name
        return ToolResult(context.call_id, CREATE_CHECKOUT, "refused", {**facts, "reason": reason})
    attachments = (payment_button(row),) if row["status"] in ("open", "creating") else ()
    return ToolResult(context.call_id, CREATE_CHECKOUT, "done", facts, attachments)


def _coupon_told(coupon: Coupon, product: CatalogProduct, *, terms: Terms, context: ToolContext) -> dict[str, Any]:
    """What a model may say of a code: its size and what the product costs with it."""
    currency = terms.currency
    taken_off = coupon.discount_on(terms.list_amount, currency=currency)
    size = (
        f"{coupon.basis_points / 100:g} %"
        if coupon.basis_points is not None
        else format_amount(taken_off, currency, language=context.language)
    )
    amount = terms.list_amount - taken_off
    return {
        "valid": True,
        "code": coupon.code,
        "text": ("{0} off" if context.language == "en" else "{0} de desconto").format(size),
        "product_id": str(product.product_id),
        "product_name": product.name,
        "amount": amount,
        "currency": currency,
        "amount_text": format_amount(amount, currency, language=context.language),
    }


async def _nameable(db: Database, context: ToolContext, product_id: str) -> UUID:
    """A tool names only what this conversation was shown, or runs beside. Raises ProductUnavailable."""
    found = _uuid(product_id)
    ids = {"organization_id": context.organization_id, "conversation_id": context.conversation_id}
    if found is None or found not in await nameable_ids(db, **ids):
        raise ProductUnavailable
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
