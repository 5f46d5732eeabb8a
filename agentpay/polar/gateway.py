"""Whose Polar it is: an organization's token, its share of the limit, its circuit."""

import ssl
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.kit.spans import NO_TRACER, Tracer
from agentpay.polar.bucket import Bucket, OnWait, Priority
from agentpay.polar.circuit import Circuit
from agentpay.polar.client import Credential, Http, OnCall, Polar
from agentpay.polar.errors import PolarError

# A token that was replaced goes out of use within this time on every replica.
CREDENTIAL_SECONDS_MAX = 5.0
PROBE_KEY = "probe"

Credentials = Callable[[UUID], Awaitable[Credential]]
"""Finds and decrypts an organization's credential. Raises `NotFound`. Given by the composition root."""


class PolarGateway:
    """One per process: `await gateway.of(organization_id)` gives that organization's `Polar`.

    Owns the connection pool; `close()` at the end.
    """

    def __init__(
        self,
        db: Database,
        *,
        credentials: Credentials,
        verify: ssl.SSLContext | bool = True,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._credentials = credentials
        self._http = Http(verify=verify)
        self._bucket = Bucket(db)
        self._tracer = tracer
        self._circuits: dict[str, Circuit] = {}
        self._known: dict[UUID, tuple[float, Credential]] = {}
        self.on_call: OnCall = _unobserved

    def observe_waits(self, on_wait: OnWait) -> None:
        """Have `on_wait` hear for how long calls wait for leave to be sent."""
        self._bucket.on_wait = on_wait

    @property
    def paused_count(self) -> int:
        """Organizations whose Polar is not asked in this process now, because it was unwell."""
        return sum(circuit.is_paused for circuit in self._circuits.values())

    async def of(self, organization_id: UUID, *, priority: Priority = "checkout") -> Polar:
        """That organization's Polar. Revocations come before checkouts, these before syncs, and polls last."""
        return self._polar(await self._credential(organization_id), key=str(organization_id), priority=priority)

    def probe(self, credential: Credential) -> Polar:
        """A Polar for a credential that is not stored yet: to ask whether it works."""
        return self._polar(credential, key=PROBE_KEY, priority="checkout")

    def forget(self, organization_id: UUID) -> None:
        """Read the credential anew at the next call: it was changed."""
        self._known.pop(organization_id, None)

    async def close(self) -> None:
        await self._http.close()

    def _polar(self, credential: Credential, *, key: str, priority: Priority) -> Polar:
        # Probes of strangers' addresses must not pause each other.
        circuit = Circuit() if key == PROBE_KEY else self._circuits.setdefault(key, Circuit())
        return Polar(
            self._http,
            credential,
            circuit=circuit,
            bucket=self._bucket,
            key=key,
            priority=priority,
            on_call=self._called,
            tracer=self._tracer,
        )

    def _called(self, method: str, outcome: str, seconds: float | None) -> None:
        self.on_call(method, outcome, seconds)

    async def _credential(self, organization_id: UUID) -> Credential:
        known = self._known.get(organization_id)
        now = time.monotonic()
        if known is not None and now - known[0] < CREDENTIAL_SECONDS_MAX:
            return known[1]
        credential = await self._credentials(organization_id)
        if not credential.token:
            raise PolarError("unauthorized")
        self._known[organization_id] = (now, credential)
        return credential


def _unobserved(method: str, outcome: str, seconds: float | None) -> None:
    """Nobody counts calls, until the composition root says who does."""
