"""The words that the training messages are written with: spelt right, for the spelling correction to know."""

from collections import Counter
from typing import Final

from agentpay.understanding.text import clean, fold
from agentpay.understanding.tokens import tokenize
from benchmarks.intents.examples import read
from benchmarks.intents.grammar import DATA, generate

WRITTEN_LEAST: Final = 2
"""A word that only one written message has may be a slip."""


def known_words(seed: int) -> list[str]:
    """Words of the templates, and of the written messages where at least two have them."""
    made = {token for example in generate(seed, rough=False) for token in tokenize(fold(clean(example.text)))}
    written: Counter[str] = Counter()
    for path in sorted(DATA.glob("train_*.jsonl")):
        for example in read(path):
            written.update(set(tokenize(fold(clean(example.text)))))
    made.update(word for word, count in written.items() if count >= WRITTEN_LEAST)
    return sorted(word for word in made if word.isalpha() and word.isascii())
