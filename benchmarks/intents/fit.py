"""Multinomial logistic regression on sparse features, in plain Python: the same weights for the same data and seed."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

COUNT: Final = 16


class Row(NamedTuple):
    """A message ready to fit: for each family the numbers of its known features and what each of them weighs."""

    features: list[tuple[int, float]]
    label: int
    weight: float


def vocabulary(families: Sequence[Sequence[str]], least: int) -> list[str]:
    """The names that occur in at least `least` messages, in a fixed order."""
    counts = Counter(name for family in families for name in set(family))
    return sorted(name for name, count in counts.items() if count >= least)


def fit(
    rows: list[Row], size: int, *, epochs: int, rate: float, decay: float, seed: int
) -> tuple[list[list[float]], list[float]]:
    """Weights (one row of 16 for each feature) and biases by AdaGrad, one message at a time.

    `decay` pulls the weights of the features seen towards zero by that share of each step.
    """
    rng = random.Random(seed)
    weights = [[0.0] * COUNT for _ in range(size)]
    squares = [1e-2] * size
    bias = [0.0] * COUNT
    order = list(range(len(rows)))
    for epoch in range(epochs):
        rng.shuffle(order)
        step = rate * (1.0 - 0.9 * epoch / epochs)
        for place in order:
            _learn(rows[place], weights, squares, bias, step, decay)
    return weights, bias


def _learn(
    row: Row, weights: list[list[float]], squares: list[float], bias: list[float], step: float, decay: float
) -> None:
    scores = bias
    for feature, value in row.features:
        scores = [score + value * weight for score, weight in zip(scores, weights[feature], strict=True)]
    top = max(scores)
    raised = [math.exp(score - top) for score in scores]
    total = sum(raised)
    gradient = [row.weight * value / total for value in raised]
    gradient[row.label] -= row.weight
    size = sum(g * g for g in gradient)
    if size < 1e-5:
        return
    for feature, value in row.features:
        squares[feature] += size * value * value
        pace = step * value / math.sqrt(squares[feature])
        keep = 1.0 - step * decay
        weights[feature] = [keep * weight - pace * g for weight, g in zip(weights[feature], gradient, strict=True)]
    for index, g in enumerate(gradient):
        bias[index] -= 0.05 * step * g
