"""A running stack whose processes are broken one after the other: each is told as what it is, and as nothing else."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.local.data_folder import lives
from deploy.operate.checks import bus, clocks, keys, services, settings
from deploy.operate.examination import degraded, examine
from deploy.operate.installation import Installation, Process
from deploy.operate.looks.processes import ProcessSeen
from deploy.operate.report import as_report
from deploy.operate.state import State, look
from deploy.operate.tests.breaking import stopped
from deploy.operate.tests.project import ids
from tests.mesh import Mesh, until

DURABLE = "dex-remember-user"


async def test_a_stack_that_is_well(stack: Installation) -> None:
    state = await look(stack)
    assert state.away == {}
    assert degraded(stack, state) == []
    found = [f.kind.id for group in examine(stack, state) for f in group.findings if group.name != "machine"]
    assert set(found) <= {"disk.low", "backup.none"}
    report = as_report(stack, state)
    assert {each["name"] for each in report["processes"] if each["ready"]} == {each.name for each in stack.processes}
    assert set(report["schemas"]) == {"users", "animals", "dex", "social", "vision", "graph"}
    assert report["bus"]["consumers"][DURABLE] == 0
    assert report["jobs"] == {}
    assert report["processes"][0]["version"]


async def test_a_process_that_hangs_is_told_within_seconds(mesh: Mesh, stack: Installation) -> None:
    with stopped(mesh, "dex"):
        began = time.monotonic()
        state = await look(stack)
        assert time.monotonic() - began < 5
    assert ids(services, stack, state) == ["services.away"]
    report = as_report(stack, state)
    assert not report["fine"]
    assert [each["name"] for each in report["processes"] if not each["alive"]] == ["dex"]


async def test_half_of_the_mesh_is_down(mesh: Mesh, stack: Installation) -> None:
    with stopped(mesh, "dex"), stopped(mesh, "graph"), stopped(mesh, "users"), stopped(mesh, "nats"):
        began = time.monotonic()
        state = await look(stack)
        assert time.monotonic() - began < 6
    assert {"dex", "graph", "users", "bus"} <= state.away.keys()
    assert ids(bus, stack, state) == ["bus.away"]
    assert set(state.databases) == set(stack.databases)


async def test_a_process_that_is_not_there(stack: Installation) -> None:
    ended = replace(stack, processes=(*stack.processes, Process("dex-2", "dex", "http://127.0.0.1:1")))
    assert ids(services, ended, await look(ended)) == ["services.away"]
    spare = replace(stack, processes=(*stack.processes, Process("dex-2", "dex", "http://127.0.0.1:1", spare=True)))
    assert ids(services, spare, await look(spare)) == []


async def test_two_versions_of_one_service(stack: Installation) -> None:
    state = await look(stack)
    two = {name: replace(seen, commit=f"{number:012}") for number, (name, seen) in enumerate(state.processes.items())}
    assert ids(services, stack, replace(state, processes=two)) == ["services.mixed-versions"]


@pytest.mark.parametrize("hours", [1, -1])
async def test_our_clock_is_another(stack: Installation, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    state = await look(stack)
    monkeypatch.undo()
    assert ids(clocks, stack, state) == ["clocks.differ"]
    said = [finding.sentence for finding in clocks.check(stack, state)]
    # Every database, every process, the bus.
    assert len(said) == len(stack.databases) + len(stack.processes) + 1
    assert all(("behind" if hours > 0 else "ahead") in sentence for sentence in said)


async def test_the_keys_that_are_published(stack: Installation) -> None:
    state = await look(stack)
    users = state.processes["users"]

    def told(told: Mapping[str, str]) -> Installation:
        return replace(stack, told={"users": told})

    def seen(**published: dict[str, str] | None) -> State:
        return replace(state, processes={name: _with(users, name, each) for name, each in published.items()})

    assert ids(keys, stack, state) == []
    assert ids(keys, stack, seen(users={"old": "x"})) == ["keys.served-differ"]
    assert ids(keys, told({}), seen(users=users.keys, **{"users-2": {"old": "x"}})) == ["keys.instances-differ"]


def _with(users: ProcessSeen, name: str, published: dict[str, str] | None) -> ProcessSeen:
    return replace(users, name=name, keys=published)


async def test_settings_are_those_that_processes_were_told(stack: Installation) -> None:
    assert set(stack.told) == {process.name for process in stack.processes}
    assert ids(settings, stack, State()) == []
    wrong = {**stack.told["gateway"], "ALLOWED_HOSTS": "elsewhere.de"}
    assert ids(settings, replace(stack, told={"gateway": wrong}), State()) == ["settings.host-not-allowed"]


async def test_a_check_that_breaks_stops_no_other(stack: Installation) -> None:
    state = await look(stack)
    assert state.bus
    broken: Any = replace(state.bus, durables=None)
    found = [f.kind.id for group in examine(stack, replace(state, bus=broken)) for f in group.findings]
    assert "doctor.failed" in found
    assert {group.name for group in examine(stack, state)} == {
        group.name for group in examine(stack, replace(state, bus=broken))
    }


async def test_nobody_is_left_hanging(mesh: Mesh, stack: Installation) -> None:
    """After all of this the stack is as it was."""
    assert lives(mesh.process("dex").pid)

    async def is_well() -> bool:
        return not degraded(stack, await look(stack))

    await until(is_well)
