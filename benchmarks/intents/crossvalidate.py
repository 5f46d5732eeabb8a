"""`python -m benchmarks.intents.crossvalidate`: how well the model does on templates that it never saw, and how sure it is.

Five times a fifth of the templates (and of the written messages) is left out, the model is fitted on the rest and asked
about that fifth. Harder than life: whole ways of saying something are missing. What comes out are the honest chances;
agentpay/understanding states them without softening because they match. Some five minutes of one core.
"""

import hashlib
from collections import Counter
from typing import Final

from agentpay.understanding.linear import INTENTS, chances, parse
from benchmarks.intents.examples import Example
from benchmarks.intents.reading import features_of
from benchmarks.intents.train import Weighted, train, training_examples

FOLDS: Final = 5
ROUNDS: Final = 1
LEAST: Final = (2, 3, 2)
EPOCHS: Final = 8
BINS: Final = 10


def fold_of(example: Example) -> int:
    """The same for all messages of a template."""
    source = f"{example.language} {example.template or example.text}"
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % FOLDS


def left_out(examples: list[Weighted]) -> list[tuple[float, bool]]:
    """Stated chance and whether right, for every message, from the model that did not see its template."""
    stated: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        kept = [pair for pair in examples if fold_of(pair[0]) != fold]
        weights = parse(train(kept, least=LEAST, epochs=EPOCHS))
        for example, _ in examples:
            if fold_of(example) == fold:
                likely = chances(features_of(example), weights)
                best = max(likely)
                stated.append((best, INTENTS[likely.index(best)] == example.intent))
    return stated


def main() -> None:
    stated = left_out(training_examples(ROUNDS))
    right = sum(correct for _, correct in stated) / len(stated)
    print(f"unseen templates: {right:.2%} of {len(stated)} messages\n\nconfidence   messages  stated   right")
    totals: Counter[int] = Counter(min(int(chance * BINS), BINS - 1) for chance, _ in stated)
    error = 0.0
    for place in sorted(totals):
        members = [pair for pair in stated if min(int(pair[0] * BINS), BINS - 1) == place]
        mean = sum(chance for chance, _ in members) / len(members)
        share = sum(correct for _, correct in members) / len(members)
        error += len(members) / len(stated) * abs(mean - share)
        print(f"{place / BINS:.1f} - {(place + 1) / BINS:.1f}  {len(members):9}  {mean:6.1%}  {share:6.1%}")
    print(f"expected calibration error {error:.1%}")


if __name__ == "__main__":
    main()
