"""Messages made from the hand-written templates in data/: varied, noisy, always the same for the same seed."""

import math
import random
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks.intents.examples import Example
from benchmarks.intents.noise import roughen

DATA: Final = Path(__file__).parent / "data"
SAMPLES_MAX: Final = 12
STRAY_CONTEXT_SHARE: Final = 0.15
"""So many of the longer messages follow agent's words that have nothing to do with them: they must not matter."""

STORIES_EACH: Final = 5
ACTION_LOST_SHARE: Final = 0.25
WORDS_LOST_SHARE: Final = 0.08
_TELLING_ACTIONS: Final = frozenset(
    {"calculate_offer", "request_approval", "quote_shipping", "check_order", "escalate"}
)

_PART: Final = re.compile(r"\(([^()]*)\)|\{([a-z]+)\}")


def generate(seed: int, *, rough: bool = True) -> Iterator[Example]:
    """Every template of both languages, sampled a few times each (more where it has more forms), and stories."""
    rng = random.Random(seed)
    contexts = _sections(DATA / "contexts.txt")
    slots = {
        name: [word.strip() for line in lines for word in line.split(",")]
        for name, lines in _sections(DATA / "slots.txt").items()
    }
    for example in _everything(rng, contexts, slots):
        text = roughen(example.text, example.intent, example.language, rng) if rough else example.text
        yield _half_known(example._replace(text=text), rng)


def _everything(rng: random.Random, contexts: dict[str, list[str]], slots: dict[str, list[str]]) -> Iterator[Example]:
    for name, language in product(("grammar", "sayings"), ("en", "pt")):
        for intent, lines in _sections(DATA / f"{name}_{language}.txt").items():
            for line in lines:
                yield from _samples(line, intent, language, rng, contexts, slots)
    stories = _sections(DATA / "stories.txt")
    for heading, asks in stories.items():
        kind, *what = heading.split()
        if kind == "ask":
            intent, language = what
            for ask in asks:
                for story in rng.sample(stories[f"story {language}"], STORIES_EACH):
                    text = _fill(f"{story} {ask}", language, rng, slots)
                    yield Example(text, intent, language, template=ask)


def _half_known(example: Example, rng: random.Random) -> Example:
    """Sometimes only the words are known, or, where that says enough, only the action."""
    if example.action and example.words:
        draw = rng.random()
        if draw < ACTION_LOST_SHARE:
            return example._replace(action=None)
        if draw > 1 - WORDS_LOST_SHARE and example.action in _TELLING_ACTIONS:
            return example._replace(words=None)
    return example


def _samples(
    line: str,
    intent: str,
    language: str,
    rng: random.Random,
    contexts: dict[str, list[str]],
    slots: dict[str, list[str]],
) -> Iterator[Example]:
    section, template = "", line
    if line.startswith("~"):
        section, _, template = line[1:].partition(" ")
    forms = _forms(template)
    wanted = max(1, min(SAMPLES_MAX, round(1.6 * math.log2(forms + 1))))
    if section:
        wanted = min(forms, 2 * SAMPLES_MAX + SAMPLES_MAX)
    seen: set[str] = set()
    for _ in range(wanted):
        text = _fill(template, language, rng, slots)
        if text in seen or not text:
            continue
        seen.add(text)
        stray = not section and len(text.split()) > 3 and rng.random() < STRAY_CONTEXT_SHARE
        source = (
            contexts[f"{section} {language}"] if section else _any_context(contexts, language, rng) if stray else []
        )
        action, _, words = rng.choice(source).partition("|") if source else ("", "", "")
        yield Example(text, intent, language, action.strip() or None, words.strip() or None, template=line)


def _any_context(contexts: dict[str, list[str]], language: str, rng: random.Random) -> list[str]:
    return contexts[rng.choice(sorted(name for name in contexts if name.endswith(f" {language}")))]


def _forms(template: str) -> int:
    forms = 1
    for match in _PART.finditer(template):
        forms *= len(set(match[1].split("|"))) if match[1] is not None else 6
    return forms


def _fill(template: str, language: str, rng: random.Random, slots: dict[str, list[str]]) -> str:
    def choose(match: re.Match[str]) -> str:
        if match[1] is not None:
            return rng.choice(match[1].split("|"))
        return rng.choice(slots[f"{match[2]} {language}"])

    text = template
    while (filled := _PART.sub(choose, text)) != text:
        text = filled
    return " ".join(text.split()).replace(" ,", ",").replace(" ?", "?").replace(" !", "!")


def _sections(path: Path) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            lines = sections.setdefault(line[1:-1], [])
        else:
            lines.append(line)
    return sections
