"""`python -m benchmarks.intents.train`: fit the linear model and write agentpay/understanding/data/weights.bin.

Trains on the messages of the grammars and on data/train_*.jsonl; never on blind.jsonl. The same data gives the same bytes.
"""

import json
import math
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Final

from agentpay.understanding.linear import INTENTS, Model, parse
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

EPOCHS: Final = 3
RATE: Final = 1.0
DECAY: Final = 2e-4
FAMILY_SCALES: Final = (1.0, 1.0, 1.5)
"""Concepts count more: they are what new messages share with these."""

WRITTEN_WEIGHT: Final = 2.0
"""A message written by a person counts as much as so many made from templates."""


def training_examples() -> list[tuple[Example, float]]:
    """Everything that may be trained on, with its weight."""
    made = [(example, 1.0) for turn in range(ROUNDS) for example in generate(SEED + turn)]
    written = [(example, WRITTEN_WEIGHT) for path in sorted(DATA.glob("train_*.jsonl")) for example in read(path)]
    return made + written


def train(examples: list[tuple[Example, float]], *, epochs: int = EPOCHS) -> bytes:
    """The resource with the fitted weights."""
    described = [features_of(example) for example, _ in examples]
    names = [vocabulary([features[family] for features in described], LEAST[family]) for family in range(3)]
    places: list[dict[str, int]] = []
    size = 0
    for family in names:
        places.append({name: size + i for i, name in enumerate(family)})
        size += len(family)
    rows = []
    labels = {intent.value: place for place, intent in enumerate(INTENTS)}
    for features, (example, weight) in zip(described, examples, strict=True):
        found: list[tuple[int, float]] = []
        for family, table, scale in zip(features, places, FAMILY_SCALES, strict=True):
            numbers = sorted(table[name] for name in family if name in table)
            found += [(number, scale / math.sqrt(len(numbers))) for number in numbers]
        rows.append(Row(found, labels[example.intent], weight))
    weights, bias = fit(rows, size, epochs=epochs, rate=RATE, decay=DECAY, seed=SEED)
    return serialize(names, weights, bias)


def serialize(names: list[list[str]], weights: list[list[float]], bias: list[float]) -> bytes:
    """Weights as signed bytes, each family with its own scale."""
    families, scales, blocks = [], [], []
    position = 0
    for family, family_scale in zip(names, FAMILY_SCALES, strict=True):
        rows = weights[position : position + len(family)]
        position += len(family)
        top = max((abs(value) for row in rows for value in row), default=1.0) or 1.0
        scale = top / 127
        block = "\n".join(family).encode()
        families.append((len(block), len(family)))
        scales.append(scale * family_scale)
        blocks += [
            block,
            struct.pack(f"{len(family) * COUNT}B", *(128 + round(v / scale) for row in rows for v in row)),
        ]
    header = {"families": families, "scales": scales, "bias": [round(b, 6) for b in bias], "temperature": [1.0, 0.0]}
    return zlib.compress(json.dumps(header).encode() + b"\n" + b"".join(blocks), 9)


def main() -> None:
    started = time.monotonic()
    WORDS.write_text(words_file(SEED), encoding="utf-8")
    examples = training_examples()
    resource = train(examples)
    WEIGHTS.write_bytes(resource)
    model: Model = parse(resource)
    sizes = [len(table) for table in model.tables]
    print(
        f"{len(examples)} messages, features {sizes}, {len(resource)} bytes, {time.monotonic() - started:.0f} s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
