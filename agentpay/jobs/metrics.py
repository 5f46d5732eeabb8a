"""Figures of the job table: what this process ran, and what waits, which one process of all samples."""

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.executor import Outcome

LEASE_SECONDS: Final = 15.0
NOTHING: Final = {"oldest_seconds": 0, "retrying": 0}


class JobMetrics:
    """`ran` counts runs here; `sample` looks at the table while this process is the one that does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.runs = Counter(
            "agentpay_job_runs_total",
            "Runs of jobs in this process: done, later (no failure), failed (retried), dead, interrupted",
            ("kind", "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "agentpay_job_seconds",
            "How long runs took",
            ("kind",),
            registry=registry,
            buckets=(0.01, 0.05, 0.25, 1, 5, 15, 60, 300),
        )
        self.jobs = Gauge(
            "agentpay_jobs", "Jobs in the table (sampled by one process)", ("kind", "status"), registry=registry
        )
        self.retries = Gauge(
            "agentpay_jobs_retrying", "Waiting jobs that have failed (sampled by one process)", registry=registry
        )
        self.oldest = Gauge(
            "agentpay_jobs_oldest_due_seconds",
            "For how long the longest due job has waited (sampled by one process)",
            registry=registry,
        )
        self.is_sampler = Gauge("agentpay_jobs_sampler", "1 in the process that samples", registry=registry)
        self._held: datetime | None = None

    def ran(self, kind: str, outcome: Outcome, seconds: float) -> None:
        self.runs.labels(kind, outcome).inc()
        self.seconds.labels(kind).observe(seconds)

    async def sample(self, db: Database) -> bool:
        """Look once, if it is this process's part; what it saw before is shown no longer, if it is not.

        Returns whether it is.
        """
        self._held = await repository.hold_sampling(db, held=self._held, seconds=LEASE_SECONDS)
        counts = await repository.count_jobs(db) if self._held else []
        backlog = await repository.measure_backlog(db) if self._held else NOTHING
        # No await from here on: nobody reads half a sample.
        self.is_sampler.set(self._held is not None)
        self.jobs.clear()
        for row in counts:
            self.jobs.labels(row["kind"], row["status"]).set(row["count"])
        self.oldest.set(backlog["oldest_seconds"])
        self.retries.set(backlog["retrying"])
        return self._held is not None
