"""The linear model at run time: small whole weights for known features, added up. No dependency, no floats but the last step.

The resource data/weights.bin (made by `python -m benchmarks.intents.train`): zlib of a JSON header line, the names of the
features of each family, one a line, then one signed byte for each feature and intent.
"""

import json
import math
import zlib
from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.features import Features
from agentpay.understanding.intents import Intent
from agentpay.understanding.resources import read_bytes

INTENTS: Final = tuple(Intent)
_COUNT: Final = len(INTENTS)
_BIAS: Final = 128
_LANE_BYTES: Final = 4


class Model(NamedTuple):
    """`tables`: feature to one integer that holds a 4-byte lane (weight + 128) for each intent."""

    tables: tuple[dict[str, int], ...]
    scales: tuple[float, ...]
    bias: tuple[float, ...]
    temperature: tuple[float, float]


@cache
def model() -> Model:
    """The weights, read once: about 20 ms."""
    return parse(read_bytes("weights.bin"))


def parse(resource: bytes) -> Model:
    """A model from the bytes that `serialize` in benchmarks/intents/train.py made."""
    raw = zlib.decompress(resource)
    end = raw.index(b"\n")
    header = json.loads(raw[:end])
    tables = []
    position = end + 1
    for names_size, count in header["families"]:
        names = raw[position : position + names_size].decode().split("\n")
        position += names_size
        lanes = bytearray(count * _COUNT * _LANE_BYTES)
        lanes[::_LANE_BYTES] = bytes(raw[position : position + count * _COUNT])
        position += count * _COUNT
        step = _COUNT * _LANE_BYTES
        tables.append(
            {name: int.from_bytes(lanes[i * step : (i + 1) * step], "little") for i, name in enumerate(names)}
        )
    return Model(tuple(tables), tuple(header["scales"]), tuple(header["bias"]), tuple(header["temperature"]))


class Scores(NamedTuple):
    """The score of each intent, in the order of INTENTS, and the share of the message's words that the model knows."""

    values: list[float]
    known: float


def score(features: Features, weights: Model) -> Scores:
    """The scores of a message."""
    values = list(weights.bias)
    known = 0.0
    for place, (family, table, scale) in enumerate(zip(features, weights.tables, weights.scales, strict=True)):
        lanes = [lane for name in family if (lane := table.get(name)) is not None]
        if not lanes:
            continue
        if place == 0:
            known = len(lanes) / len(family)
        factor = scale / math.sqrt(len(lanes))
        total = sum(lanes).to_bytes(_COUNT * _LANE_BYTES, "little")
        offset = _BIAS * len(lanes)
        for index in range(_COUNT):
            lane = int.from_bytes(total[index * _LANE_BYTES : (index + 1) * _LANE_BYTES], "little")
            values[index] += (lane - offset) * factor
    return Scores(values, known)


def probabilities(scores: Scores, weights: Model) -> list[float]:
    """Scores as chances, softened so that they are true on messages that the model never saw."""
    base, unknown = weights.temperature
    heat = base + unknown * (1.0 - scores.known)
    top = max(scores.values)
    raised = [math.exp((value - top) / heat) for value in scores.values]
    total = sum(raised)
    return [value / total for value in raised]
