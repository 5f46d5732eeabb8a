"""Which path is whose: methods, patterns, scopes. The order decides what a 405 names in `allow`."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from agentpay.sandbox.polar import api_catalog, api_checkouts, api_customers, api_discounts, api_sales, api_webhooks
from agentpay.sandbox.polar.wire import Answer, Request, answer_json, answer_text

Handler = Callable[[Request], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """`scopes`: any of them lets a token in; None means that no token is asked for."""

    method: str
    pattern: str
    handler: Handler
    scopes: tuple[str, ...] | None = None

    def match(self, path: str) -> dict[str, str] | None:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern), path)
        return found.groupdict() if found is not None else None


def healthz(request: Request) -> Answer:
    return answer_json({"status": "ok"})


def list_events(request: Request) -> Answer:
    """The recorded server had no event store and answered 500; so does this one."""
    return answer_text("Internal Server Error", 500)


def _both(noun: str) -> tuple[str, ...]:
    return f"{noun}:read", f"{noun}:write"


_PRODUCTS: Final = _both("products")
_DISCOUNTS: Final = _both("discounts")
_CHECKOUTS: Final = _both("checkouts")
_CUSTOMERS: Final = _both("customers")
_SUBSCRIPTIONS: Final = _both("subscriptions")
_WEBHOOKS: Final = _both("webhooks")
_ORDERS: Final = ("orders:read",)
"""`orders:write` alone does not grant reading (contract § 1.2)."""

ROUTES: Final = (
    Route("GET", "/healthz", healthz),
    Route("GET", "/v1/organizations/", api_catalog.list_organizations, _both("organizations")),
    Route("GET", "/v1/organizations/{id}", api_catalog.get_organization, _both("organizations")),
    Route("PATCH", "/v1/organizations/{id}", api_catalog.update_organization, ("organizations:write",)),
    Route("GET", "/v1/products/", api_catalog.list_products, _PRODUCTS),
    Route("POST", "/v1/products/", api_catalog.create_product, ("products:write",)),
    Route("GET", "/v1/products/{id}", api_catalog.get_product, _PRODUCTS),
    Route("PATCH", "/v1/products/{id}", api_catalog.update_product, ("products:write",)),
    Route("DELETE", "/v1/products/{id}", api_catalog.delete_product, ("products:write",)),
    Route("POST", "/v1/products/{id}/benefits", api_catalog.update_product_benefits, ("products:write",)),
    Route("GET", "/v1/discounts/", api_discounts.list_discounts, _DISCOUNTS),
    Route("POST", "/v1/discounts/", api_discounts.create_discount, ("discounts:write",)),
    Route("GET", "/v1/discounts/{id}", api_discounts.get_discount, _DISCOUNTS),
    Route("PATCH", "/v1/discounts/{id}", api_discounts.update_discount, ("discounts:write",)),
    Route("DELETE", "/v1/discounts/{id}", api_discounts.delete_discount, ("discounts:write",)),
    Route("GET", "/v1/checkouts/", api_checkouts.list_checkouts, _CHECKOUTS),
    Route("POST", "/v1/checkouts/", api_checkouts.create_checkout, ("checkouts:write",)),
    Route("GET", "/v1/checkouts/client/{client_secret}", api_checkouts.get_client_checkout),
    Route("PATCH", "/v1/checkouts/client/{client_secret}", api_checkouts.update_client_checkout),
    Route("POST", "/v1/checkouts/client/{client_secret}/confirm", api_checkouts.confirm_client_checkout),
    Route("GET", "/v1/checkouts/{id}", api_checkouts.get_checkout, _CHECKOUTS),
    Route("PATCH", "/v1/checkouts/{id}", api_checkouts.update_checkout, ("checkouts:write",)),
    Route("GET", "/v1/orders/", api_sales.list_orders, _ORDERS),
    Route("GET", "/v1/orders/{id}", api_sales.get_order, _ORDERS),
    Route("GET", "/v1/orders/{id}/invoice", api_sales.get_invoice, _ORDERS),
    Route("POST", "/v1/orders/{id}/invoice", api_sales.create_invoice, _ORDERS),
    Route("GET", "/v1/orders/{id}/receipt", api_sales.get_receipt, _ORDERS),
    Route("GET", "/v1/refunds/", api_sales.list_refunds, _both("refunds")),
    Route("POST", "/v1/refunds/", api_sales.create_refund, ("refunds:write",)),
    Route("GET", "/v1/subscriptions/", api_sales.list_subscriptions, _SUBSCRIPTIONS),
    Route("GET", "/v1/subscriptions/{id}", api_sales.get_subscription, _SUBSCRIPTIONS),
    Route("PATCH", "/v1/subscriptions/{id}", api_sales.update_subscription, ("subscriptions:write",)),
    Route("DELETE", "/v1/subscriptions/{id}", api_sales.revoke_subscription, ("subscriptions:write",)),
    Route("PATCH", "/v1/customer-portal/subscriptions/{id}", api_sales.update_portal_subscription),
    Route("GET", "/v1/customers/", api_customers.list_customers, _CUSTOMERS),
    Route("POST", "/v1/customers/", api_customers.create_customer, ("customers:write",)),
    Route("GET", "/v1/customers/external/{external_id}", api_customers.get_customer, _CUSTOMERS),
    Route("PATCH", "/v1/customers/external/{external_id}", api_customers.update_customer, ("customers:write",)),
    Route("DELETE", "/v1/customers/external/{external_id}", api_customers.delete_customer, ("customers:write",)),
    Route("GET", "/v1/customers/external/{external_id}/state", api_customers.get_customer_state, _CUSTOMERS),
    Route("GET", "/v1/customers/{id}", api_customers.get_customer, _CUSTOMERS),
    Route("PATCH", "/v1/customers/{id}", api_customers.update_customer, ("customers:write",)),
    Route("DELETE", "/v1/customers/{id}", api_customers.delete_customer, ("customers:write",)),
    Route("GET", "/v1/customers/{id}/state", api_customers.get_customer_state, _CUSTOMERS),
    Route("POST", "/v1/customer-sessions/", api_customers.create_customer_session, ("customer_sessions:write",)),
    Route("GET", "/v1/webhooks/endpoints", api_webhooks.list_endpoints, _WEBHOOKS),
    Route("POST", "/v1/webhooks/endpoints", api_webhooks.create_endpoint, ("webhooks:write",)),
    Route("GET", "/v1/webhooks/endpoints/{id}", api_webhooks.get_endpoint, _WEBHOOKS),
    Route("PATCH", "/v1/webhooks/endpoints/{id}", api_webhooks.update_endpoint, ("webhooks:write",)),
    Route("DELETE", "/v1/webhooks/endpoints/{id}", api_webhooks.delete_endpoint, ("webhooks:write",)),
    Route("PATCH", "/v1/webhooks/endpoints/{id}/secret", api_webhooks.rotate_secret, ("webhooks:write",)),
    Route("GET", "/v1/webhooks/deliveries", api_webhooks.list_deliveries, _WEBHOOKS),
    Route("POST", "/v1/webhooks/events/{id}/redeliver", api_webhooks.redeliver, ("webhooks:write",)),
    Route("GET", "/v1/events/", list_events, ("events:read",)),
)
