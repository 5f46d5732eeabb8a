"""A run as hypothesis plays it: any move, in any order, over several conversations of one visitor and of many."""

import asyncio
from collections.abc import Awaitable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.adversary import acts
from tests.adversary.house import COUPON, House, opened
from tests.adversary.play import TALKS_MAX, Play

MOVES_MAX: Final = 14
PATHS: Final[tuple[tuple[str, str], ...]] = (
    ("POST", "/v1/checkouts/"),
    ("POST", "/v1/discounts/"),
    ("PATCH", "/v1/discounts/*"),
)
FAULTS: Final = ("lost_answer", "server_error", "rate_limited", "reset", "half_answer")


class Stage:
    """The house and the loop that it lives in: hypothesis is not asynchronous."""

    def __init__(self, runner: asyncio.Runner, house: House) -> None:
        self._runner = runner
        self.house = house
        self.runs = 0
        self.moves = 0

    def do(self, deed: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await deed

        return self._runner.run(done())


@contextmanager
def staged(database_url: str) -> Iterator[Stage]:
    """A house on this database, meanwhile."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        context = opened(database_url)
        house = runner.run(context.__aenter__())
        try:
            yield Stage(runner, house)
        finally:
            runner.run(context.__aexit__(None, None, None))


class Given(msgspec.Struct, frozen=True):
    """What is not drawn: rules that every run begins with, its budgets."""

    rules: Mapping[str, Any] = {}
    budgets: Sequence[Mapping[str, Any]] | None = None


class Adversarial(RuleBasedStateMachine):
    """`stage` is given by the subclass that `machine_on` makes."""

    stage: Stage
    given: Given

    def __init__(self) -> None:
        super().__init__()
        self.play: Play

    def _do(self, deed: Awaitable[Any]) -> Any:
        self.stage.moves += 1
        return self.stage.do(deed)

    def _talk(self, number: int) -> Any:
        return self.play.talks[number % len(self.play.talks)]

    @initialize(rules=acts.rules, budgets=acts.budgets, page=acts.favourites)
    def opens_the_shop(self, rules: Any, budgets: Any, page: int) -> None:
        self.stage.runs += 1
        given = self.given
        budgets = given.budgets if given.budgets is not None else budgets
        self.play = self._do(Play.begin(self.stage.house, {**rules, **given.rules}, budgets))
        self._do(self.play.opens(0, page=page))

    @precondition(lambda self: len(self.play.talks) < TALKS_MAX)
    @rule(visitor=st.integers(0, 1), at_rival=st.sampled_from((False, False, True)), known=st.booleans(),
          page=st.none() | acts.favourites)  # fmt: skip
    def somebody_opens_the_chat(self, visitor: int, at_rival: bool, known: bool, page: int | None) -> None:
        self._do(self.play.opens(visitor, at_rival=at_rival, page=page, known=known))

    @rule(talk=acts.numbers, text=acts.words, script=acts.scripts)
    def a_visitor_writes(self, talk: int, text: str, script: Any) -> None:
        self._do(self.play.says(self._talk(talk), text, script))

    @rule(talk=acts.numbers, text=acts.words, script=acts.scripts)
    def a_visitor_writes_more(self, talk: int, text: str, script: Any) -> None:
        self._do(self.play.says(self._talk(talk), text, script))

    @rule(talk=acts.numbers, text=st.sampled_from(acts.VAGUE), script=acts.haggles)
    def a_visitor_haggles(self, talk: int, text: str, script: Any) -> None:
        self._do(self.play.says(self._talk(talk), text, script))

    @rule(talk=acts.numbers, text=st.sampled_from(acts.VAGUE), script=acts.sales)
    def a_visitor_buys_in_the_chat(self, talk: int, text: str, script: Any) -> None:
        self._do(self.play.says(self._talk(talk), text, script))

    @rule(talk=acts.numbers, script=acts.scripts)
    def a_message_comes_again(self, talk: int, script: Any) -> None:
        self._do(self.play.says(self._talk(talk), "hello", script, again=True))

    @precondition(lambda self: self.play.referee.has_offered)
    @rule(talk=acts.numbers, number=acts.numbers, foreign=st.sampled_from((False, False, True)))
    def an_offer_is_accepted(self, talk: int, number: int, foreign: bool) -> None:
        self._do(self.play.accepts(self._talk(talk), number, foreign=foreign))

    @rule(talk=acts.numbers, product=acts.favourites, ask=acts.asks, between=st.none() | acts.rules,
          reprices=st.none() | st.sampled_from(PATHS[:2]))  # fmt: skip
    def a_deal_is_made(self, talk: int, product: int, ask: Any, between: Any, reprices: Any) -> None:
        """What a long haggle comes to, in one move: an offer, perhaps other rules or prices, and a yes."""
        whom = self._talk(talk)
        self._do(self.play.says(whom, acts.VAGUE[0], acts.deal(product, ask)))
        if between is not None:
            self._do(self.play.changes_rules(between))
        if reprices is not None:
            self.play.reprices_while(reprices[0], reprices[1], product, 60)
        self._do(self.play.accepts(whom, -1))

    @rule(talk=acts.numbers, product=acts.favourites, ask=acts.asks)
    def an_offer_is_left_open(self, talk: int, product: int, ask: Any) -> None:
        self._do(self.play.says(self._talk(talk), acts.VAGUE[0], acts.deal(product, ask)))

    @rule(talk=acts.numbers, product=acts.favourites, ask=acts.asks, between=st.none() | acts.rules,
          amount=st.none() | acts.amounts)  # fmt: skip
    def an_approval_comes_late(self, talk: int, product: int, ask: Any, between: Any, amount: int | None) -> None:
        """An ask that a person has to answer; until he does, the rules may be others."""
        self._do(self.play.says(self._talk(talk), acts.VAGUE[0], acts.deal(product, ask)))
        if between is not None:
            self._do(self.play.changes_rules(between))
        self._do(self.play.decides(-1, approves=True, amount=amount))

    @rule(talk=acts.numbers, number=acts.goods, seats=st.none() | st.sampled_from((1, 10)),
          amount=st.none() | acts.amounts, code=st.sampled_from((None, None, COUPON)))  # fmt: skip
    def somebody_buys_now(self, talk: int, number: int, seats: Any, amount: Any, code: Any) -> None:
        self._do(self.play.buys(self._talk(talk), number, seats=seats, amount=amount, discount_code=code))

    @precondition(lambda self: self.play.referee.has_sold)
    @rule(number=acts.numbers, change=acts.changes, price=st.none() | acts.numbers)
    def a_buyer_plays_with_the_link(self, number: int, change: Any, price: int | None) -> None:
        self._do(self.play.plays_with(number, change, price=price))

    @precondition(lambda self: self.play.referee.has_sold)
    @rule(number=acts.numbers, change=acts.changes, price=st.none() | acts.numbers, card=acts.cards)
    def a_buyer_plays_and_pays(self, number: int, change: Any, price: int | None, card: str) -> None:
        self._do(self.play.plays_with(number, change, price=price))
        self._do(self.play.pays(number, card=card))

    @precondition(lambda self: self.play.referee.has_sold)
    @rule(number=acts.numbers, card=acts.cards)
    def a_buyer_pays(self, number: int, card: str) -> None:
        self._do(self.play.pays(number, card=card))

    @rule(rules=acts.rules)
    def the_merchant_changes_the_rules(self, rules: Any) -> None:
        self._do(self.play.changes_rules(rules))

    @precondition(lambda self: self.play.referee.has_offered)
    @rule(number=acts.numbers, approves=st.sampled_from((True, True, False)), amount=st.none() | acts.amounts)
    def the_merchant_decides(self, number: int, approves: bool, amount: int | None) -> None:
        self._do(self.play.decides(number, approves=approves, amount=amount))

    @rule(number=acts.favourites, percent=st.sampled_from((50, 80, 130)), mirrored=st.booleans())
    def the_merchant_reprices(self, number: int, percent: int, mirrored: bool) -> None:
        self._do(self.play.reprices(number, percent, mirrored=mirrored))

    @rule(place=st.sampled_from(PATHS[:2]), number=acts.favourites, percent=st.sampled_from((30, 60, 130)))
    def the_merchant_will_reprice_during_a_call(self, place: Any, number: int, percent: int) -> None:
        self.play.reprices_while(place[0], place[1], number, percent)

    @rule(kind=st.sampled_from(FAULTS), place=st.sampled_from(PATHS))
    def polar_will_fail(self, kind: str, place: Any) -> None:
        self.play.polar_fails(kind, *place)

    @rule(talk=acts.numbers, takes=st.booleans())
    def a_person_takes_or_releases(self, talk: int, takes: bool) -> None:
        self._do(self.play.takes(self._talk(talk)) if takes else self.play.releases(self._talk(talk)))

    @rule(offers_end=st.booleans())
    def time_passes(self, offers_end: bool) -> None:
        self._do(self.play.time_passes(offers_end=offers_end))

    @rule(seed=st.integers(0, 10**6), some=st.booleans())
    def webhooks_arrive(self, seed: int, some: bool) -> None:
        self._do(self.play.webhooks_arrive(seed, some=some))

    def teardown(self) -> None:
        if hasattr(self, "play"):
            self._do(self.play.ends())


MOVES: Final = frozenset(
    name for name, move in vars(Adversarial).items() if callable(move) and not name.startswith("_")
) - {"opens_the_shop", "teardown"}


def play(
    stage: Stage,
    *,
    runs: int,
    seed: int,
    shrinks: bool = False,
    only: Collection[str] | None = None,
    given: Given | None = None,
) -> None:
    """So many runs of that seed. Raises what the referee found first.

    `shrinks`: its smallest form, told as code. `only`: these moves; None = all. `given`: what is not drawn.
    """

    class Staged(Adversarial):
        pass

    Staged.stage = stage
    Staged.given = given or Given()
    for name in () if only is None else MOVES - set(only):
        setattr(Staged, name, None)
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    run_state_machine_as_test(
        seeded(seed)(Staged),
        settings=settings(
            max_examples=runs,
            stateful_step_count=MOVES_MAX,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
