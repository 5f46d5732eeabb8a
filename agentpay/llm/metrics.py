"""Figures of questions to models in this process. No label names a model: merchants write those names themselves."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentpay.llm.chain import Called, Chain


class ModelMetrics:
    """`watch` a process's chain."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "agentpay_model_calls_total", "Questions to models", ("provider", "outcome"), registry=registry
        )
        self.first_word = Histogram(
            "agentpay_model_first_word_seconds",
            "From a question to a model's first word",
            ("provider",),
            registry=registry,
            buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 15),
        )
        self.tokens = Counter(
            "agentpay_model_tokens_total",
            "Tokens by what became of them: cache_read over input + cache_read + cache_write is the cache's hit rate",
            ("provider", "kind"),
            registry=registry,
        )
        self.cost = Counter(
            "agentpay_model_cost_micro_usd_total",
            "What tokens cost by the public price lists, in millionths of a dollar",
            ("provider",),
            registry=registry,
        )
        self.breakers = Gauge(
            "agentpay_model_breaker_open", "1 while a provider is not asked", ("provider",), registry=registry
        )

    def watch(self, chain: Chain) -> None:
        chain.on_call = self.called
        for provider in chain.states():
            self.breakers.labels(provider).set_function(partial(_is_open, chain, provider))

    def called(self, call: Called) -> None:
        self.calls.labels(call.provider, call.outcome).inc()
        if call.first_seconds is not None:
            self.first_word.labels(call.provider).observe(call.first_seconds)
        for kind, tokens in (
            ("input", call.usage.input_tokens),
            ("output", call.usage.output_tokens),
            ("cache_read", call.usage.cache_read_tokens),
            ("cache_write", call.usage.cache_write_tokens),
        ):
            if tokens:
                self.tokens.labels(call.provider, kind).inc(tokens)
        if call.micros:
            self.cost.labels(call.provider).inc(call.micros)


def _is_open(chain: Chain, provider: str) -> float:
    return 1.0 if chain.states().get(provider) == "open" else 0.0
