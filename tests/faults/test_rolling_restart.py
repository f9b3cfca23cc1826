"""H21: every service is restarted, one instance after the other, while players play; the long form is
`python -m tests.faults.rolling`."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.faults.rolling.pairs import AS_STARTED, PAIRS, environment
from tests.faults.rolling.run import Plan, roll
from tests.mesh import Mesh, wait_for_taxonomy

RATE = 10.0
AT_ONCE = 4
"""Of the eight of a kind: half a mesh is away while the other half carries everything."""


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[Mesh]:
    with Stack(tmp_path / "mesh", topology=PAIRS, environment=environment(AS_STARTED), careless=True) as stack:
        wait_for_taxonomy(stack.url)
        yield Mesh(stack.data_dir)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_rolling_restart_fails_no_read_and_loses_no_write(pairs: Mesh, tmp_path: Path) -> None:
    """0 failed GET, 0 lost and 0 doubled POST, everything as acknowledged, and the checker content."""
    plan = Plan(RATE, AT_ONCE, requests=0, seed=secrets.randbelow(10**6))
    (tmp_path / "front").mkdir()
    tally = await roll(pairs, tmp_path / "front", plan, print)
    assert tally.failed == [], plan
    assert tally.lost == [], plan
    assert tally.wrong == [], plan
    assert tally.asked["GET"] > 50
    assert tally.asked["POST"] > 20
