"""Makes the demo merchant through AgentPay's own HTTP API, as a merchant would with curl. Keeps what is there."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import httpx
import msgspec
import structlog

from agentpay.sandbox.demo import agents
from agentpay.sandbox.demo.articles import ARTICLES
from agentpay.sandbox.demo.shapes import SHOP_NAME, ArticleText, flow
from agentpay.sandbox.memory import Merchant
from agentpay.sandbox.places import DevError

log = structlog.get_logger()

SYNC_SECONDS_MAX = 20.0
SYNC_LOOK_SECONDS = 0.05
LIST_LIMIT = 100
ARTICLES_AT_ONCE = 4
POLAR_VERSION = "2026-10"
KNOWN_ENVIRONMENTS = {"https://sandbox-api.polar.sh": "sandbox", "https://api.polar.sh": "production"}
LOCAL = "local"

Provider = Literal["template", "anthropic", "openai"]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant shall be like on this start."""

    polar_url: str
    polar_access_token: str
    is_local: bool
    """Whether Polar is our stand-in."""
    public_url: str
    """Where Polar reaches AgentPay."""
    storefront_url: str
    provider: Provider


class Desk:
    """AgentPay's API as the merchant uses it. `keep` is called with the merchant after every step worth keeping."""

    def __init__(self, http: httpx.AsyncClient, *, admin_key: str, keep: Callable[[Merchant], None]) -> None:
        self._http = http
        self._admin_key = admin_key
        self._keep = keep

    async def settle(self, known: Merchant | None, wish: Wish) -> Merchant:
        """The merchant, made or found again and brought to `wish`. Raises `DevError` when AgentPay refuses.

        1. The organization: as remembered, else a new one.
        2. Addresses that moved since: Polar's, the storefront's.
        3. Agents, articles and webhook, where they are missing.
        4. The catalogue, so that the first question finds products.
        """
        merchant = known if known is not None and await self._is_there(known) else None
        if merchant is None:
            merchant = await self._found(wish)
            self._keep(merchant)
        await self._follow(merchant, wish)
        if not merchant.is_complete:
            merchant.agent_ids = await self._hire(merchant, wish.provider)
            merchant.provider = wish.provider
            await self._write_articles(merchant)
            merchant.is_complete = True
        await self._give_voice(merchant, wish.provider)
        await self._hear_polar(merchant, wish)
        self._keep(merchant)
        await self._stock(merchant)
        return merchant

    async def _is_there(self, merchant: Merchant) -> bool:
        path = f"/v1/organizations/{merchant.organization_id}"
        response = await self._http.get(path, headers=bearer(merchant.secret_key))
        return response.status_code == httpx.codes.OK

    async def _found(self, wish: Wish) -> Merchant:
        body = {
            "name": SHOP_NAME,
            "polar": {"access_token": wish.polar_access_token, **environment_of(wish.polar_url)},
            "allowed_origins": origins_of(wish.storefront_url),
            "success_url": success_url(wish.storefront_url),
        }
        made = await self._call("POST", "/v1/organizations", self._admin_key, body)
        return Merchant(
            organization_id=made["id"],
            secret_key=made["secret_key"],
            publishable_key=made["publishable_key"],
            identity_secret=made["identity_secret"],
            notify_secret=made["notify_secret"],
            polar_url=wish.polar_url,
            polar_access_token=wish.polar_access_token,
            storefront_url=wish.storefront_url,
        )

    async def _follow(self, merchant: Merchant, wish: Wish) -> None:
        changes: dict[str, Any] = {}
        if merchant.storefront_url != wish.storefront_url:
            changes["allowed_origins"] = origins_of(wish.storefront_url)
            changes["success_url"] = success_url(wish.storefront_url)
        if merchant.polar_url != wish.polar_url:
            changes["polar"] = environment_of(wish.polar_url)
        if changes:
            path = f"/v1/organizations/{merchant.organization_id}"
            await self._call("PATCH", path, self._admin_key, changes)
            merchant.storefront_url, merchant.polar_url = wish.storefront_url, wish.polar_url

    async def _hire(self, merchant: Merchant, provider: Provider) -> dict[str, str]:
        listed = await self._call("GET", f"/v1/agents?limit={LIST_LIMIT}", merchant.secret_key)
        ids = {agent["agent_type"]: agent["id"] for agent in reversed(listed["items"])}
        for wanted in agents.wanted(provider):
            if wanted["agent_type"] not in ids:
                made = await self._call("POST", "/v1/agents", merchant.secret_key, wanted)
                ids[wanted["agent_type"]] = made["id"]
        return ids

    async def _give_voice(self, merchant: Merchant, provider: Provider) -> None:
        """A model's key came or went since the last start: the agents follow, unless somebody chose by hand."""
        if merchant.provider == provider:
            return
        for agent_id in merchant.agent_ids.values():
            agent = await self._call("GET", f"/v1/agents/{agent_id}", merchant.secret_key)
            if agent["config"]["llm_provider"] == merchant.provider:
                config = {**agent["config"], "llm_provider": provider}
                await self._call("PATCH", f"/v1/agents/{agent_id}", merchant.secret_key, {"config": config})
        merchant.provider = provider

    async def _write_articles(self, merchant: Merchant) -> None:
        path = "/v1/agent/knowledge/articles"
        listed = await self._call("GET", f"{path}?limit={LIST_LIMIT}", merchant.secret_key)
        there = {article["title"] for article in listed["items"]}
        turnstile = asyncio.Semaphore(ARTICLES_AT_ONCE)

        async def write(article: ArticleText) -> None:
            async with turnstile:
                await self._call("POST", path, merchant.secret_key, article_body(article, merchant.storefront_url))

        await asyncio.gather(*(write(article) for article in ARTICLES if article.title not in there))

    async def _hear_polar(self, merchant: Merchant, wish: Wish) -> None:
        """Have Polar send its events to this AgentPay, where it can be reached; else orders are found by asking."""
        if merchant.webhook_url == wish.public_url:
            return
        if not wish.is_local and not wish.public_url.startswith("https://"):
            return
        path = f"/v1/organizations/{merchant.organization_id}/webhook"
        await self._call("POST", path, merchant.secret_key)
        merchant.webhook_secret = await self._find_webhook_secret(merchant)
        merchant.webhook_url = wish.public_url

    async def _find_webhook_secret(self, merchant: Merchant) -> str | None:
        """AgentPay keeps it to itself; Polar tells it to who holds the merchant's token."""
        organization = await self._call("GET", f"/v1/organizations/{merchant.organization_id}", merchant.secret_key)
        endpoint_id = organization["polar"]["webhook_endpoint_id"]
        headers = {**bearer(merchant.polar_access_token), "Polar-Version": POLAR_VERSION}
        response = await self._http.get(f"{merchant.polar_url}/v1/webhooks/endpoints/{endpoint_id}", headers=headers)
        secret: str | None = response.json().get("secret") if response.is_success else None
        return secret

    async def _stock(self, merchant: Merchant) -> None:
        """Wait for the first sync. A Polar that does not answer is no reason not to start: the worker tries on."""
        path = f"/v1/organizations/{merchant.organization_id}"
        organization = await self._call("GET", path, merchant.secret_key)
        if organization["catalog"]["synced_at"] is not None:
            return
        await self._call("POST", f"{path}/sync", merchant.secret_key)
        if organization["status"] == "unverified":
            log.warning("polar.unreachable", url=merchant.polar_url)
            return
        try:
            async with asyncio.timeout(SYNC_SECONDS_MAX):
                while organization["catalog"]["synced_at"] is None:
                    await asyncio.sleep(SYNC_LOOK_SECONDS)
                    organization = await self._call("GET", path, merchant.secret_key)
        except TimeoutError:
            log.warning("catalogue.unsynced", seconds=SYNC_SECONDS_MAX)

    async def _call(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
        response = await self._http.request(method, path, headers=bearer(key), json=body)
        if response.is_success:
            return response.json() if response.content else None
        raise DevError(f"AgentPay refused {method} {path.partition('?')[0]}: {refusal(response)}")


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def environment_of(polar_url: str) -> dict[str, str]:
    """`polar` of an organization for this address (API § 3)."""
    known = KNOWN_ENVIRONMENTS.get(polar_url)
    return {"environment": known} if known else {"environment": "custom", "base_url": polar_url}


def origins_of(storefront_url: str) -> list[str]:
    """The storefront by number and by name: people type either."""
    return [storefront_url, storefront_url.replace("127.0.0.1", "localhost")]


def success_url(storefront_url: str) -> str:
    """Where Polar sends the buyer back to; Polar puts the checkout's id in."""
    return f"{storefront_url}/thanks?checkout_id={{CHECKOUT_ID}}"


def article_body(article: ArticleText, storefront_url: str) -> dict[str, Any]:
    return {
        "type": article.type,
        "title": article.title,
        "content": flow(article.content),
        "language": article.language,
        "url": f"{storefront_url}/help#{article.slug}",
    }


def refusal(response: httpx.Response) -> str:
    """The reason in the error's own words, on one line."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}."
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in detail)
    return str(detail)
