"""A backup comes back into compose's own volumes, by the steps of docs/runbooks/restore.md, on real containers."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from deploy.backup.shelf import Shelf
from deploy.backup.wal import PACKED
from tests.deploy.compose.entering import PROGRAM
from tests.deploy.compose.running import PROJECT, Project, running
from tests.e2e.godot_models import Animal
from tests.e2e.godot_screens import Game
from tests.mesh import until, wait_for_taxonomy

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

PHOTOS = Path(__file__).parents[2] / "photos"
PASSWORD = "a photo of a tawny owl"
ANOTHER = "an/other@administrator's?"
OFF = {"THROTTLE_ANON_RATE": "off", "THROTTLE_USER_RATE": "off", "THROTTLE_UPLOAD_RATE": "off"}
RUN_SECONDS = 300.0
ARCHIVED_SECONDS = 60.0
SWITCH = """
import asyncio, asyncpg
from libs.common.secret_files import given
async def main():
    connection = await asyncpg.connect(given("ADMIN_DATABASE_URL"))
    print(await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())"))
asyncio.run(main())
"""
"""Has the log's last file ended now, not when it is a minute old; says its name."""


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    with running("restored", **OFF) as (found, _):
        wait_for_taxonomy(found.url)
        yield found


def run(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """`docker compose run --rm WORDS`, as an operator gives it."""
    compose = (*shlex.split(os.environ[PROGRAM]), "-p", PROJECT, "-f", str(project.folder / "compose.yml"))
    command = (*compose, "--profile", "commands", "run", "--rm", "-T", *words)
    return subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False, timeout=RUN_SECONDS)


def ran(project: Project, *words: str) -> str:
    done = run(project, *words)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
    assert done.returncode == 0, words
    return done.stdout


def told(project: Project, *words: str) -> dict[str, Any]:
    """What a command of ours says in JSON; compose itself may have said something before."""
    said = ran(project, *words, "--json")
    found: dict[str, Any] = json.loads(said[said.index("{") :])
    return found


def volume(project: Project, name: str) -> Path:
    (found,) = json.loads(project.podman("volume", "inspect", f"{PROJECT}_{name}"))
    return Path(found["Mountpoint"])


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


async def catch(game: Game, photo: str) -> str:
    """Returns the new entry's checksum of its picture."""
    job = await game.camera((PHOTOS / photo).read_bytes())
    assert isinstance(job.card, Animal), job.status
    entry = await game.create_entry(job)
    item = (await game.dex())[job.card.creation_index]
    assert item.id == entry
    return item.checksum


async def pictures(game: Game) -> set[str]:
    """The checksums of what the player's own dex shows, each held against the bytes."""
    found = {item.checksum: await game.picture(item.picture) for item in (await game.dex()).values()}
    assert all(hashlib.sha256(data).hexdigest() == checksum for checksum, data in found.items())
    return set(found)


async def archived(project: Project) -> None:
    """All that is written until now is among the backups."""
    name = project.run_inside("backup", SWITCH).stdout.strip()
    target = Shelf(project.folder / "backups").wal / f"{name}{PACKED}"

    async def is_there() -> bool:
        return target.exists()

    await until(is_there, ARCHIVED_SECONDS)


async def test_everything_acknowledged_comes_back(project: Project) -> None:
    ada, ben = Game(project.url), Game(project.url)
    for game, name in ((ada, "ada"), (ben, "ben")):
        assert await game.create_account(name, f"{name}@example.com", PASSWORD) == ""
    caught = {await catch(ada, "koala.webp")}
    assert told(project, "--no-deps", "commands", "backup")["warnings"] == []
    # From here on only the log has it.
    caught.add(await catch(ada, "jaguar.webp"))
    await ada.add_friend((await ben.social()).code)
    (request,) = (await ben.social()).requests
    await ben.respond(request, "accept")
    await archived(project)

    refused = run(project, "--no-deps", "restore")
    assert refused.returncode == 1
    assert "runs, and would be restored under its feet" in refused.stdout + refused.stderr

    project.compose("stop")
    lost, bus = volume(project, "database"), volume(project, "bus")
    shutil.rmtree(lost / "cluster" / "base")
    (lost / "cluster" / "seen").touch()
    emptied(volume(project, "pictures"))
    # As if this machine were a new one: another password, and nobody knows of backups.
    emptied(volume(project, "log"))
    _change_administrator(project.folder / "secrets")

    back = told(project, "--no-deps", "restore")
    print(f"restored in {back['seconds']:.1f} s: {back['base']['name']}, {back['pictures']} pictures")
    assert back["missing"] == []
    (before,) = lost.glob("before-*")
    assert (before / "cluster" / "seen").exists()
    (old_bus,) = bus.glob("before-*")
    assert (old_bus / "jetstream").is_dir()
    assert [path.name for path in bus.iterdir()] == [old_bus.name]
    assert not (lost / "restoring").exists()

    for step in ("roles", "provision"):
        ran(project, step)
    republished = told(project, "--no-deps", "commands", "bus", "republish", "--all")
    assert sum(republished.values()) > 0
    told(project, "--no-deps", "commands", "bus", "snapshot")
    project.compose("up", "-d", "--no-build")
    project.wait_until_healthy()

    report = told(project, "--no-deps", "commands", "bus", "verify", "--patience", "60", "--grace", "0")
    assert report["holds"], report["violations"]
    assert report["files"] > 0
    assert httpx.get(f"{project.url}/ready/").json() == {"status": "ready"}
    for name, own in (("ada", caught), ("ben", set())):
        again = Game(project.url)
        await again.login(name, PASSWORD)
        assert await pictures(again) == own
        assert [friend.name for friend in await again.friends()] == [{"ada": "ben", "ben": "ada"}[name]]

    # And it goes on: writes, and a log that reaches the backups.
    new = await catch(ben, "koala.webp")
    assert await pictures(ben) == {new}
    await archived(project)
    assert told(project, "--no-deps", "commands", "backup")["warnings"] == []


def _change_administrator(secrets: Path) -> None:
    """What an installation has that was made anew, by somebody who likes characters that addresses do not."""
    kept, address = secrets / "postgres-admin" / "password", secrets / "roles" / "admin_database_url"
    address.write_text(address.read_text().replace(kept.read_text(), quote(ANOTHER, safe="")))
    kept.write_text(ANOTHER)
