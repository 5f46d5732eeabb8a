"""Figures of what conversations were told by this process: each event once, when its transaction has committed."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from agentpay.conversations.append import Appender
from agentpay.conversations.stream import Hub


class ConversationMetrics:
    """`watch` a process's appender and hub."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.streams = Gauge("agentpay_streams_open", "Event streams open in this process", registry=registry)
        self.events = Counter(
            "agentpay_conversation_events_total", "Events told to conversations", ("type",), registry=registry
        )
        self.offers = Counter(
            "agentpay_offers_total", "Offers by the status that they came to", ("status",), registry=registry
        )
        self.checkouts = Counter(
            "agentpay_checkouts_total", "Checkouts by the status that they came to", ("status",), registry=registry
        )
        self.sales = Counter(
            "agentpay_sales_minor_units_total",
            "Paid orders' totals, in minor units of their currency",
            ("currency",),
            registry=registry,
        )

    def watch(self, appender: Appender, hub: Hub) -> None:
        appender.on_event = self._told
        self.streams.set_function(lambda: hub.stream_count)

    def _told(self, type: str, data: Mapping[str, Any]) -> None:
        self.events.labels(type).inc()
        subject = type.partition(".")[0]
        if subject == "offer":
            self.offers.labels(data.get("status", "")).inc()
        elif subject == "checkout":
            self.checkouts.labels(data.get("status", "")).inc()
        elif type == "order.created":
            self.sales.labels(data.get("currency", "")).inc(max(data.get("total_amount", 0), 0))
