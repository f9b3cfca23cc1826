"""What is on this machine: folders, disks, ports, files, images, and the way out."""

import json
import os
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from deploy.operate.checks import disk, folders, images, machine, network, ports
from deploy.operate.composed import composed
from deploy.operate.embedded import embedded
from deploy.operate.installation import Installation, Process
from deploy.operate.looks.disks import Disk, look_at_disks
from deploy.operate.state import State
from deploy.operate.tests.project import Project, ids
from deploy.operate.tests.test_certificate import write_certificate
from deploy.rollout.containers import Container

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """What a stack leaves behind that has ended."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o711)
    for name in ("logs", "blobs", "nats", "backups"):
        (folder / name).mkdir(mode=0o700)
    (folder / "credentials.json").touch(mode=0o600)
    (folder / "credentials.json").write_text("{}")
    return folder


def give_away(folder: Path) -> None:
    """To somebody else; who is not root puts another's folder in its place."""
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    else:
        folder.rmdir()
        folder.symlink_to("/usr")


def test_folders_as_a_stack_makes_them(data_dir: Path) -> None:
    assert ids(folders, embedded(data_dir), State()) == []


@pytest.mark.parametrize("name", ["credentials.json", "blobs", "backups"])
def test_others_may_look_in(data_dir: Path, name: str) -> None:
    (data_dir / name).chmod(0o755)
    assert ids(folders, embedded(data_dir), State()) == ["folders.open-to-others"]


def test_a_folder_of_somebody_else(data_dir: Path) -> None:
    give_away(data_dir / "logs")
    assert "folders.other-owner" in ids(folders, embedded(data_dir), State())


def test_a_data_folder_that_the_database_may_not_pass(data_dir: Path) -> None:
    (data_dir / "wal").mkdir(mode=0o700)
    give_away(data_dir / "wal")
    seen = Installation("embedded", "", data_dir=data_dir, spool=data_dir / "wal")
    assert ids(folders, seen, State()) == []
    data_dir.chmod(0o700)
    assert ids(folders, seen, State()) == ["folders.closed-to-database"]


def test_a_folder_of_pictures_that_is_not_mounted(data_dir: Path) -> None:
    seen = Installation("embedded", "", runs=True, blobs=f"file://{data_dir}/elsewhere")
    assert ids(folders, seen, State()) == ["folders.missing"]


def test_a_folder_that_cannot_be_written_to() -> None:
    """/proc is one for root as well."""
    seen = Installation("embedded", "", runs=True, blobs="file:///proc/sys")
    assert ids(folders, seen, State()) == ["folders.not-writable"]


def test_the_disk_of_this_machine_is_looked_at_once(data_dir: Path) -> None:
    found = look_at_disks(embedded(data_dir).disks)
    assert [seen.holds for seen in found] == [("data", "pictures", "backups")]
    assert found[0].free == pytest.approx(shutil.disk_usage(data_dir).free, rel=0.05)


@pytest.mark.parametrize(
    ("free", "share", "files", "found"),
    [
        (500 * 10**9, 0.5, 0.5, []),
        (500 * 10**9, 0.1, 0.5, ["disk.low"]),
        (500 * 10**9, 0.01, 0.5, ["disk.full"]),
        (500 * 10**6, 0.5, 0.5, ["disk.full"]),
        (500 * 10**9, 0.5, 0.01, ["disk.inodes"]),
    ],
)
def test_a_disk_that_fills(free: int, share: float, files: float, found: list[str]) -> None:
    seen = State(disks=(Disk(("data",), "/", 10**12, free, share, files),))
    assert ids(disk, Installation("embedded", ""), seen) == found


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_is_taken(taken: int) -> None:
    at_rest = Installation("embedded", "", port=taken)
    assert ids(ports, at_rest, State()) == ["ports.taken"]
    assert str(os.getpid()) in next(ports.check(at_rest, State())).sentence


def test_a_port_that_is_free(taken: int) -> None:
    del taken
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    assert ids(ports, Installation("embedded", "", port=port), State()) == []


def test_the_port_of_compose_is_that_of_its_settings(project: Project, taken: int) -> None:
    project.say(f"BIND=127.0.0.1:{taken}\n")
    assert ids(ports, composed(project.folder), State()) == ["ports.taken"]


class Alive(BaseHTTPRequestHandler):
    """Answers as our front does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "alive"}')

    def log_message(self, *_what: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_port_of_compose_is_taken_by_its_own_front(project: Project, tmp_path: Path, is_closed: bool) -> None:
    with HTTPServer(("127.0.0.1", 0), Alive) as front:
        if is_closed:
            write_certificate(tmp_path / "tls")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "tls" / "fullchain.pem", tmp_path / "tls" / "privkey.pem")
            front.socket = context.wrap_socket(front.socket, server_side=True)
        threading.Thread(target=front.serve_forever, args=(0.05,), daemon=True).start()
        project.say(f"BIND=127.0.0.1:{front.server_port}\n")
        found = ids(ports, composed(project.folder), State())
        front.shutdown()
    assert found == []


def test_a_machine_as_this_one() -> None:
    assert "time-zones.missing" not in ids(machine, Installation("compose", ""), State())


def test_few_files_may_be_opened() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
        assert "machine.open-files" in ids(machine, Installation("embedded", ""), State())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_that_has_opened_nearly_all() -> None:
    code = "import os, sys; files = [open('/dev/null') for _ in range(90)]; print('x', flush=True); sys.stdin.read()"
    limited = ["prlimit", "--nofile=100:100", sys.executable, "-c", code]
    with subprocess.Popen(limited, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        seen = Installation("embedded", "", processes=(Process("dex", "dex", "", process.pid),))
        found = ids(machine, seen, State())
        assert process.stdin
        process.stdin.close()
    assert "machine.open-files-used" in found


def test_without_time_zones() -> None:
    """Another process, because they are looked for once."""
    code = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from deploy.operate.checks.machine import check\n"
        "from deploy.operate.installation import Installation\n"
        "from deploy.operate.state import State\n"
        "import json; print(json.dumps([f.kind.id for f in check(Installation('compose', ''), State())]))"
    )
    told = dict(os.environ) | {"PYTHONTZPATH": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=told, capture_output=True, text=True, check=True)
    assert "time-zones.missing" in json.loads(done.stdout)


@pytest.mark.parametrize(
    ("free", "total", "found"), [(2**27, 2**33, "machine.memory"), (2**29, 2**30, "machine.small")]
)
def test_little_memory(monkeypatch: pytest.MonkeyPatch, free: int, total: int, found: str) -> None:
    """Cannot be caused here without hurting others: only what the system says is played."""
    said = psutil.virtual_memory()._replace(available=free, total=total)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: said)
    assert found in ids(machine, Installation("compose", ""), State())


def container(image: str, *, runs: bool = True, code: int = 0, restarts: int = 0) -> Container:
    return Container("0" * 64, "2026-11-20", image, "sha256:0", runs, code, restarts, {}, {})


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (container("biologidex/dex:0123456789ab"), []),
        (container("localhost/biologidex/dex:0123456789ab"), []),
        (container("biologidex/dex:ba9876543210"), ["images.differ"]),
        (container("biologidex/dex:0123456789ab", runs=False, code=1), ["images.not-running"]),
        (container("biologidex/dex:0123456789ab", restarts=5), ["images.restarts"]),
    ],
)
def test_what_runs_is_what_is_written(project: Project, seen: Container, found: list[str]) -> None:
    project.say("DEX_TAG=0123456789ab\n")
    told = images.check_containers(composed(project.folder), {"dex": seen})
    assert [finding.kind.id for finding in told] == found


async def test_the_model_can_be_reached(taken: int) -> None:
    def told(url: str) -> Installation:
        return Installation("embedded", "", told={"vision-worker": {"OPENAI_BASE_URL": url}})

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()[1]
        (finding,) = await network.ask_the_model(told(f"http://127.0.0.1:{closed}/v1"))
    assert finding.kind.id == "network.model"
    (finding,) = await network.ask_the_model(told("http://no-such-host.invalid/v1"))
    assert finding.kind.id == "network.dns"
