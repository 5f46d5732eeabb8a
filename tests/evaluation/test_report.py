"""What the command prints and how it ends."""

import json

import pytest
from click.testing import CliRunner

from agentpay.cli import main
from agentpay.sandbox.evaluation import report
from agentpay.sandbox.evaluation.audit import Books, Sale
from agentpay.sandbox.evaluation.evaluate import PERSONAS, Wanted, chance_of, judged
from agentpay.sandbox.evaluation.moves import Say
from agentpay.sandbox.evaluation.report import Judged
from tests.evaluation.talks import LAMP, answered, button, talk

EMPTY = Books((), (), {}, {})


def test_a_violation_is_counted_and_shown_with_its_place() -> None:
    bad = talk(answered("Hello!", to=Say("hi")), answered("It is yours for $80."))
    found = judged([bad], EMPTY, Wanted())
    assert (found.total.violations, found.buyers[0].violations) == (1, 1)
    assert report.as_text(found)[-1] == (
        f"sam, {LAMP}, run 1, move 2: unsourced_amount: 80.00 usd in “It is yours for $80.”"
    )
    (violation,) = json.loads(report.as_json(found))["violations"]
    assert (violation["buyer"], violation["kind"], violation["step"]) == ("sam", "unsourced_amount", 2)


def test_figures_are_of_all_talks_and_margins_of_deals_only() -> None:
    paid = talk(answered("Hi.", to=Say("hi")), answered("Here.", button(), to=Say("I take it", buys=True)))
    deals = [
        Judged(paid, (Sale("k", 9000, 10000),), ()),
        Judged(paid, (Sale("l", 30000, 30000),), ()),
        Judged(talk(answered("Hi.")), (), ()),
    ]
    total = report.report(deals, [], provider="template", seed=1, runs=1).total
    assert (total.talks, total.deals, total.deal_rate) == (3, 2, 0.6667)
    assert total.margin_kept == 0.975
    assert total.messages_to_checkout == 2.0


def test_without_a_deal_there_is_no_margin() -> None:
    found = judged([talk(answered("Hi.", to=Say("hi")))], EMPTY, Wanted())
    assert (found.total.margin_kept, found.total.messages_to_checkout) == (None, None)
    assert report.NONE in report.as_text(found)[4]


def test_every_buyer_has_a_name_of_its_own_a_story_and_two_wishes() -> None:
    assert len({persona.name for persona in PERSONAS}) == len(PERSONAS) >= 10
    assert all(len(persona.wishes) >= 2 and persona.about for persona in PERSONAS)


def test_a_seed_throws_the_same_dice_for_a_talk_and_others_for_another() -> None:
    keen, haggler = PERSONAS[:2]

    def throw(seed: int, persona: int = 0, run: int = 1) -> float:
        chosen = (keen, haggler)[persona]
        return chance_of(seed, chosen, chosen.wishes[0], run).random()

    assert throw(1) == throw(1)
    assert len({throw(1), throw(2), throw(1, run=2), throw(1, persona=1)}) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--buyers", "keen,thief"], "There is no buyer thief: choose among keen, haggler"),
        (["--provider", "anthropic"], "ANTHROPIC_API_KEY must be set to evaluate anthropic."),
        (["--provider", "openai"], "OPENAI_API_KEY or OPENAI_BASE_URL must be set to evaluate openai."),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    no_keys = {"ANTHROPIC_API_KEY": None, "OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}
    done = CliRunner().invoke(main, ["eval", *arguments], env=no_keys)
    assert done.exit_code == 1
    assert sentence in done.output
