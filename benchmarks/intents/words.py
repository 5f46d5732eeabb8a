"""The words that the training messages are written with, by language: for language detection and spelling correction."""

from collections import Counter
from typing import Final

from agentpay.understanding.text import clean, fold
from agentpay.understanding.tokens import tokenize
from benchmarks.intents.examples import Example, read
from benchmarks.intents.grammar import DATA, generate

WRITTEN_LEAST: Final = 2
"""A word that only one written message has may be a slip."""

DOMINANCE: Final = 6
"""So many times as often in one language as in the other makes a word that language's."""


def words_file(seed: int) -> str:
    """The text of data/words.txt: sections en, pt and both."""
    counts: dict[str, Counter[str]] = {"en": Counter(), "pt": Counter()}
    for example in generate(seed, rough=False):
        counts[example.language].update(_words(example))
    written: dict[str, Counter[str]] = {"en": Counter(), "pt": Counter()}
    for path in sorted(DATA.glob("train_*.jsonl")):
        for example in read(path):
            written[example.language].update(_words(example))
    seldom = {
        word for word in written["en"] | written["pt"] if written["en"][word] + written["pt"][word] < WRITTEN_LEAST
    }
    made = set(counts["en"]) | set(counts["pt"])
    for language, words in written.items():
        counts[language].update({word: count for word, count in words.items() if word not in seldom or word in made})
    sections: dict[str, list[str]] = {"en": [], "pt": [], "both": []}
    for word in sorted(set(counts["en"]) | set(counts["pt"])):
        english, portuguese = counts["en"][word], counts["pt"][word]
        name = "en" if english > DOMINANCE * portuguese else "pt" if portuguese > DOMINANCE * english else "both"
        sections[name].append(word)
    body = "\n".join(f"[{name}]\n" + "\n".join(words) for name, words in sections.items())
    return f"# Made by `python -m benchmarks.intents.train`.\n{body}\n"


def _words(example: Example) -> set[str]:
    return {word for word in tokenize(fold(clean(example.text))) if word.isalpha() and word.isascii()}
