"""Keys of a compose project: users is replaced with its stand-in before it, and after a leak everybody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.keys.project import RunningProject
from deploy.keys.ring import NoKey
from deploy.keys.rotating import replace_leaked, rotate
from deploy.keys.stores import KeyFolder, read, write
from deploy.rollout.engine import find_engine
from deploy.rollout.plan import MEMBERS
from deploy.rollout.tests.stage import OLD, Stage

WEEK = timedelta(days=7)
Said = list[str]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def project(played: Stage, secrets: KeyFolder, said: Said) -> RunningProject:
    return RunningProject(find_engine(played.place), said.append)


def nobody(_subject: str, _doing: str, _done: int, _total: int) -> None:
    """A report to nobody."""


def replaced(played: Stage) -> list[str]:
    """Which containers were made, in order."""
    return [call[-1] for call in played.calls if "--no-start" in call]


async def test_users_is_replaced_twice_and_somebody_always_serves(
    played: Stage, secrets: KeyFolder, project: RunningProject
) -> None:
    old = read(secrets).key_id
    done = await rotate(secrets, project, nobody, lifetime=WEEK, wait=0)
    assert (done.signs, done.retired) == (read(secrets).key_id, (old,))
    assert done.signs != old
    assert replaced(played) == ["users-2", "users"] * 2
    assert played.gaps == ""
    assert played.running["users"] == OLD, "the same version"
    assert "users-2" not in played.running


async def test_after_a_leak_everybody_is_started_anew(
    played: Stage, secrets: KeyFolder, project: RunningProject
) -> None:
    old = read(secrets).key_id
    done = await replace_leaked(secrets, project, nobody, lifetime=WEEK)
    assert (done.forgotten, list(read(secrets).others)) == ((old,), [])
    assert set(replaced(played)) >= {member.name for member in MEMBERS}
    assert replaced(played)[:2] == ["users-2", "users"], "first who signs"
    assert played.gaps == ""


async def test_nothing_is_changed_where_users_runs_with_other_keys(
    played: Stage, secrets: KeyFolder, project: RunningProject, said: Said
) -> None:
    ring = replace(read(secrets), key_id="another")
    write(secrets, ring)
    with pytest.raises(NoKey, match="does not run with the keys"):
        await rotate(secrets, project, nobody, lifetime=WEEK, wait=0)
    assert read(secrets) == ring
    assert replaced(played) == []
    assert said == []
