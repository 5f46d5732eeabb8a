"""How the soak (`python -m tests.outages.soak`) judges: what grows is found, what swings is not."""

from collections.abc import Callable

from tests.outages.soak import CONNECTIONS_MAX, TABLES, Sample, judged


def samples(
    *, mib: Callable[[int], float] = lambda n: 150, rows: Callable[[int], int] = lambda n: 500, connections: int = 20
) -> list[Sample]:
    return [
        Sample(n * 10.0, {"web-1": mib(n)}, connections, {table: rows(n) for table in TABLES}) for n in range(1, 31)
    ]


def test_what_warms_up_and_then_swings_is_flat() -> None:
    assert judged(samples(mib=lambda n: 150 + min(n, 8) * 5 + n % 3, rows=lambda n: 400 + n % 5 * 80)) == []


def test_memory_that_grows_is_found() -> None:
    assert judged(samples(mib=lambda n: 150 + n * 3)) == ["memory of web-1: 210 → 240 MiB"]


def test_a_table_that_grows_is_found() -> None:
    assert len(judged(samples(rows=lambda n: n * n * 20))) == len(TABLES)


def test_connections_past_the_pools_are_found() -> None:
    assert judged(samples(connections=CONNECTIONS_MAX + 1)) != []


def test_a_run_too_short_to_judge_is_not_called_flat() -> None:
    assert judged(samples()[:5]) != []
