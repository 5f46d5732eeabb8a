"""What AgentPay asks of Polar: one short method a call, exact slashes, explicit fields, typed answers.

Every method raises `PolarError`; none may be called with a transaction open. Lists are offset pages: sort ascending by
`created_at` when scanning, so that new rows do not shift pages (§ 1.5).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from agentpay.polar import types
from agentpay.polar.errors import PolarError, changes

T = TypeVar("T")
Query = list[tuple[str, str]]
LIST_LIMIT_MAX = 100


class Calls(ABC):
    """The calls; `_call` carries them."""

    @abstractmethod
    async def _call(self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Any = None) -> bytes:
        """The body of a 2xx answer, else `PolarError`."""

    # Organization

    async def list_organizations(self) -> types.Page[types.Organization]:
        """The token's own organization is the only entry."""
        return await self._page(types.Organization, "/v1/organizations/")

    async def get_organization(self, *, organization_id: UUID) -> types.Organization:
        return await self._one(types.Organization, "GET", f"/v1/organizations/{organization_id}")

    # Products

    async def list_products(
        self,
        *,
        page: int = 1,
        limit: int = LIST_LIMIT_MAX,
        ids: Iterable[UUID] = (),
        is_archived: bool | None = False,
        visibility: Iterable[str] = ("public",),
        sorting: str = "created_at",
    ) -> types.Page[types.Product]:
        """Products on sale unless said otherwise: Polar itself would list drafts and archived ones too (§ 2.1)."""
        return await self._page(
            types.Product,
            "/v1/products/",
            _query(page=page, limit=limit, id=ids, is_archived=is_archived, visibility=visibility, sorting=sorting),
        )

    async def get_product(self, *, product_id: UUID) -> types.Product:
        return await self._one(types.Product, "GET", f"/v1/products/{product_id}")

    # Discounts

    async def create_discount(
        self,
        *,
        name: str,
        product_ids: Sequence[UUID],
        ends_at: datetime,
        metadata: Mapping[str, Any],
        basis_points: int | None = None,
        amounts: Mapping[str, int] | None = None,
    ) -> types.Discount:
        """A discount for one purchase: once, one redemption, no code. `basis_points`, or `amounts` by currency."""
        size = {"type": "percentage", "basis_points": basis_points} if amounts is None else {"type": "fixed"}
        body = {
            **size,
            "name": name,
            "duration": "once",
            "max_redemptions": 1,
            "ends_at": _moment(ends_at),
            "products": [str(product_id) for product_id in product_ids],
            "metadata": dict(metadata),
        }
        if amounts is not None:
            body["amounts"] = dict(amounts)
        return await self._one(types.Discount, "POST", "/v1/discounts/", body=body)

    async def get_discount(self, *, discount_id: UUID) -> types.Discount:
        return await self._one(types.Discount, "GET", f"/v1/discounts/{discount_id}")

    async def find_discounts(self, *, query: str, limit: int = LIST_LIMIT_MAX) -> types.Page[types.Discount]:
        """Discounts whose name or code contains `query` in any case; `%` and `_` in it are wildcards (OFFERS 33)."""
        return await self._page(
            types.Discount, "/v1/discounts/", _query(query=query, limit=limit, sorting="-created_at")
        )

    async def patch_discount(self, *, discount_id: UUID, ends_at: datetime) -> types.Discount:
        """Move its end. Nothing else of an issued one may be edited (OFFERS 30); the answer proves nothing (27)."""
        return await self._one(
            types.Discount, "PATCH", f"/v1/discounts/{discount_id}", body={"ends_at": _moment(ends_at)}
        )

    async def delete_discount(self, *, discount_id: UUID) -> None:
        """Tidying only: it does not revoke, and makes the end unchangeable (OFFERS 29)."""
        await self._call("DELETE", f"/v1/discounts/{discount_id}")

    # Checkouts

    async def create_checkout(
        self,
        *,
        product_id: UUID,
        currency: str,
        metadata: Mapping[str, Any],
        allow_discount_codes: bool = False,
        allow_trial: bool = True,
        discount_id: UUID | None = None,
        amount: int | None = None,
        seats: int | None = None,
        success_url: str | None = None,
        return_url: str | None = None,
        embed_origin: str | None = None,
        external_customer_id: str | None = None,
        customer_id: UUID | None = None,
        customer_email: str | None = None,
        customer_name: str | None = None,
        custom_field_data: Mapping[str, Any] | None = None,
        locale: str | None = None,
    ) -> types.Checkout:
        """A checkout of one product. `amount` matters for pay-what-you-want only; Polar ignores it elsewhere."""
        optional = {
            "discount_id": discount_id,
            "amount": amount,
            "seats": seats,
            "success_url": success_url,
            "return_url": return_url,
            "embed_origin": embed_origin,
            "external_customer_id": external_customer_id,
            "customer_id": customer_id,
            "customer_email": customer_email,
            "customer_name": customer_name,
            "custom_field_data": custom_field_data or None,
            "locale": locale,
        }
        body = {
            "products": [product_id],
            "currency": currency,
            "metadata": dict(metadata),
            "allow_discount_codes": allow_discount_codes,
            "allow_trial": allow_trial,
            **{key: value for key, value in optional.items() if value is not None},
        }
        return await self._one(types.Checkout, "POST", "/v1/checkouts/", body=body)

    async def get_checkout(self, *, checkout_id: UUID) -> types.Checkout:
        return await self._one(types.Checkout, "GET", f"/v1/checkouts/{checkout_id}")

    async def patch_checkout(self, *, checkout_id: UUID, changes: Mapping[str, Any]) -> types.Checkout:
        """Only while open, else 403 `NotOpenCheckout`; 409 `CheckoutLocked` while the buyer confirms (§ 3.4)."""
        return await self._one(types.Checkout, "PATCH", f"/v1/checkouts/{checkout_id}", body=dict(changes))

    async def list_checkouts(
        self, *, product_id: UUID | None = None, status: str | None = None, page: int = 1, limit: int = LIST_LIMIT_MAX
    ) -> types.Page[types.Checkout]:
        """Newest first. A 500 means unknown, never none: one broken discount fails the whole list (OFFERS 30)."""
        return await self._page(
            types.Checkout,
            "/v1/checkouts/",
            _query(product_id=product_id, status=status, page=page, limit=limit, sorting="-created_at"),
        )

    # Orders and refunds

    async def list_orders(
        self,
        *,
        checkout_ids: Iterable[UUID] = (),
        subscription_ids: Iterable[UUID] = (),
        customer_id: UUID | None = None,
        external_customer_id: str | None = None,
        discount_id: UUID | None = None,
        created_after: datetime | None = None,
        sorting: str = "-created_at",
        page: int = 1,
        limit: int = LIST_LIMIT_MAX,
    ) -> types.Page[types.Order]:
        return await self._page(
            types.Order,
            "/v1/orders/",
            _query(
                checkout_id=checkout_ids,
                subscription_id=subscription_ids,
                customer_id=customer_id,
                external_customer_id=external_customer_id,
                discount_id=discount_id,
                created_after=created_after,
                sorting=sorting,
                page=page,
                limit=limit,
            ),
        )

    async def get_order(self, *, order_id: UUID) -> types.Order:
        return await self._one(types.Order, "GET", f"/v1/orders/{order_id}")

    async def list_refunds(
        self, *, order_id: UUID | None = None, sorting: str = "-created_at", page: int = 1, limit: int = LIST_LIMIT_MAX
    ) -> types.Page[types.Refund]:
        return await self._page(
            types.Refund, "/v1/refunds/", _query(order_id=order_id, sorting=sorting, page=page, limit=limit)
        )

    # Customers

    async def list_customers(
        self, *, email: str | None = None, query: str | None = None, page: int = 1, limit: int = LIST_LIMIT_MAX
    ) -> types.Page[types.Customer]:
        """`email` matches exactly, in any case; `query` parts of name and e-mail (§ 5.3)."""
        return await self._page(
            types.Customer, "/v1/customers/", _query(email=email, query=query, page=page, limit=limit)
        )

    async def get_customer(self, *, customer_id: UUID) -> types.Customer:
        return await self._one(types.Customer, "GET", f"/v1/customers/{customer_id}")

    async def get_customer_by_external_id(self, *, external_customer_id: str) -> types.Customer:
        return await self._one(types.Customer, "GET", f"/v1/customers/external/{quote(external_customer_id, safe='')}")

    async def get_customer_state_by_external_id(self, *, external_customer_id: str) -> types.CustomerState:
        path = f"/v1/customers/external/{quote(external_customer_id, safe='')}/state"
        return await self._one(types.CustomerState, "GET", path)

    # Webhooks: no trailing slash anywhere (§ 6.1)

    async def list_webhook_endpoints(self, *, page: int = 1) -> types.Page[types.WebhookEndpoint]:
        return await self._page(
            types.WebhookEndpoint, "/v1/webhooks/endpoints", _query(page=page, limit=LIST_LIMIT_MAX)
        )

    async def get_webhook_endpoint(self, *, endpoint_id: UUID) -> types.WebhookEndpoint:
        return await self._one(types.WebhookEndpoint, "GET", f"/v1/webhooks/endpoints/{endpoint_id}")

    async def create_webhook_endpoint(
        self, *, url: str, events: Sequence[str], name: str, api_version: str
    ) -> types.WebhookEndpoint:
        """Polar makes the secret and returns it. https only, no private addresses."""
        body = {"url": url, "events": list(events), "format": "raw", "name": name, "api_version": api_version}
        return await self._one(types.WebhookEndpoint, "POST", "/v1/webhooks/endpoints", body=body)

    async def patch_webhook_endpoint(
        self,
        *,
        endpoint_id: UUID,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
        api_version: str | None = None,
    ) -> types.WebhookEndpoint:
        """What is None stays as it is."""
        fields = {"url": url, "events": events, "enabled": enabled, "api_version": api_version}
        body = {key: value for key, value in fields.items() if value is not None}
        return await self._one(types.WebhookEndpoint, "PATCH", f"/v1/webhooks/endpoints/{endpoint_id}", body=body)

    async def rotate_webhook_secret(self, *, endpoint_id: UUID) -> types.WebhookEndpoint:
        """A new secret at once, without overlap."""
        return await self._one(types.WebhookEndpoint, "PATCH", f"/v1/webhooks/endpoints/{endpoint_id}/secret")

    async def delete_webhook_endpoint(self, *, endpoint_id: UUID) -> None:
        await self._call("DELETE", f"/v1/webhooks/endpoints/{endpoint_id}")

    async def list_webhook_deliveries(
        self,
        *,
        endpoint_id: UUID,
        succeeded: bool | None = None,
        start_timestamp: datetime | None = None,
        page: int = 1,
        limit: int = LIST_LIMIT_MAX,
    ) -> types.Page[types.WebhookDelivery]:
        """Newest first, one row per attempt."""
        return await self._page(
            types.WebhookDelivery,
            "/v1/webhooks/deliveries",
            _query(
                endpoint_id=endpoint_id, succeeded=succeeded, start_timestamp=start_timestamp, page=page, limit=limit
            ),
        )

    async def redeliver_webhook_event(self, *, event_id: UUID) -> None:
        """One more attempt with the stored body and the same `webhook-id`."""
        await self._call("POST", f"/v1/webhooks/events/{event_id}/redeliver")

    async def _one(self, model: type[T], method: str, path: str, *, body: Any = None) -> T:
        answer = await self._call(method, path, body=body)
        try:
            return msgspec.json.decode(answer, type=model)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PolarError("unreadable", unknown_outcome=changes(method)) from None

    async def _page(self, model: type[T], path: str, query: Query | None = None) -> types.Page[T]:
        answer = await self._call("GET", path, query=query or [])
        try:
            raw = msgspec.json.decode(answer, type=types.Page[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PolarError("unreadable") from None
        items: list[T] = []
        for entry in raw.items:
            try:
                items.append(msgspec.json.decode(entry, type=model))
            except msgspec.ValidationError:
                continue  # counted below: one strange entry must not hide the others
        return types.Page(items=items, pagination=raw.pagination, unreadable=len(raw.items) - len(items))


def _query(**parameters: Any) -> Query:
    """Query parameters without the None ones; iterables repeat their key."""
    pairs: Query = []
    for key, value in parameters.items():
        several = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        pairs += [(key, _text(each)) for each in several if each is not None]
    return pairs


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(moment: datetime) -> str:
    """Explicit `Z`: several of Polar's inputs accept naive times and mean something else."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
