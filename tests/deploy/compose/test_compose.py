"""All of deploy/compose.yml, run from its images: it gets healthy, plays, refuses, restarts, stays small and apart."""

import hashlib
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.backup.shelf import Shelf
from deploy.local.topology import MESH
from tests.deploy.compose.running import Project, running
from tests.e2e.godot_models import Animal
from tests.e2e.godot_screens import Game
from tests.mesh import wait_for_taxonomy

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

UP_SECONDS = 90.0
IDLE_BYTES = 1.6e9
QUIET = 2.0
"""A machine whose load before the start is above this is too busy for its seconds to say anything."""
SETTLE_SECONDS = 20.0
PHOTOS = Path(__file__).parents[2] / "photos"
PASSWORD = "a photo of a tawny owl"
OFF = {"THROTTLE_ANON_RATE": "off", "THROTTLE_USER_RATE": "off", "THROTTLE_UPLOAD_RATE": "off"}
REACH = "import socket; socket.create_connection(('{}', {}), 2)"
HAS_A_WAY_OUT = "print(any(line.split()[1] == '00000000' for line in open('/proc/net/route').readlines()[1:]))"


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    before = float(Path("/proc/loadavg").read_text().split()[0])
    with running(**OFF) as (found, seconds):
        print(f"\ncompose: from images to healthy in {seconds:.0f} s (bound {UP_SECONDS:.0f} s; load before: {before})")
        assert seconds < UP_SECONDS or before > QUIET
        wait_for_taxonomy(found.url)
        yield found


def test_everything_is_healthy_and_what_comes_before_has_succeeded(project: Project) -> None:
    assert set(project.health()) == {
        *(process.name for process in MESH.processes if not process.edge),
        *("gateway-1", "gateway-2", "front", "postgres", "nats", "backup"),
    }
    project.wait_until_healthy(seconds=60)
    ended = {name: each["State"]["ExitCode"] for name, each in project.inspect().items() if not each["State"]["Pid"]}
    assert ended == dict.fromkeys(("folders", "roles", "provision", *(f"migrate-{name}" for name in MESH.schemas)), 0)


async def test_two_players_catch_animals_and_become_friends(project: Project) -> None:
    ada, ben = Game(project.url), Game(project.url)
    for game, name, photo in ((ada, "ada", "koala.webp"), (ben, "ben", "jaguar.webp")):
        assert await game.create_account(name, f"{name}@example.com", PASSWORD) == ""
        job = await game.camera((PHOTOS / photo).read_bytes())
        assert isinstance(job.card, Animal), job.status
        entry = await game.create_entry(job)
        item = (await game.dex())[job.card.creation_index]
        assert item.id == entry
        assert hashlib.sha256(await game.picture(item.picture)).hexdigest() == item.checksum
    await ada.add_friend((await ben.social()).code)
    (request,) = (await ben.social()).requests
    await ben.respond(request, "accept")
    assert [friend.name for friend in await ada.friends()] == ["ben"]
    assert await ada.tree()


def test_the_front_refuses_what_is_too_large(project: Project) -> None:
    assert _status("POST /api/v1/vision/jobs/ HTTP/1.1", "Content-Length: 20000000") == 413
    assert _status("GET /api/v1/animals/ HTTP/1.1", f"X-Long: {'x' * 40_000}") == 431
    for path in ("/metrics/", "/internal/anything/"):
        assert httpx.get(f"{project.url}{path}").status_code == 404


def test_only_the_front_can_be_reached_and_networks_are_apart(project: Project) -> None:
    published = {name: each["HostConfig"]["PortBindings"] for name, each in project.inspect().items()}
    assert {name for name, ports in published.items() if any((ports or {}).values())} == {"front"}
    assert published["front"]["8080/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8080"}]
    addresses = {
        name: next(net["IPAddress"] for net in each["NetworkSettings"]["Networks"].values() if net["IPAddress"])
        for name, each in project.inspect("postgres", "nats").items()
    }
    assert project.run_inside("dex", REACH.format("postgres", 5432)).returncode == 0
    assert project.run_inside("gateway-1", REACH.format("nats", 4222)).returncode == 0
    for service, host, port in (
        ("gateway-1", "postgres", 5432),
        ("gateway-1", addresses["postgres"], 5432),
        ("backup", "nats", 4222),
        ("backup", addresses["nats"], 4222),
    ):
        assert project.run_inside(service, REACH.format(host, port)).returncode, f"{service} reaches {host}"
    out = {
        name: project.run_inside(name, HAS_A_WAY_OUT).stdout.strip()
        for name in ("dex", "users", "graph", "backup", "vision-worker")
    }
    assert out == dict.fromkeys(("dex", "users", "graph", "backup"), "False") | {"vision-worker": "True"}


def test_containers_may_do_little(project: Project) -> None:
    for name, each in project.inspect().items():
        assert each["HostConfig"]["ReadonlyRootfs"], name
        assert each["Config"]["User"] == ("0:0" if name == "folders" else "10001:10001"), name
        assert each["EffectiveCaps"] in ([], None) or name == "folders", name
    found = project.run_inside("users", "print(open('/proc/self/status').read())").stdout
    assert "NoNewPrivs:\t1" in found
    assert "CapEff:\t0000000000000000" in found
    assert project.run_inside("users", "open('/app/new', 'w')").returncode


def test_it_is_small_when_idle(project: Project) -> None:
    time.sleep(SETTLE_SECONDS)  # What starting and playing has left is given back meanwhile.
    sizes: Counter[str] = Counter()
    for service, process in project.processes():
        sizes[service] += process.memory_full_info().pss
    for service, size in sizes.most_common():
        print(f"  {service:15} {size / 1e6:6.0f} MB")
    print(f"compose: {sum(sizes.values()) / 1e9:.2f} GB when idle, by PSS (bound {IDLE_BYTES / 1e9} GB)")
    assert sum(sizes.values()) <= IDLE_BYTES


def test_an_absent_stand_in_costs_nothing(project: Project) -> None:
    """Every second address names a container that is not there."""
    with httpx.Client(base_url=project.url) as client:
        client.get("/api/v1/animals/").raise_for_status()
        took = []
        for _ in range(40):
            began = time.monotonic()
            client.get("/api/v1/animals/").raise_for_status()
            took.append(time.monotonic() - began)
            time.sleep(0.05)  # Longer than the second after which one that was away is tried again.
    print(
        f"compose: a read through the front takes {sorted(took)[20] * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms"
    )
    assert max(took) < 1.0


def test_a_backup_was_taken_and_another_can_be(project: Project) -> None:
    shelf = Shelf(project.folder / "backups")
    first = [base.name for base in shelf.all()]
    assert first
    said = project.podman("exec", project.id("backup"), "python", "-m", "deploy.commands", "backup", "--json")
    assert json.loads(said)["warnings"] == []
    assert [base.name for base in shelf.all()] == [*first, json.loads(said)["base"]["name"]]


def test_one_service_is_restarted_and_the_others_play_on(project: Project) -> None:
    before = project.inspect("dex")["dex"]["State"]["StartedAt"]
    project.compose("restart", "dex")
    project.wait_until_healthy("dex", seconds=60)
    assert project.inspect("dex")["dex"]["State"]["StartedAt"] > before
    assert httpx.get(f"{project.url}/ready/").json() == {"status": "ready"}


def test_whoever_dies_is_started_again(project: Project) -> None:
    project.podman("kill", "--signal", "KILL", project.id("gateway-1"))
    assert httpx.get(f"{project.url}/api/v1/animals/").status_code == 200
    project.wait_until_healthy("gateway-1", seconds=60)


def _status(line: str, header: str) -> int:
    with socket.create_connection(("127.0.0.1", 8080), timeout=10) as connection:
        connection.sendall(f"{line}\r\nHost: 127.0.0.1:8080\r\n{header}\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])
