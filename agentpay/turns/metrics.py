"""Figures of turns and their tools in this process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentpay.turns.loop import Loop
from agentpay.turns.runner import Ended, Runner
from agentpay.turns.toolbox import Toolbox

WAITS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 15, 30, 120)


class TurnMetrics:
    """`watch` a process's runner, loop and toolbox. `provider` is who had the last word: a model's, or `template`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.turns = Counter(
            "agentpay_turns_total", "Turns that ended in this process", ("status", "reason"), registry=registry
        )
        self.seconds = Histogram(
            "agentpay_turn_seconds", "From a turn's start to its end", ("provider",), registry=registry, buckets=WAITS
        )
        self.first_word = Histogram(
            "agentpay_turn_first_word_seconds",
            "From a turn's start to the first word that its visitor could read",
            ("provider",),
            registry=registry,
            buckets=WAITS,
        )
        self.running = Gauge("agentpay_turns_running", "Turns running in this process", registry=registry)
        self.takeovers = Counter(
            "agentpay_turn_takeovers_total", "Turns that this process took over from a dead one", registry=registry
        )
        self.guard_stops = Counter(
            "agentpay_guard_stops_total", "Replies of models that the guard stopped", ("kind",), registry=registry
        )
        self.tool_calls = Counter(
            "agentpay_tool_calls_total", "Calls of tools: done, refused, failed", ("tool", "status"), registry=registry
        )
        self.tool_seconds = Histogram(
            "agentpay_tool_seconds",
            "How long calls of tools took",
            ("tool",),
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
        )

    def watch(self, runner: Runner, loop: Loop, toolbox: Toolbox) -> None:
        runner.on_end = self._ended
        runner.on_taken_over = self.takeovers.inc
        self.running.set_function(lambda: runner.running_count)
        loop.on_guard = lambda kind: self.guard_stops.labels(kind).inc()
        toolbox.on_call = self._used

    def _ended(self, turn: Ended) -> None:
        self.turns.labels(turn.status, turn.reason or "").inc()
        self.seconds.labels(turn.provider).observe(turn.seconds)
        if turn.first_word_seconds is not None:
            self.first_word.labels(turn.provider).observe(turn.first_word_seconds)

    def _used(self, tool: str, status: str, seconds: float) -> None:
        self.tool_calls.labels(tool, status).inc()
        self.tool_seconds.labels(tool).observe(seconds)
