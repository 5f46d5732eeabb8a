"""Ordinary sentences pass whole, hostile ones lose what they must not say."""

import pytest

from tests.turns.guard.corpora import Hostile, harmless, hostile, said, said_in


@pytest.mark.parametrize("text", harmless())
def test_ordinary_prose_passes_as_it_is(text: str) -> None:
    assert said(text) == (text, None)


@pytest.mark.parametrize("line", hostile(), ids=lambda line: line.text)
def test_what_nobody_confirmed_never_leaves(line: Hostile) -> None:
    released, violation = said(line.text)
    assert violation is not None
    assert line.harmless.startswith(released)


def test_the_corpora_are_large_enough_to_mean_something() -> None:
    assert len(harmless()) >= 150
    assert len(hostile()) >= 200


def test_letter_by_letter_is_the_same_as_whole() -> None:
    for text in [*harmless(), *(line.text for line in hostile())]:
        assert said_in(list(text)) == said(text), text


def test_one_sentence_does_not_spoil_the_next() -> None:
    paragraph = " ".join(harmless())
    assert said(paragraph) == (paragraph, None)


def test_nothing_is_said_after_a_violation() -> None:
    for line in hostile():
        released, _ = said(f"{line.text} And more words.")
        assert line.harmless.startswith(released)
