"""Starting a stack: with old data, with given servers, and where it cannot start."""

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.local.data_folder import DataFolder
from deploy.local.failure import StackFailure
from deploy.local.servers import Servers
from deploy.local.stack import Stack
from deploy.local.tests.small_stack import SMALL
from deploy.local.tests.waiting import described, processes_of
from deploy.local.topology import Preparation, Process, Topology

ONE = Topology(SMALL.processes[:1])


def start(folder: Path, topology: Topology = ONE, **more: object) -> Stack:
    return Stack(folder, topology=topology, careless=True, **more)


def test_a_restart_finds_data_and_credentials(tmp_path: Path) -> None:
    with start(tmp_path):
        before = described(tmp_path)
        httpx.post(f"{before['processes']['users']['url']}/numbers/7/").raise_for_status()
    assert not (tmp_path / "topology.json").exists()
    assert processes_of(tmp_path) == []
    with start(tmp_path):
        after = described(tmp_path)
        assert httpx.get(f"{after['processes']['users']['url']}/numbers/").json() == [7]
    assert after["postgres"]["password"] == before["postgres"]["password"]


def test_given_servers_are_used_instead_of_own_ones(tmp_path: Path, running_servers: Servers) -> None:
    given = {"ADMIN_DATABASE_URL": running_servers.admin_url, "NATS_URL": running_servers.nats_url}
    topology = Topology((Process("guest", SMALL.processes[0].app, "guest", "GUEST_URL"),))
    with start(tmp_path, topology, environment=given):
        description = described(tmp_path)
        assert set(description["processes"]) == {"guest"}
        assert description["nats"]["url"] == running_servers.nats_url
        url = description["processes"]["guest"]["url"]
        httpx.post(f"{url}/numbers/1/").raise_for_status()
        assert "ADMIN_DATABASE_URL" not in httpx.get(f"{url}/environment/").json()


def test_settings_of_the_caller_reach_the_processes(tmp_path: Path) -> None:
    given = {"OPENAI_MODEL": "gpt-test", "PUBLIC_BASE_URL": "https://dex.example", "PORT": "1", "DATABASE_URL": "x"}
    with start(tmp_path, environment=given):
        process = described(tmp_path)["processes"]["users"]
        environment = httpx.get(f"{process['url']}/environment/").json()
    assert environment["OPENAI_MODEL"] == "gpt-test"
    assert environment["PUBLIC_BASE_URL"] == "https://dex.example"
    assert environment["PORT"] == str(process["port"])
    assert environment["DATABASE_URL"] != "x"


def test_one_folder_serves_one_stack(tmp_path: Path) -> None:
    with start(tmp_path, Topology(())), pytest.raises(StackFailure, match=r"in use by another stack \(pid \d+\)"):
        start(tmp_path, Topology(())).start()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackFailure, match=f"Port {port} is taken"):
            start(tmp_path, port=port).start()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    broken = Topology((*ONE.processes, replace(ONE.processes[0], name="broken", app="deploy.local.nowhere:app")))
    with pytest.raises(StackFailure, match=r"(?s)broken ends again and again.*nowhere"):
        start(tmp_path, broken).start()
    assert processes_of(tmp_path) == []


def test_a_failed_preparation_stops_the_start(tmp_path: Path) -> None:
    topology = Topology(ONE.processes, (Preparation("prepare", "deploy.local", ("nonsense",)),))
    with pytest.raises(StackFailure, match=r"(?s)prepare has failed.*usage"):
        start(tmp_path, topology).start()
    assert processes_of(tmp_path) == []


def test_a_preparation_knows_every_database(tmp_path: Path) -> None:
    # `python -m timeit` runs a statement: this one fails where a name is missing.
    statement = "import os; os.environ['MIGRATE_USERS_DATABASE_URL'] + os.environ['NATS_URL']"
    with start(tmp_path, Topology(ONE.processes, (Preparation("look", "timeit", ("-n1", "-r1", statement)),))):
        assert "1 loop" in (tmp_path / "logs" / "look.log").read_text()


def test_a_log_that_has_grown_too_large_makes_room(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (tmp_path / "logs" / "nats.log").open("wb") as log:
        log.truncate(21 * 1024 * 1024)
    with start(tmp_path, Topology(())):
        assert (tmp_path / "logs" / "nats.log").stat().st_size < 1024 * 1024
    assert (tmp_path / "logs" / "nats.log.1").stat().st_size == 21 * 1024 * 1024


def test_python_runs_the_processes_that_runs_us(tmp_path: Path) -> None:
    with start(tmp_path):
        import psutil

        assert psutil.Process(described(tmp_path)["processes"]["users"]["pid"]).cmdline()[0] == sys.executable


@pytest.mark.skipif(os.geteuid() != 0, reason="the database runs as somebody else only where we are root")
def test_a_closed_folder_lets_the_database_pass(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    DataFolder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o701
