"""Ordinary sentences pass whole, hostile ones lose what they must not say."""

from tests.turns.guard.corpora import Hostile, harmless, hostile, said, said_in


def is_stopped(line: Hostile, text: str) -> bool:
    """Whether something was found, and nothing let go from the forbidden part on."""
    released, violation = said(text)
    return violation is not None and line.harmless.startswith(released)


def test_ordinary_prose_passes_as_it_is() -> None:
    assert [text for text in harmless() if said(text) != (text, None)] == []


def test_what_nobody_confirmed_never_leaves() -> None:
    assert [line.text for line in hostile() if not is_stopped(line, line.text)] == []


def test_the_corpora_are_large_enough_to_mean_something() -> None:
    assert len(harmless()) >= 450
    assert len(hostile()) >= 650


def test_letter_by_letter_is_the_same_as_whole() -> None:
    for text in [*harmless(), *(line.text for line in hostile())]:
        assert said_in(list(text)) == said(text), text


def test_one_sentence_does_not_spoil_the_next() -> None:
    paragraph = " ".join(harmless())
    assert said(paragraph) == (paragraph, None)


def test_words_that_follow_save_nothing() -> None:
    assert [line.text for line in hostile() if not is_stopped(line, f"{line.text} And more words.")] == []
