"""`python -m benchmarks.intents.train`: fit the linear model and write its weights into agentpay/understanding/data/.

Trains on the messages made from the templates and on data/train_*.jsonl; never on blind.jsonl. The same data gives the
same bytes. Takes some three minutes of one core, without any package but this one.
"""

import json
import math
import struct
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agentpay.understanding.features import Features
from agentpay.understanding.linear import INTENTS, parse
from benchmarks.intents.examples import Example, read
from benchmarks.intents.fit import COUNT, Row, fit, vocabulary
from benchmarks.intents.grammar import DATA, generate
from benchmarks.intents.reading import features_of
from benchmarks.intents.words import words_file

WEIGHTS: Final = Path(__file__).parents[2] / "agentpay" / "understanding" / "data" / "weights.bin"
WORDS: Final = WEIGHTS.with_name("words.txt")
SEED: Final = 11
ROUNDS: Final = 3
"""So many times the templates are sampled anew: what varies by chance averages out."""

LEAST: Final = (3, 5, 3)
"""Words, pieces and concepts that fewer messages have are left out."""

EPOCHS: Final = 4
RATE: Final = 0.5
DECAY: Final = 2e-4
WRITTEN_WEIGHT: Final = 2.0
"""A message written by a person counts as much as so many made from templates."""

WEIGHT_MAX: Final = 127
"""Weights are stored as bytes, 128 being zero."""

Weighted = tuple[Example, float]


def training_examples(rounds: int = ROUNDS) -> list[Weighted]:
    """Everything that may be trained on, with its weight."""
    made = [(example, 1.0) for turn in range(rounds) for example in generate(SEED + turn)]
    written = [(example, WRITTEN_WEIGHT) for path in sorted(DATA.glob("train_*.jsonl")) for example in read(path)]
    return made + written


def train(examples: Sequence[Weighted], *, least: Sequence[int] = LEAST, epochs: int = EPOCHS) -> bytes:
    """The resource with the fitted weights."""
    described = [features_of(example) for example, _ in examples]
    names = [vocabulary([features[family] for features in described], least[family]) for family in range(len(least))]
    rows = _rows(examples, described, names)
    weights, bias = fit(rows, sum(map(len, names)), epochs=epochs, rate=RATE, decay=DECAY, seed=SEED)
    return serialize(names, weights, bias)


def _rows(examples: Sequence[Weighted], described: Sequence[Features], names: list[list[str]]) -> list[Row]:
    places: list[dict[str, int]] = []
    size = 0
    for family in names:
        places.append({name: size + place for place, name in enumerate(family)})
        size += len(family)
    labels = {intent.value: place for place, intent in enumerate(INTENTS)}
    rows = []
    for features, (example, weight) in zip(described, examples, strict=True):
        found: list[tuple[int, float]] = []
        for family, table in zip(features, places, strict=True):
            numbers = sorted(table[name] for name in family if name in table)
            found += [(number, 1.0 / math.sqrt(len(numbers))) for number in numbers]
        rows.append(Row(found, labels[example.intent], weight))
    return rows


def serialize(names: list[list[str]], weights: list[list[float]], bias: list[float]) -> bytes:
    """Weights as bytes, each family with its own scale; `parse` in agentpay/understanding/linear.py reads them."""
    families, scales, blocks = [], [], []
    position = 0
    for family in names:
        rows = weights[position : position + len(family)]
        position += len(family)
        scale = max(abs(value) for row in rows for value in row) / WEIGHT_MAX
        packed = [WEIGHT_MAX + 1 + round(value / scale) for row in rows for value in row]
        block = "\n".join(family).encode()
        families.append((len(block), len(family)))
        scales.append(scale)
        blocks += [block, struct.pack(f"{len(family) * COUNT}B", *packed)]
    header = {"families": families, "scales": scales, "bias": [round(value, 6) for value in bias]}
    return zlib.compress(json.dumps(header).encode() + b"\n" + b"".join(blocks), 9)


def main() -> None:
    started = time.monotonic()
    WORDS.write_text(words_file(SEED), encoding="utf-8")
    examples = training_examples()
    resource = train(examples)
    WEIGHTS.write_bytes(resource)
    sizes = [len(table) for table in parse(resource).tables]
    seconds = time.monotonic() - started
    print(f"{len(examples)} messages, features {sizes}, {len(resource)} bytes, {seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
