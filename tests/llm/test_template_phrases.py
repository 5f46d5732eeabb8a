"""The books of phrases: complete, without figures, and understood by our own reading of them."""

import re
from string import Formatter

import pytest

from agentpay.llm.template import phrases, reading
from agentpay.llm.template.reading import Asked

TONES = ("friendly", "professional", "casual")
SINGLE = re.compile(r"^(reply_|and$|or$)")
"""Keys that have one wording: the visitor's own short answers, conjunctions."""


def variants(language: str, key: str) -> list[tuple[tuple[str, ...], str]]:
    """Of each variant: the tones that it is bound to (all when to none) and its words."""
    split = [variant.rpartition("|") for variant in phrases.book(language)[key]]
    return [(tuple(tones.split(",")) if tones else TONES, words) for tones, _, words in split]


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_no_phrase_holds_a_digit(language: str) -> None:
    spoken = [words for key in phrases.book(language) for _, words in variants(language, key)]
    assert [words for words in spoken if re.search(r"\d", words)] == []


def test_each_language_has_the_same_keys_in_the_same_order() -> None:
    assert list(phrases.book("en")) == list(phrases.book("pt"))


@pytest.mark.parametrize("key", phrases.book("en"))
def test_a_key_takes_the_same_facts_in_both_languages(key: str) -> None:
    taken = {
        language: set().union(*(fields(words) for _, words in variants(language, key))) for language in ("en", "pt")
    }
    assert taken["en"] == taken["pt"]


@pytest.mark.parametrize("language", phrases.LANGUAGES)
@pytest.mark.parametrize("tone", TONES)
def test_every_tone_has_two_ways_to_say_a_thing(language: str, tone: str) -> None:
    few = [
        key
        for key in phrases.book(language)
        if not SINGLE.match(key) and len({words for tones, words in variants(language, key) if tone in tones}) < 2
    ]
    assert few == []


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_a_professional_agent_does_not_shout(language: str) -> None:
    loud = [key for key in phrases.book(language) for tones, words in variants(language, key)
            if "professional" in tones and "!" in words]  # fmt: skip
    assert loud == []


QUESTIONS: tuple[tuple[str, Asked], ...] = (
    ("ask_open_checkout", "purchase"),
    ("ask_take_it", "purchase"),
    ("ask_take_free", "purchase"),
    ("ask_without_code", "purchase"),
    ("ask_amount", "amount"),
    ("ask_country", "country"),
    ("offer_person", "person"),
    ("hint_price", "price"),
    ("ask_new_price", "price"),
    ("ask_show_others", "others"),
    ("ask_one_of_these", "which"),
    ("ask_which_one", "which"),
    ("anything_else", "more"),
)


@pytest.mark.parametrize("language", phrases.LANGUAGES)
@pytest.mark.parametrize(("key", "asked"), QUESTIONS)
def test_what_we_ask_is_understood_when_the_visitor_says_yes(language: str, key: str, asked: Asked) -> None:
    for _, words in variants(language, key):
        text = "Lavender Candle costs $95.00. " + words.format(product="Lavender Candle")
        assert reading.find_asked(text) == asked, words


NEUTRAL = ("anything_else", "ask_wish", "ask_what_else", "ask_doubt", "ask_show_others", "ask_which_one", "ask_away")


@pytest.mark.parametrize("language", phrases.LANGUAGES)
@pytest.mark.parametrize("key", NEUTRAL)
def test_a_question_without_an_offer_is_not_taken_for_one(language: str, key: str) -> None:
    for _, words in variants(language, key):
        assert reading.find_asked(words) not in {"purchase", "price", "person", "amount"}, words


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_only_a_yes_is_a_short_answer_of_agreement(language: str) -> None:
    agreeing = ("reply_open", "reply_accept", "reply_person")
    for key in phrases.book(language):
        if key.startswith("reply_"):
            (words,) = phrases.book(language)[key]
            assert reading.says_yes(words) == (key in agreeing), words


def test_an_unknown_language_speaks_english() -> None:
    assert phrases.book("de") == phrases.book("en")
