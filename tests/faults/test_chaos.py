"""A short run of what `make chaos` does for ten minutes: players and all kinds of faults, drawn from one seed (F28)."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import AS_STARTED
from tests.faults.chaos.run import Plan, run
from tests.faults.chaos.schedule import AT_WORK, DECK, SERVICES, draw

SEED = 7
SECONDS = 30.0
PLAN = Plan(seconds=SECONDS, rate=10, seed=SEED, players=6, hurry=0.5)


@pytest.mark.timeout(420)
def test_nothing_is_lost_doubled_or_stuck() -> None:
    """F22, F28, H1, H3, H16, H27: what was acknowledged is so, once, whatever broke; nobody saw what may not be."""
    said: list[str] = []
    result = run(PLAN, AS_STARTED, said.append)
    assert result.holds, _told(result.folder, result.as_json())
    assert result.tally.writes["acknowledged"] > SECONDS
    assert result.poison > 0
    assert result.paid > 0
    shutil.rmtree(result.folder, ignore_errors=True)


def test_one_seed_is_one_schedule() -> None:
    """The same faults at the same moments; another seed, others."""
    faults = draw(SEED, SECONDS)
    assert faults == draw(SEED, SECONDS)
    assert faults != draw(SEED + 1, SECONDS)
    assert {fault.kind for fault in faults} == set(DECK)
    assert {fault.target for fault in draw(SEED, 600) if fault.kind == "kill"} == set(SERVICES)
    assert [fault.kind for fault in draw(SEED, 600)].count("nats-wipe") == 1
    assert {fault.kind for fault in draw(SEED, 60, ["poison", "model"])} == {"poison", "model"}


def test_the_worker_alone_in_every_second() -> None:
    """F22: the schedule of `--only worker`."""
    faults = draw(SEED, 30, ["worker"])
    assert [fault.at for fault in faults] == [float(second) for second in range(1, 30)]
    assert {(fault.kind, fault.target, fault.detail) for fault in faults} == {("kill", "vision-worker", AT_WORK)}


def _told(folder: Path, found: dict[str, object]) -> str:
    wrong = {name: found[name] for name in ("figures", "surprises", "compared", "checker", "statuses", "broken")}
    return f"seed {SEED}, logs in {folder}: {wrong}"
