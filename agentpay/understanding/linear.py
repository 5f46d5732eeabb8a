"""The linear model at run time: whole weights of the features it knows, added up.

The resource data/weights.bin (made by `python -m benchmarks.intents.train`) is zlib of a JSON header line, then for
each family of features their names, one a line, and one byte (weight + 128) for each feature and intent.
"""

import json
import math
import struct
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
_STEP: Final = _COUNT * _LANE_BYTES
_LANES: Final = f"<{_COUNT}I"


class Model(NamedTuple):
    """`tables`: feature to its place in `lanes`, where 4 bytes (weight + 128) stand for each intent."""

    tables: tuple[dict[str, int], ...]
    lanes: bytes
    scales: tuple[float, ...]
    bias: tuple[float, ...]


@cache
def model() -> Model:
    """The weights, read once: some 40 ms."""
    return parse(read_bytes("weights.bin"))


def parse(resource: bytes) -> Model:
    """A model from the bytes that `serialize` in benchmarks/intents/train.py made."""
    raw = zlib.decompress(resource)
    end = raw.index(b"\n")
    header = json.loads(raw[:end])
    tables, blocks = [], []
    position, place = end + 1, 0
    for names_size, count in header["families"]:
        names = raw[position : position + names_size].decode().split("\n")
        position += names_size
        blocks.append(raw[position : position + count * _COUNT])
        position += count * _COUNT
        tables.append(dict(zip(names, range(place, place + count * _STEP, _STEP), strict=True)))
        place += count * _STEP
    lanes = bytearray(place)
    lanes[::_LANE_BYTES] = b"".join(blocks)
    return Model(tuple(tables), bytes(lanes), tuple(header["scales"]), tuple(header["bias"]))


def chances(features: Features, weights: Model) -> list[float]:
    """The chance of each intent, in the order of INTENTS; they sum to 1.

    Each family's sum is divided by the root of its size. The chances come out true on templates that the model never
    saw (`python -m benchmarks.intents.crossvalidate`), so nothing softens them.
    """
    scores = list(weights.bias)
    lanes, read, unpack = weights.lanes, int.from_bytes, struct.unpack
    for family, table, scale in zip(features, weights.tables, weights.scales, strict=True):
        found = [spot for name in family if (spot := table.get(name)) is not None]
        if not found:
            continue
        factor = scale / math.sqrt(len(found))
        # One big integer holds the 16 intents side by side: adding it adds them all at once.
        total = sum([read(lanes[spot : spot + _STEP], "little") for spot in found])
        offset = _BIAS * len(found)
        for index, lane in enumerate(unpack(_LANES, total.to_bytes(_STEP, "little"))):
            scores[index] += (lane - offset) * factor
    top = max(scores)
    raised = [math.exp(score - top) for score in scores]
    whole = sum(raised)
    return [value / whole for value in raised]
