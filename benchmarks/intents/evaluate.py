"""`python -m benchmarks.intents.evaluate [set …]`: accuracy, confusion matrix, entities, calibration and speed.

Sets are the .jsonl files of data/ (all of them without arguments). Nothing of blind.jsonl was ever trained or tuned on.
"""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from agentpay.understanding.classify import CONFIDENCE_THRESHOLD, Understanding, classify
from agentpay.understanding.intents import Intent
from benchmarks.intents.examples import Example, read
from benchmarks.intents.grammar import DATA

ABBREVIATIONS: Final = {
    Intent.GREETING: "gree", Intent.PRODUCT_QUERY: "prod", Intent.PURCHASE_INTENT: "purc", Intent.PRICE_NEGOTIATION: "nego",
    Intent.HESITATION: "hesi", Intent.CHECKOUT_READY: "chec", Intent.PAYMENT_QUERY: "payq", Intent.PAYMENT_CONFIRMATION: "payc",
    Intent.PAYMENT_ISSUE: "payi", Intent.ORDER_STATUS: "orde", Intent.REFUND_REQUEST: "refu", Intent.RETURN_REQUEST: "retu",
    Intent.SHIPPING_QUESTION: "ship", Intent.SUPPORT_REQUEST: "supp", Intent.HUMAN_REQUEST: "huma", Intent.GENERAL_QUESTION: "gene",
}  # fmt: skip
BINS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)


WARMING: Final = (
    "hello, do you have 3 lavender candles for less than $50, and do you ship to Germany in german?",
    "oi, aceita 20% de desconto com o cupom VELA10 no pedido #A-1029? meu email é sam@example.com",
)


class Result(NamedTuple):
    """An example and what the code makes of it."""

    example: Example
    understood: Understanding

    @property
    def right(self) -> bool:
        """Whether the intent is the labelled one."""
        return self.understood.intent == self.example.intent


def understand(examples: Sequence[Example]) -> list[Result]:
    """Every example read by the running code."""
    return [
        Result(example, classify(example.text, prev_agent_action=example.action, prev_agent_text=example.words))
        for example in examples
    ]


def accuracy(results: Sequence[Result]) -> float:
    """The share of right intents."""
    return sum(result.right for result in results) / len(results)


def confusion(results: Sequence[Result]) -> str:
    """Rows are the labels, columns what was understood."""
    counts = Counter((result.example.intent, result.understood.intent) for result in results)
    lines = ["label \\ got           " + " ".join(ABBREVIATIONS[intent] for intent in Intent) + "   recall"]
    for label in Intent:
        row = [counts[label, got] for got in Intent]
        recall = counts[label, label] / sum(row) if sum(row) else 0.0
        lines.append(f"{label:21} " + " ".join(f"{n:4}" if n else "   ." for n in row) + f"   {recall:6.1%}")
    got_totals = [sum(counts[label, got] for label in Intent) for got in Intent]
    precision = [counts[got, got] / total if total else 0.0 for got, total in zip(Intent, got_totals, strict=True)]
    lines.append("precision (%)         " + " ".join(f"{round(100 * p):4}" for p in precision))
    return "\n".join(lines)


def entity_scores(results: Sequence[Result]) -> str:
    """Precision and recall of each entity, spelling and case of names apart, and how many messages are wholly right."""
    hits: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    exact = 0
    for example, understood in results:
        got = {name: value for name, value in msgspec.structs.asdict(understood.entities).items() if value is not None}
        wanted = example.entities or {}
        same = {name for name in got.keys() & wanted.keys() if _plain(got[name]) == _plain(wanted[name])}
        exact += same == got.keys() == wanted.keys()
        hits.update(same)
        wrong.update(got.keys() - same)
        missed.update(wanted.keys() - same)
    lines = [f"all entities of a message right: {exact / len(results):.1%}"]
    for name in sorted(hits.keys() | wrong.keys() | missed.keys()):
        precision = hits[name] / max(1, hits[name] + wrong[name])
        recall = hits[name] / max(1, hits[name] + missed[name])
        lines.append(
            f"{name:17} precision {precision:6.1%}  recall {recall:6.1%}  ({hits[name] + missed[name]} labelled)"
        )
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def reliability(results: Sequence[Result]) -> str:
    """Stated confidence against the share that is right, and the expected calibration error."""
    bins: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        bins[sum(result.understood.confidence >= edge for edge in BINS[1:])].append(result)
    lines, error = ["confidence     messages  stated   right"], 0.0
    for place in sorted(bins):
        members = bins[place]
        stated = sum(result.understood.confidence for result in members) / len(members)
        right = accuracy(members)
        error += len(members) / len(results) * abs(stated - right)
        lines.append(
            f"{BINS[place]:.2f} - {min(BINS[place + 1], 1.0):.2f}  {len(members):8}  {stated:6.1%}  {right:6.1%}"
        )
    sure = [result for result in results if result.understood.confidence >= CONFIDENCE_THRESHOLD]
    lines.append(f"expected calibration error {error:.1%}; at or above the threshold {CONFIDENCE_THRESHOLD}: "
                 f"{len(sure) / len(results):.1%} of messages, {accuracy(sure):.1%} right")  # fmt: skip
    return "\n".join(lines)


def load_milliseconds() -> float:
    """What the first message of a process waits for: word lists, patterns and weights are read when first needed.

    Measured in this process, so only its first call tells it; `WARMING` is long enough to need all of them.
    """
    started = time.perf_counter()
    for text in WARMING:
        classify(text, prev_agent_action="show_product", prev_agent_text="It costs $20.00. Would you like to order it?")
    return (time.perf_counter() - started) * 1e3


def microseconds(examples: Sequence[Example], *, rounds: int = 3) -> tuple[float, float]:
    """Mean and 99th percentile of one message's time over some rounds. Everything is loaded by then."""
    times: list[float] = []
    for _ in range(rounds):
        for example in examples:
            started = time.perf_counter()
            classify(example.text, prev_agent_action=example.action, prev_agent_text=example.words)
            times.append(time.perf_counter() - started)
    ranked = sorted(times)
    return sum(times) / len(times) * 1e6, ranked[int(len(ranked) * 0.99)] * 1e6


def main() -> None:
    print(f"load once: {load_milliseconds():.0f} ms\n")
    names = sys.argv[1:] or [path.stem for path in sorted(DATA.glob("*.jsonl"))]
    for name in names:
        results = understand(list(read(DATA / f"{name}.jsonl")))
        languages = Counter(result.understood.language == result.example.language for result in results)
        print(f"=== {name}: {len(results)} messages, intent accuracy {accuracy(results):.2%}, "
              f"language {languages[True] / len(results):.2%}\n")  # fmt: skip
        for part in ("en", "pt"):
            members = [result for result in results if result.example.language == part]
            if members:
                print(f"{part}: {accuracy(members):.2%} of {len(members)}")
        print(f"\n{confusion(results)}\n\n{entity_scores(results)}\n\n{reliability(results)}\n")
        mean, worst = microseconds([result.example for result in results])
        print(f"per message: {mean / 1e3:.2f} ms, 99th percentile {worst / 1e3:.2f} ms\n")


if __name__ == "__main__":
    main()
