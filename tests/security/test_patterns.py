"""No text makes a pattern of ours slow: for every regular expression, time grows in proportion up to 100 kB."""

import re
import time
from functools import cache

import pytest

from agentpay.understanding.classify import classify
from tests.security.patterns import ROOT, hurting, patterns, repeats

SIZES = (200, 3_000, 100_000)
WORST_MAX = 1  # texts that go on to the largest size
SECONDS_PER_CHARACTER = 4e-6
SECONDS_OF_NOISE = 0.015
SCANS = ("search", "sub", "subn", "split", "findall", "finditer")
# Patterns that scan, take longer than in proportion, and only ever see texts that our code has cut: to so many
# characters. At that length they must be quick all the same.
SHORT_TEXTS = {
    "agentpay.llm.template.reading._INSTEAD": 4_000,  # a visitor's message
    "agentpay.turns.guard.chunks._LEET_WORD": 400,  # one chunk of a reply
    "agentpay.understanding.places._LANGUAGE_LINK": 20,  # CUE_CHARACTERS
}
SHORT_SECONDS_MAX = 0.5


@cache
def used(place: str) -> frozenset[str]:
    """How the module uses its pattern; everything where that cannot be seen."""
    module, _, name = place.partition("#")[0].rpartition(".")
    path = ROOT.parent / (module.replace(".", "/") + ".py")
    calls = re.findall(rf"(?<!\w){re.escape(name)}\.(\w+)\(", path.read_text()) if path.is_file() else []
    found = frozenset(calls) & {*SCANS, "match", "fullmatch"}
    return found or frozenset({"search", "match", "fullmatch"})


def seconds(pattern: re.Pattern[str], text: str, methods: frozenset[str]) -> float:
    """CPU time, the best of three where the first was long: others use this machine, too."""
    best = 1e9
    for _ in range(3):
        began = time.process_time()
        for method in methods:
            getattr(pattern, "search" if method in SCANS else method)(text)
        best = min(best, time.process_time() - began)
        if best <= len(text) * SECONDS_PER_CHARACTER + SECONDS_OF_NOISE:
            break
    return best


def out_of_proportion(place: str, pattern: re.Pattern[str]) -> list[str]:
    """The first size at which it takes too long; only the texts that were worst are tried in the next size."""
    worst: list[int] | None = None
    for size in SIZES:
        texts = list(hurting(pattern, size))
        took = [
            (seconds(pattern, texts[at], used(place)), at) for at in (range(len(texts)) if worst is None else worst)
        ]
        took.sort(reverse=True)
        if took and took[0][0] > size * SECONDS_PER_CHARACTER + SECONDS_OF_NOISE:
            return [f"{place}: {took[0][0]:.3f} s for {size} characters like {texts[took[0][1]][:30]!r}"]
        if size > SIZES[0]:
            worst = [at for _, at in took[:WORST_MAX]]
    return []


@pytest.mark.timeout(120)
def test_every_pattern_takes_time_in_proportion() -> None:
    slow, seen = [], 0
    for place, pattern in patterns().items():
        if repeats(pattern) and place.partition("#")[0] not in SHORT_TEXTS:
            seen += 1
            slow += out_of_proportion(place, pattern)
    assert not slow, "\n".join(slow)
    assert seen > 80


@pytest.mark.parametrize("place", SHORT_TEXTS)
def test_what_sees_short_texts_only_is_quick_with_them(place: str) -> None:
    (pattern,) = [each for name, each in patterns().items() if name.partition("#")[0] == place]
    for text in hurting(pattern, SHORT_TEXTS[place]):
        assert seconds(pattern, text, used(place)) < SHORT_SECONDS_MAX


@pytest.mark.parametrize(
    "text",
    [
        "2 please" + "!" * 3_990 + "x",
        "a " * 2_000,
        "instead " * 500,
        "7" * 4_000,
        "(" * 4_000,
        "is " * 1_333,
        "$1,1" * 1_000,
    ],
)
def test_no_message_takes_long_to_understand(text: str) -> None:
    began = time.process_time()
    classify(text)
    assert time.process_time() - began < 1
