"""What msgspec refuses becomes a place and a sentence, whatever the caller wrote."""

import time

from agentpay.callers.errors import problem


def test_a_key_that_imitates_a_place_is_a_key() -> None:
    forged = "Object contains unknown field `x - at `$.name`y` - at `$.rules.price_bounds`"
    assert problem(forged, source=("body",))[1] == ("body", "rules", "price_bounds", "x - at `$.name`y")


def test_a_key_without_end_takes_no_time() -> None:
    forged = "Object contains unknown field `" + " - at `key` in `$" * 15_000 + "`"
    began = time.process_time()
    problem(forged, source=("body",))
    assert time.process_time() - began < 0.5
