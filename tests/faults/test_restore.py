"""A backup comes back (hardening 3 H26): the drill in short, and the second before somebody deleted everything."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from deploy.backup.archiving import Archiving, Spool
from deploy.backup.choosing import NoBackup
from deploy.backup.drill import Drill, drill
from deploy.backup.recovering import Servers, recovered
from deploy.backup.restoring import InUse, Wish, refill, restore
from deploy.backup.shelf import Damaged, Shelf
from deploy.backup.taking import Source, take
from deploy.backup.tests.shipping import archiving
from deploy.backup.wal import SEGMENT
from deploy.local.credentials import Credentials
from deploy.local.data_folder import DataFolder
from deploy.local.nats import bus_users
from deploy.local.roles import DATABASE, role_url
from deploy.local.topology import MESH
from libs.common.bus import STREAM
from libs.common.migrate import SERVICES
from libs.common.recovery.places import Places, log_at
from libs.common.recovery.verify import Checker

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
ARCHIVE_SECONDS = 2
WRITING_SECONDS = 5


def quietly(subject: str, doing: str, done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class Held:
    """A drill that was held, and the folder with what it has left."""

    drill: Drill
    folder: Path


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    folder = tmp_path_factory.mktemp("drill")
    given = {"ARCHIVE_TIMEOUT": str(ARCHIVE_SECONDS)}
    done = asyncio.run(drill(folder, quietly, seconds=WRITING_SECONDS, players=2, photos=1, given=given))
    return Held(done, folder)


def test_the_drill_brings_everything_back_that_had_been_archived(held: Held) -> None:
    done = held.drill
    assert done.violations == []
    assert done.restored.missing == []
    assert done.holds
    # It was struck while players wrote, well after the backup; what is lost is younger than the last archived segment.
    assert done.after > done.written / 3
    assert done.until > done.taken.base.ended_at
    assert all(at > done.until for at, _, _ in done.lost)
    assert len(done.lost) < done.after / 2
    assert done.restored.pictures > done.taken.base.pictures / 2 > 0


def places_of(data_dir: Path, servers: Servers, bus: str) -> Places:
    passwords = Credentials.kept_in(data_dir, MESH.schemas, bus_users()).role_passwords
    urls = {service: role_url(urlsplit(servers.admin_url), service, passwords[service]) for service in SERVICES}
    return Places(urls, bus, f"file://{data_dir / 'blobs'}")


@contextmanager
def started(data_dir: Path, *, with_bus: bool) -> Iterator[Servers]:
    credentials = Credentials.kept_in(data_dir, MESH.schemas, bus_users())
    with recovered(DataFolder(data_dir), credentials, {}, with_bus=with_bus, careless=True) as servers:
        yield servers


async def tables(admin_url: str) -> dict[str, int]:
    """How many rows each table of the services has."""
    connection = await asyncpg.connect(admin_url, database=DATABASE)
    try:
        rows = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY($1)", list(SERVICES)
        )
        return {row[0]: await connection.fetchval(f"SELECT count(*) FROM {row[0]}") for row in rows}
    finally:
        await connection.close()


async def delete_everything(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url, database=DATABASE)
    try:
        names = [name for name in await tables(admin_url) if not name.endswith("alembic_version")]
        await connection.execute(f"TRUNCATE {', '.join(names)} CASCADE")
    finally:
        await connection.close()


async def tell_what_never_happened(bus: str) -> None:
    """The log goes on after the moment to which the database will be set back."""
    async with log_at(bus) as js:
        await js.publish("dex.deleted", b"{}", stream=STREAM, headers={"ce-id": str(uuid4())})


async def wrong(places: Places) -> list[str]:
    """What the checker finds, but for events that wait."""
    async with log_at(places.bus) as js:
        report = await Checker(places, js, sampled=1.0, grace=timedelta(0)).verify(patience=0)
    return [each.sentence for each in report.violations if each.invariant != "I6"]


@dataclass(frozen=True)
class Disaster:
    """Servers without services whose tables were emptied at `moment`; the log of events is ahead of that."""

    data_dir: Path
    servers: Servers
    shelf: Shelf
    moment: float
    rows: dict[str, int]


@pytest.fixture(scope="module")
def disaster(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disaster]:
    data_dir, shelf = held.folder / "restored", Shelf(tmp_path_factory.mktemp("disaster") / "shelf")
    with (
        started(data_dir, with_bus=True) as servers,
        archiving(Archiving(Spool(data_dir / "wal"), shelf, data_dir / "blobs")),
    ):
        blobs = f"file://{data_dir / 'blobs'}"
        source = Source(servers.admin_url, blobs, data_dir / "wal", data_dir / "credentials.json")

        async def strike() -> Disaster:
            assert (await take(source, shelf, quietly)).warnings == []
            rows, moment = await tables(servers.admin_url), time.time()
            await delete_everything(servers.admin_url)
            await tell_what_never_happened(servers.nats_url)
            # With the second backup the log up to here is on the shelf.
            assert (await take(source, shelf, quietly)).warnings == []
            return Disaster(data_dir, servers, shelf, moment, rows)

        yield asyncio.run(strike())


async def test_the_second_before_everything_was_deleted_comes_back(disaster: Disaster, tmp_path: Path) -> None:
    """And a log of events that has survived, and knows more than the database, is emptied and refilled."""
    back, bus = tmp_path / "back", disaster.servers.nats_url
    left = {name: rows for name, rows in (await tables(disaster.servers.admin_url)).items() if rows}
    assert set(left) == {f"{service}.alembic_version" for service in SERVICES}
    restored = await restore(Wish(disaster.shelf, back, moment=disaster.moment, careless=True), quietly)
    assert restored.missing == []
    assert restored.until is None or restored.until <= disaster.moment
    with started(back, with_bus=True) as servers:
        assert await tables(servers.admin_url) == disaster.rows
        # No service runs, so events wait for their consumers; nothing else is wrong.
        assert await wrong(places_of(back, servers, servers.nats_url)) == []
        surviving = places_of(back, servers, bus)
        assert any("nobody wrote it" in sentence for sentence in await wrong(surviving))
        refilled = await refill(surviving, quietly)
        assert refilled == restored.events
        assert sum(refilled.values()) > 0
        assert await wrong(surviving) == []


async def test_a_damaged_backup_is_refused_and_nothing_is_left_half_done(disaster: Disaster, tmp_path: Path) -> None:
    shelf, back = disaster.shelf, tmp_path / "back"
    wish = Wish(shelf, back, moment=disaster.moment, careless=True)
    with pytest.raises(InUse):
        await restore(replace(wish, data_dir=disaster.data_dir), quietly)
    with pytest.raises(NoBackup):
        await restore(replace(wish, moment=shelf.all()[0].begun_at), quietly)
    with pytest.raises(NoBackup, match="as far as the backups go"):
        await restore(replace(wish, moment=time.time()), quietly)
    base = shelf.all()[0]
    with damaged(shelf.folder_of(base) / "base.tar.gz", 5000), pytest.raises(Damaged, match="not as it was written"):
        await restore(wish, quietly)
    middle = sorted(path for path in shelf.wal.iterdir() if SEGMENT.fullmatch(path.stem))[-2]
    assert middle.stem > base.first_segment
    with damaged(middle, 60), pytest.raises(Damaged, match="damaged"):
        await restore(wish, quietly)
    with away(shelf.blobs / "media"), pytest.raises(Damaged, match="is not there"):
        await restore(wish, quietly)
    assert not back.exists()


@contextmanager
def damaged(path: Path, place: int) -> Iterator[None]:
    """One byte is another one."""
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    yield
    path.write_bytes(whole)


@contextmanager
def away(path: Path) -> Iterator[None]:
    path.rename(path.with_name("elsewhere"))
    yield
    path.with_name("elsewhere").rename(path)
