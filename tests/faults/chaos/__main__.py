"""`make chaos`: a stack of its own under load and faults, and what came of it."""

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable

from rich.console import Console

from tests.faults.chaos.run import Plan, run
from tests.faults.chaos.schedule import ONLY


def main() -> int:
    """Runs; progress on stderr, the table (or JSON) on stdout. 0: everything held."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things break (10)")
    parser.add_argument("--rate", type=float, default=50.0, help="writes begun a second (50)")
    parser.add_argument("--seed", type=int, default=None, help="the same seed gives the same faults")
    parser.add_argument("--only", action="append", choices=ONLY, default=[], help="only this kind; may be repeated")
    parser.add_argument("--players", type=int, default=30, help="who is there from the beginning (30)")
    parser.add_argument("--json", action="store_true", help="for machines: JSON on stdout")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder also when everything held")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    plan = Plan(given.minutes * 60, given.rate, seed, given.only, given.players)
    progress = Console(stderr=True)
    progress.print(f"seed {seed}")
    with progress.status("") as status:
        say = status.update if progress.is_terminal else _each_tenth_second(progress)
        result = run(plan, os.environ, say)
    if given.json:
        print(json.dumps(result.as_json(), indent=2, default=str))
    else:
        result.draw(Console(width=None if sys.stdout.isatty() else 140))
    if result.holds and not given.keep:
        shutil.rmtree(result.folder, ignore_errors=True)
    else:
        progress.print(f"logs, history and ledger: {result.folder}")
    return 0 if result.holds else 1


def _each_tenth_second(progress: Console) -> Callable[[str], None]:
    """Where nothing can be overwritten, only now and then a line."""
    said = [0.0]

    def say(sentence: str) -> None:
        if time.monotonic() - said[0] > 10:
            said[0] = time.monotonic()
            progress.print(sentence, highlight=False)

    return say


if __name__ == "__main__":
    sys.exit(main())
