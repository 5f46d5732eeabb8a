"""A buyer for tests and demos: what the pay page does, as a function. He holds the link and nothing else."""

import time
from typing import Any, Final, Literal

import httpx

Card = Literal["ok", "slow", "never", "decline"]

AUSTIN: Final[dict[str, str]] = {
    "country": "US",
    "line1": "1 Main St",
    "city": "Austin",
    "postal_code": "78701",
    "state": "US-TX",
}


def endpoint_of(url: str) -> str:
    """The client endpoint of a checkout's `url`."""
    base, _, secret = url.partition("/checkout/")
    return f"{base}/v1/checkouts/client/{secret.partition('?')[0].strip('/')}"


async def confirm(
    http: httpx.AsyncClient,
    url: str,
    *,
    email: str = "sam@buyer-mail.com",
    name: str = "Sam",
    country: str | None = None,
    card: Card = "ok",
    **more: Any,
) -> httpx.Response:
    """Press Pay on the checkout behind `url`. `country=None` is a full address in Texas, where nothing is taxed.

    The answer is Polar's: 200 `confirmed`, or 400, 403, 409, 410, 422. Payment follows a moment later.
    """
    body: dict[str, Any] = {
        "customer_email": email,
        "customer_name": name,
        "customer_billing_address": {"country": country} if country is not None else AUSTIN,
        "confirmation_token_id": f"ctoken_{card}_{time.monotonic_ns()}",
        **more,
    }
    return await http.post(f"{endpoint_of(url)}/confirm", json=body)
