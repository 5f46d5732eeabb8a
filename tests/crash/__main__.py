"""`python -m tests.crash [--only PATTERN]`: kill a process at every point of the money path; prints the outcomes."""

import argparse
import asyncio
import re
import sys
import time

from agentpay.sandbox.postgres import throw_away
from tests.cluster.cluster import clustered
from tests.crash.matrix import Outcome, table, theatre


async def main(only: str) -> int:
    began = time.monotonic()
    outcomes: list[Outcome] = []
    with throw_away() as url:
        async with clustered(url) as cluster, theatre(cluster) as house:
            for point in await house.record():
                if re.search(only, f"{point.process} {point.fault}"):
                    outcomes.append(await house.play(point))
                    print(table(outcomes[-1:]), flush=True)  # noqa: T201 (a command)
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    print(  # noqa: T201
        f"\n{table(outcomes)}\n\n{len(outcomes)} points, {sum(each.was_reached for each in outcomes)} deaths,"
        f" {len(wrong)} wrong, {time.monotonic() - began:.0f} s"
    )
    return int(bool(wrong) or not outcomes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Kill a process at every point of the money path")
    parser.add_argument("--only", default="", help="Only points whose process and label this pattern finds.")
    sys.exit(asyncio.run(main(parser.parse_args().only)))
