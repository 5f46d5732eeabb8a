"""What holds for any text, however it is cut, and for amounts in any spelling."""

import itertools
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentpay.kit.money import format_amount
from agentpay.llm.template import phrases
from agentpay.turns.guard.known import Known
from tests.turns.guard import spellings
from tests.turns.guard.corpora import KNOWN, harmless, hostile, said, said_in

EVERYDAY = sorted({word for text in [*harmless(), *(line.text for line in hostile())] for word in text.split(" ")})
FRAGMENTS = [
    "<",
    ">",
    "<b>",
    "</",
    "$",
    "90",
    "9",
    "0",
    ".",
    ",",
    "%",
    "R$",
    " ",
    "\n",
    "\u200b",
    "](",
    "&#57;",
    "漢",
    "\r",
]
TEXTS = st.lists(st.one_of(st.sampled_from(EVERYDAY), st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=12)


@given(words=TEXTS, spaced=st.booleans(), data=st.data())
@example(words=["<<b>script>", "\r\n", "9\u200b0", "dollars"], spaced=True, data=None)
@settings(max_examples=200, deadline=None)
def test_where_a_text_is_cut_changes_nothing(words: list[str], spaced: bool, data: st.DataObject | None) -> None:
    text = (" " if spaced else "").join(words)
    length = len(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, length), max_size=8))) if data else range(length)
    bounds = [0, *cuts, length]
    pieces = [text[start:end] for start, end in itertools.pairwise(bounds)]
    assert said_in(pieces) == said(text)


@given(words=TEXTS)
@settings(max_examples=100, deadline=None)
def test_no_tag_and_no_hidden_character_leaves(words: list[str]) -> None:
    released, _ = said("".join(words))
    assert not any(f"<{letter}" in released for letter in "bsiaBSIA/!?")
    assert "\u200b" not in released


@given(spelled=spellings.amounts(), sentence=st.sampled_from(spellings.SENTENCES))
@settings(max_examples=200, deadline=None)
def test_no_spelling_of_an_unknown_amount_leaves(spelled: spellings.Spelled, sentence: str) -> None:
    before, _, after = sentence.partition("{}")
    released, violation = said(f"{before}{spelled.text}{after}", Known(amounts=frozenset({("usd", 9_999_901)})))
    assert violation is not None
    assert before.startswith(released)


@given(spelled=spellings.amounts(), sentence=st.sampled_from(spellings.SENTENCES))
@settings(max_examples=200, deadline=None)
def test_every_spelling_of_a_known_amount_passes(spelled: spellings.Spelled, sentence: str) -> None:
    text = sentence.replace("{}", spelled.text)
    known = Known(amounts=frozenset({(spelled.currency, spelled.amount)}))
    assert said(text, known) == (spellings.cleaned(text), None)


@given(
    amount=st.integers(0, 99_999_999),
    currency=st.sampled_from(["usd", "eur", "gbp", "brl", "jpy", "cad", "pln", "inr", "krw", "sek"]),
    language=st.sampled_from(["en", "pt"]),
)
@settings(deadline=None)
def test_our_own_formatting_is_read_as_it_was_meant(amount: int, currency: str, language: spellings.Language) -> None:
    text = f"It costs {format_amount(amount, currency, language=language)} now."
    assert said(text, Known(amounts=frozenset({(currency, amount)}))) == (text, None)
    assert said(text, Known(amounts=frozenset({(currency, amount + 1)})))[1] is not None


def test_the_agents_own_book_passes_with_its_amounts_filled_in() -> None:
    known = Known(amounts=KNOWN.amounts | {("usd", 0)}, percents=KNOWN.percents, codes=KNOWN.codes)
    for language in ("en", "pt"):
        for variants in phrases.book(language).values():
            for variant in variants:
                text = spellings.filled(variant)
                assert said(text, known) == (text, None)


def test_a_long_text_takes_time_in_proportion() -> None:
    for unit in (
        "a",
        "9",
        "9 ",
        "<a ",
        "< ",
        "$",
        "*",
        "a.",
        "[(",
        "](",
        "nine ",
        "and ",
        "half of ",
        "-",
        "<",
        "&#",
        "\u0301",
    ):
        short, long = (f"x {unit * (size // len(unit))}" for size in (2_500, 10_000))
        # Four times the text may take eight times as long, not sixteen; other threads of the process count too.
        assert spent(long) < 8 * spent(short) + 0.1, unit


def spent(text: str) -> float:
    """Seconds of this process, the least of three."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        said(text)
        best = min(best, time.process_time() - began)
    return best
