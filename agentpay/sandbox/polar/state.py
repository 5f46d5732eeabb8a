"""What a stand-in remembers and what time it is there."""

import asyncio
import secrets
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agentpay.kit import clock as kit_clock
from agentpay.sandbox.polar import entities, faults, gate, seeding, settings, store


class PolarState:
    """One Polar, with any number of organizations. Everything else in this package works on one of these.

    `path`: a sqlite3 file that keeps the rows between starts; None keeps them in memory.
    `clock`: returns an aware UTC time; `advance` moves it forward for this stand-in alone.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        clock: Callable[[], datetime] = kit_clock.utc_now,
        config: settings.PolarSettings | None = None,
    ) -> None:
        self.settings = config or settings.PolarSettings()
        self._clock = clock
        self._offset = timedelta(0)
        self._store = store.Store(path)
        self.organizations = store.Table(self._store, entities.Organization)
        self.tokens = store.Table(self._store, entities.Token, indexed=("secret",))
        self.products = store.Table(self._store, entities.Product)
        self.benefits = store.Table(self._store, entities.Benefit)
        self.medias = store.Table(self._store, entities.Media)
        self.custom_fields = store.Table(self._store, entities.CustomField)
        self.discounts = store.Table(self._store, entities.Discount)
        self.redemptions = store.Table(self._store, entities.Redemption, indexed=("discount_id", "checkout_id"))
        self.checkouts = store.Table(self._store, entities.Checkout, indexed=("client_secret",))
        self.customers = store.Table(self._store, entities.Customer)
        self.customer_sessions = store.Table(self._store, entities.CustomerSession, indexed=("token",))
        self.orders = store.Table(self._store, entities.Order, indexed=("product_id", "customer_id", "checkout_id"))
        self.subscriptions = store.Table(self._store, entities.Subscription)
        self.refunds = store.Table(self._store, entities.Refund)
        self.grants = store.Table(self._store, entities.Grant, indexed=("customer_id",))
        self.endpoints = store.Table(self._store, entities.Endpoint)
        self.webhook_events = store.Table(self._store, entities.WebhookEvent)
        self.deliveries = store.Table(self._store, entities.Delivery, indexed=("webhook_event_id",))
        self.jobs = store.Table(self._store, entities.Job)
        self.faults = faults.FaultPlan()
        self.webhook_plan = faults.WebhookPlan()
        self.calls: list[faults.Call] = []
        self.gate = gate.Gate()
        self.locked_checkouts: set[str] = set()
        self.discount_locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.lock_taken = asyncio.Event()
        self.wake = asyncio.Event()
        self.settling: Callable[[], Awaitable[None]] | None = None
        """The running jobs' own wait; set while the stand-in is served."""

    # Time

    def now(self) -> datetime:
        return self._clock() + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move this stand-in's clock forward; whatever became due happens at once."""
        self._offset += timedelta(seconds=seconds)
        self.wake.set()
        return self.now()

    async def settle(self) -> None:
        """Wait until nothing is due and no webhook is under way. Later things, like retries, are left alone.

        Raises RuntimeError when nothing serves this state, because then nobody does its jobs.
        """
        if self.settling is None:
            raise RuntimeError("serve this state, or enter `create_app(state).running()`, before waiting for it")
        await self.settling()

    async def until_confirming(self, checkout_id: str) -> None:
        """Wait until a confirm holds this checkout (`settings.confirm_seconds` says for how long)."""
        while checkout_id not in self.locked_checkouts:
            self.lock_taken.clear()
            await self.lock_taken.wait()

    def delayed(self, seconds: float) -> datetime:
        """The moment `seconds` of recorded time from now, scaled."""
        return self.now() + timedelta(seconds=seconds * self.settings.delay_scale)

    def later(self, seconds: float) -> datetime:
        """The moment exactly `seconds` from now."""
        return self.now() + timedelta(seconds=seconds)

    def attempt_time(self) -> datetime:
        """The shared clock without this stand-in's own offset: receivers compare it with theirs."""
        return self._clock()

    # Rows

    @staticmethod
    def new_id() -> str:
        return str(uuid.uuid4())

    @staticmethod
    def new_secret(prefix: str) -> str:
        return prefix + secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")

    def schedule(self, kind: str, *, due: datetime, **arguments: Any) -> entities.Job:
        """Have `kind` done at `due` by the runner (`runner.py` names the kinds)."""
        job = self.jobs.put(
            entities.Job(id=self.new_id(), created_at=self.now(), due=due, kind=kind, arguments=arguments)
        )
        self.wake.set()
        return job

    def redemptions_of(self, discount_id: str) -> list[entities.Redemption]:
        return self.redemptions.where("discount_id", discount_id)

    def organization(self, organization_id: str) -> entities.Organization:
        return self.organizations.get(organization_id)

    def find_checkout_by_secret(self, client_secret: str) -> entities.Checkout | None:
        return next(iter(self.checkouts.where("client_secret", client_secret)), None)

    def find_customer_by_email(self, email: str, *, organization_id: str) -> entities.Customer | None:
        wanted = email.casefold()
        return next(
            (row for row in self._customers(organization_id) if row.email and row.email.casefold() == wanted), None
        )

    def find_customer_by_external_id(self, external_id: str, *, organization_id: str) -> entities.Customer | None:
        return next((row for row in self._customers(organization_id) if row.external_id == external_id), None)

    def _customers(self, organization_id: str) -> Iterable[entities.Customer]:
        return (row for row in self.customers if row.organization_id == organization_id and row.deleted_at is None)

    # Seeding: what a merchant would have clicked together in the dashboard

    def add_organization(self, name: str = "Acme Candles", **fields: Any) -> entities.Organization:
        """A merchant that may take payments. `fields` override any field, `capabilities` and settings by key."""
        return self.organizations.put(seeding.organization(name, now=self.now(), **fields))

    def add_token(
        self,
        organization: entities.Organization,
        scopes: Iterable[str] = seeding.SCOPES,
        *,
        secret: str | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """An organization access token; the answer is the `polar_oat_…` text itself."""
        token = entities.Token(
            id=self.new_id(),
            created_at=self.now(),
            organization_id=organization.id,
            secret=secret or self.new_secret("polar_oat_"),
            scopes=list(scopes),
            expires_at=expires_at,
        )
        return self.tokens.put(token).secret

    def add_product(
        self,
        organization: entities.Organization,
        name: str = "Beeswax candle",
        *,
        prices: Iterable[seeding.PriceFields] = (seeding.fixed(1900),),
        benefits: Iterable[entities.Benefit] = (),
        pictures: Iterable[str] = (),
        **fields: Any,
    ) -> entities.Product:
        """A product as the dashboard makes it, without webhooks. `pictures` are titles of generated images."""
        product = seeding.product(organization, name, prices, now=self.now(), **fields)
        for benefit in benefits:
            product.benefit_ids.append(self.benefits.put(benefit).id)
        for title in pictures:
            media = seeding.media(organization, title, now=self.now())
            product.media_ids.append(self.medias.put(media).id)
        return self.products.put(product)

    def close(self) -> None:
        self._store.close()
