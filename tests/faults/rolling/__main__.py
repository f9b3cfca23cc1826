"""The long form: `python -m tests.faults.rolling --requests 10000 --rate 50`, 1 if anything failed."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.local.stack import Stack
from tests.bench.figures import spread
from tests.faults.rolling.pairs import AS_STARTED, PAIRS, environment
from tests.faults.rolling.run import Plan, roll
from tests.mesh import Mesh, wait_for_taxonomy


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rolling", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="restart everything again until so many were made")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--at-once", type=int, default=1, help="processes restarted at the same time")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    given = parser.parse_args()
    plan = Plan(given.rate, given.at_once, given.requests, given.seed)
    place = Path(tempfile.mkdtemp(prefix="biologidex-rolling-"))
    print(f"data and logs: {place} (kept where something fails)", flush=True)
    with Stack(place / "mesh", topology=PAIRS, environment=environment(AS_STARTED)) as stack:
        wait_for_taxonomy(stack.url)
        (place / "front").mkdir()
        tally = asyncio.run(roll(Mesh(stack.data_dir), place / "front", plan, lambda line: print(line, flush=True)))
    for line in (*tally.failed, *tally.lost, *tally.wrong):
        print(line)
    print(
        f"{tally.requests} requests ({dict(tally.asked)}), {spread(tally.seconds)}: {len(tally.failed)} failed reads, "
        f"{len(tally.lost)} lost writes, {len(tally.wrong)} things not as acknowledged; seed {plan.seed}"
    )
    if tally.failed or tally.lost or tally.wrong:
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
