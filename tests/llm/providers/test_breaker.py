"""A provider that fails is left alone for a while, then probed."""

from agentpay.llm.breaker import (
    ACCOUNT_OPEN_SECONDS,
    CONSECUTIVE_MAX,
    OPEN_SECONDS,
    OPEN_SECONDS_MAX,
    WINDOW_CALLS_MIN,
    Breaker,
    State,
)


def key(breaker: Breaker, now: float) -> int:
    found = breaker.enter(now)
    assert found is not None
    return found


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(CONSECUTIVE_MAX):
        breaker.failed(key(breaker, now), now=now)
    assert breaker.state(now) is State.OPEN
    return breaker


def test_failures_in_a_row_open_it_and_one_fewer_does_not() -> None:
    breaker = Breaker()
    for _ in range(CONSECUTIVE_MAX - 1):
        breaker.failed(key(breaker, 0), now=0)
    assert breaker.state(0) is State.CLOSED
    breaker.failed(key(breaker, 0), now=0)
    assert breaker.state(0) is State.OPEN
    assert breaker.enter(OPEN_SECONDS - 0.01) is None


def test_every_other_call_failing_opens_it_too() -> None:
    breaker = Breaker()
    for number in range(WINDOW_CALLS_MIN):
        assert breaker.state(0) is State.CLOSED
        if number % 2:
            breaker.failed(key(breaker, 0), now=0)
        else:
            breaker.succeeded(key(breaker, 0))
    assert breaker.state(0) is State.OPEN


def test_after_the_wait_one_question_probes_and_a_good_answer_closes_it() -> None:
    breaker = opened()
    assert breaker.state(OPEN_SECONDS) is State.HALF_OPEN
    probe = key(breaker, OPEN_SECONDS)
    assert breaker.enter(OPEN_SECONDS) is None, "one probe at a time"
    breaker.succeeded(probe)
    assert breaker.state(OPEN_SECONDS) is State.CLOSED
    breaker.failed(key(breaker, OPEN_SECONDS), now=OPEN_SECONDS)
    assert breaker.state(OPEN_SECONDS) is State.CLOSED, "its past is forgotten"


def test_a_failed_probe_doubles_the_wait_up_to_a_bound() -> None:
    breaker, now, wait = opened(), 0.0, OPEN_SECONDS
    for _ in range(6):
        now += wait
        breaker.failed(key(breaker, now), now=now)
        wait = min(2 * wait, OPEN_SECONDS_MAX)
        assert breaker.state(now + wait - 0.01) is State.OPEN
        assert breaker.state(now + wait) is State.HALF_OPEN


def test_a_probe_that_was_cancelled_lets_the_next_one_in() -> None:
    breaker = opened()
    breaker.left(key(breaker, OPEN_SECONDS))
    assert breaker.enter(OPEN_SECONDS) is not None


def test_answers_to_questions_of_before_decide_nothing() -> None:
    breaker = Breaker()
    early = key(breaker, 0)
    for _ in range(CONSECUTIVE_MAX):
        breaker.failed(key(breaker, 0), now=0)
    breaker.succeeded(early)
    assert breaker.state(1) is State.OPEN
    probe = key(breaker, OPEN_SECONDS)
    breaker.failed(early, now=OPEN_SECONDS)
    breaker.left(early)
    assert breaker.enter(OPEN_SECONDS) is None, "the probe is still out"
    breaker.succeeded(probe)
    assert breaker.state(OPEN_SECONDS) is State.CLOSED


def test_a_wish_to_be_left_alone_is_granted_at_once_within_a_bound() -> None:
    breaker = Breaker()
    breaker.failed(key(breaker, 0), now=0, seconds=30)
    assert (breaker.state(29.9), breaker.state(30)) == (State.OPEN, State.HALF_OPEN)
    breaker = Breaker()
    breaker.failed(key(breaker, 0), now=0, seconds=86_400)
    assert breaker.state(OPEN_SECONDS_MAX) is State.HALF_OPEN


def test_a_refused_key_opens_it_at_once() -> None:
    breaker = Breaker()
    breaker.failed(key(breaker, 0), now=0, at_once=True)
    assert (breaker.state(ACCOUNT_OPEN_SECONDS - 1), breaker.state(ACCOUNT_OPEN_SECONDS)) == (
        State.OPEN,
        State.HALF_OPEN,
    )
