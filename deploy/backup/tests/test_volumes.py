"""A backup comes back into volumes, on a real PostgreSQL: nothing is destroyed, no old password has to be known."""

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from deploy.backup.archiving import Archiving, Spool
from deploy.backup.choosing import NoBackup
from deploy.backup.recovering import recovered
from deploy.backup.shelf import Busy, Shelf
from deploy.backup.taking import Source, take
from deploy.backup.tests.shipping import archiving
from deploy.backup.volumes import InUse, NotShipped, Volumes, _alone, restore_into
from deploy.local.credentials import Credentials
from deploy.local.data_folder import DataFolder
from deploy.local.nats import bus_users
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.readiness import wait_until
from deploy.local.roles import DATABASE, create_schemas
from deploy.local.topology import MESH

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
ANOTHER = "an/other@administrator's?"


def quietly(subject: str, doing: str, done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class Host:
    """Volumes as compose has them, after a disaster; two rows were acknowledged, of which the base has one."""

    shelf: Shelf
    volumes: Volumes
    blobs: str


@pytest.fixture
async def host(tmp_path: Path) -> Host:
    folder, shelf = DataFolder(tmp_path / "stack"), Shelf(tmp_path / "shelf")
    credentials = Credentials.kept_in(folder.path, MESH.schemas, bus_users())
    server = (folder.path / "postgres", 0, credentials.admin_password, folder.log("postgres"), dict(os.environ))
    Postgres(*server, careless=True, archives=True).initialize()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with recovered(folder, credentials, {}, with_bus=False, careless=True) as servers:
        create_schemas(servers.admin_url, credentials.role_passwords)
        connection = await asyncpg.connect(servers.admin_url, database=DATABASE)
        await connection.execute("CREATE TABLE marks (mark text); INSERT INTO marks VALUES ('in the base')")
        spool = Spool(folder.path / "wal")
        with archiving(Archiving(spool, shelf, pictures)):
            await take(Source(servers.admin_url, f"file://{pictures}", spool.folder), shelf, quietly)
        # The server goes on, and nobody carries its log away any more.
        await connection.execute("INSERT INTO marks VALUES ('in the log')")
        await connection.close()
    place = tmp_path / "volumes"
    for name in ("database/cluster", "bus/jetstream"):
        (place / name).mkdir(parents=True)
    (place / "database" / "cluster" / "seen").touch()
    (place / "database" / "restoring").mkdir()
    (place / "database" / "restoring" / "of one that was killed").touch()
    spool.folder.rename(place / "log")
    # Whoever runs the server may not reach into a closed folder of ours.
    tmp_path.chmod(0o711)
    return Host(shelf, Volumes(place / "database", place / "log", place / "bus", ()), f"file://{pictures}")


async def marks(cluster: Path, password: str) -> list[str]:
    """What the server says that runs in there, to whoever has this password."""
    log = cluster.parent / "server.log"
    server = Postgres(cluster, free_ports(1)[0], password, log, dict(os.environ), careless=True)
    program = server.program()
    process: subprocess.Popen[bytes] = program.start()
    try:
        wait_until(server.answers, program, process)
        connection = await asyncpg.connect(server.admin_url, database=DATABASE)
        try:
            return [row["mark"] for row in await connection.fetch("SELECT mark FROM marks ORDER BY mark")]
        finally:
            await connection.close()
    finally:
        process.send_signal(program.stop_signal)
        process.wait()


async def test_all_that_was_archived_comes_back_and_what_was_there_is_kept(host: Host) -> None:
    volumes = host.volumes
    back = await restore_into(volumes, host.shelf, host.blobs, ANOTHER, quietly)
    assert await marks(volumes.database / "cluster", ANOTHER) == ["in the base", "in the log"]
    bus, database = back.aside
    assert (bus / "jetstream").is_dir()
    assert (database / "cluster" / "seen").exists()
    assert [path for path in volumes.bus.iterdir() if path != bus] == []
    # Its log goes on, in a timeline of its own, on the same shelf.
    assert [path.name for path in Spool(volumes.spool).waiting() if path.suffix == ".history"] == ["00000002.history"]
    assert Spool(volumes.spool).is_kept
    assert not (volumes.database / "restoring").exists()
    assert list((volumes.database / "cluster").glob("restoring*")) == []


async def test_what_runs_is_left_alone(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        running = Volumes(host.volumes.database, host.volumes.spool, host.volumes.bus, (somebody.getsockname(),))
        with pytest.raises(InUse, match="stop everything first"):
            await restore_into(running, host.shelf, host.blobs, ANOTHER, quietly)
    with _alone(host.volumes.database), pytest.raises(Busy):
        await restore_into(host.volumes, host.shelf, host.blobs, ANOTHER, quietly)
    assert (host.volumes.database / "cluster" / "seen").exists()


async def test_what_cannot_be_restored_leaves_everything_as_it_was(host: Host) -> None:
    async def refused(expected: type[Exception], saying: str, moment: float | None = None) -> None:
        with pytest.raises(expected, match=saying):
            await restore_into(host.volumes, host.shelf, host.blobs, ANOTHER, quietly, moment=moment)
        assert (host.volumes.database / "cluster" / "seen").exists()
        assert (host.volumes.bus / "jetstream").is_dir()
        assert list(host.volumes.database.glob("before-*")) == []

    number = (host.shelf.path / "cluster").read_text()
    (host.shelf.path / "cluster").write_text("1\n")
    await refused(NotShipped, "files of the log cannot be put")
    (host.shelf.path / "cluster").write_text(number)
    await refused(NoBackup, "nothing before it", moment=1.0)
    (base,) = host.shelf.all()
    record = host.shelf.folder_of(base) / "backup.json"
    record.write_text(record.read_text().replace(f'"server_version": {base.server_version}', '"server_version": 17'))
    await refused(NoBackup, "is of PostgreSQL 17, and only 18")
