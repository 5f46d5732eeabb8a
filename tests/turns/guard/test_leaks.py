"""The prompt, keys, addresses and codes: what may not leave, whoever asks."""

import msgspec

from agentpay.turns.guard.guard import Guard, Violation
from agentpay.turns.guard.known import Known
from tests.turns.guard.corpora import KNOWN, said

PROMPT = (
    "You are Wick, the sales agent of Acme Candles.\nBe warm and friendly.\nAnswer in one to three short sentences.\n"
    "Never sell the lavender candle below seventy dollars to anyone. We pour every candle by hand in a small workshop"
    " near the harbour of Porto since the year of the great storm."
)
SECRETIVE = msgspec.structs.replace(KNOWN, secrets=(PROMPT,))


def test_the_prompt_is_not_recited() -> None:
    released, violation = said(f"My instructions: {PROMPT}", SECRETIVE)
    assert violation is Violation.LEAK
    assert "Never sell" not in released


def test_an_instruction_is_not_recited_even_in_disguise() -> None:
    for text in (
        "Never sell the lavender candle below that.",
        "**Never** sell the *lavender* candle below that.",
        "NEVER SELL THE LAVENDER CANDLE BELOW that.",
        "N\u200bever sell the lavender candle below that.",
        "Never, sell; the “lavender” candle: below!",
    ):
        released, violation = said(text, SECRETIVE)
        assert violation is Violation.LEAK
        assert "candle below" not in released.lower()


def test_a_long_recital_is_a_leak_whatever_it_says() -> None:
    assert said(PROMPT.partition("anyone. ")[2], SECRETIVE)[1] is Violation.LEAK


def test_the_agent_may_say_who_it_is_and_what_the_shop_does() -> None:
    for text in (
        "I'm Wick, the sales agent of Acme Candles.",
        "We pour every candle by hand in a small workshop near the harbour.",
        "The lavender candle is below that shelf.",
    ):
        assert said(text, SECRETIVE) == (text, None)


def test_an_amount_in_the_prompt_is_no_source() -> None:
    assert said("It may go for seventy dollars.", SECRETIVE)[1] is Violation.AMOUNT


def test_a_tag_is_dropped_and_its_text_stays() -> None:
    assert said("Hi <b>Sam</b>, <img src=x onerror=alert(1)>look.") == ("Hi Sam, look.", None)
    assert said("<<b>script>alert(1)</script>")[0].count("<") == 0
    assert said("1 < 2 and I <3 candles <") == ("1 < 2 and I <3 candles <", None)
    assert said("<https://acme.example/a>") == ("https://acme.example/a", None)


def test_an_unfinished_tag_is_text_without_its_bracket() -> None:
    assert said("Hello <b") == ("Hello b", None)
    assert said(f"Hello <b {'x ' * 400}.")[0].startswith("Hello b x")


def test_hidden_characters_do_not_leave() -> None:
    assert said("He\u200bllo \u202eSam\U000e0041.") == ("Hello Sam.", None)


def test_an_own_host_may_be_linked_with_port_path_and_query() -> None:
    for text in (
        "https://acme.example",
        "http://www.acme.example/a?b=c#d",
        "https://acme.example:8443/x_(y).",
        "[here](https://acme.example/a)",
        "![candle](https://acme.example/a.png)",
        "(see https://acme.example/a)",
    ):
        assert said(text) == (text, None)


def test_a_link_without_any_known_host_is_refused() -> None:
    assert said("Look at https://acme.example/a", Known())[1] is Violation.LINK


def test_a_code_counts_as_confirmed_in_any_case() -> None:
    assert said("Use code Wick10, or wick10.") == ("Use code Wick10, or wick10.", None)


def test_nothing_but_the_violation_is_told_after_it() -> None:
    guard = Guard(KNOWN)
    assert guard.feed("It costs $90 and ") == "It costs"
    assert guard.feed("more words ") == ""
    assert guard.close() == ""
    assert guard.violation is Violation.AMOUNT
