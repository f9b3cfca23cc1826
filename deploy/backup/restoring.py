"""Brings a backup back into a new data folder: the database to a moment, then its pictures, then the log of events.

The log of events is not backed up. One that has survived would be ahead of the database: it would tell of what has, as
far as the database knows, never happened, and hold the versions that will be given again. So the log begins empty, and
is refilled from the outboxes and the owners' present records before any service runs.
"""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.backup.choosing import NoBackup, chosen, log_since, must_be_of_this_version, must_be_whole
from deploy.backup.laid_open import LAID_OPEN, lay_open, set_password
from deploy.backup.pictures import Checksums, local_store, restored_copy
from deploy.backup.recovering import recovered, recovery_to
from deploy.backup.shelf import CREDENTIALS, Base, Damaged, Shelf
from deploy.backup.taking import Show
from deploy.backup.unpacking import lay_out_database, lay_out_log
from deploy.local.credentials import Credentials
from deploy.local.data_folder import DataFolder, write_private
from deploy.local.failure import StackFailure
from deploy.local.nats import bus_users
from deploy.local.roles import create_schemas
from deploy.local.topology import MESH
from libs.common.migrate import SERVICES, migrate
from libs.common.provision import provision
from libs.common.recovery.anew import begin_log_anew
from libs.common.recovery.audit import Named, audit_of
from libs.common.recovery.places import Places, engine_of, log_at
from libs.common.recovery.republish import republish
from libs.common.recovery.snapshot import announce

COPYING: Final = 8
NOT_REACHED: Final = "recovery ended before configured recovery target was reached"
"""The server's own words."""


class InUse(Exception):
    """There is something in the folder already."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back.

    until    when the last write was committed that is there (Unix time); None: none since the base
    events   service → how many went into the new log
    missing  pictures that rows name and the backup does not have
    """

    base: Base
    until: float | None
    pictures: int
    missing: list[str]
    events: dict[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What is restored where.

    moment       Unix time; None: all there is
    credentials  the secrets' file, where the backup is without them
    bus_url      a log of events that is not the folder's own; it is emptied
    blob_url     a store of pictures that is not the folder's own
    careless     the servers do not sync; for tests
    admin_password  what the administrator's is from then on; the secrets are others' business then
    with_log     False: the log of events is others' business; they begin it anew and refill it
    """

    shelf: Shelf
    data_dir: Path
    moment: float | None = None
    credentials: Path | None = None
    bus_url: str = ""
    blob_url: str = ""
    careless: bool = False
    admin_password: str = ""
    with_log: bool = True


async def restore(wish: Wish, show: Show) -> Restored:
    """Restores; call it in a thread that lives until the end. A restore that fails leaves nothing in the folder.

    Raises:
        InUse, NoBackup, Damaged; StackFailure: the database says why; OSError
    """
    began = time.monotonic()
    if wish.data_dir.exists() and any(wish.data_dir.iterdir()):
        raise InUse(f"{wish.data_dir} is not empty: a backup is restored into a new folder only")
    base = chosen(wish.shelf, wish.moment)
    must_be_of_this_version(base)
    show("database", "checking the backup", 0, 1)
    must_be_whole(wish.shelf, base)
    files = log_since(wish.shelf, base)
    folder = DataFolder(wish.data_dir)
    lock = folder.lock()
    try:
        _lay_out(wish, base, files, folder, show)
        until, pictures, missing, events = await _bring_back(wish, folder, show)
        shutil.rmtree(folder.path / "restoring", ignore_errors=True)
    except StackFailure as failure:
        shutil.rmtree(folder.path, ignore_errors=True)
        if NOT_REACHED in str(failure):
            raise NoBackup("nothing was written after that moment, as far as the backups go; leave --at out") from None
        raise
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    finally:
        os.close(lock)
    folder.note(f"restored from the backup {base.name}")
    return Restored(base, until, pictures, missing, events, time.monotonic() - began)


def _lay_out(wish: Wish, base: Base, files: list[Path], folder: DataFolder, show: Show) -> None:
    kept = folder.path / CREDENTIALS
    if wish.admin_password:
        write_private(kept, {"admin_password": wish.admin_password})
    else:
        secrets = wish.credentials or wish.shelf.folder_of(base) / CREDENTIALS
        if not secrets.exists():
            raise Damaged(
                "the backup is without the stack's secrets; name their file (credentials.json) by --credentials"
            )
        kept.touch(mode=0o600)
        kept.write_bytes(secrets.read_bytes())
    lay_out_database(wish.shelf, base, folder.path / "postgres", show)
    lay_out_log(files, folder.path, show)
    if wish.admin_password:
        lay_open(folder.path / "postgres")


async def _bring_back(
    wish: Wish, folder: DataFolder, show: Show
) -> tuple[float | None, int, list[str], dict[str, int]]:
    credentials = Credentials.kept_in(folder.path, MESH.schemas, bus_users())
    show("database", "replaying the log", 0, 1)
    settings = recovery_to(wish.moment) | (LAID_OPEN if wish.admin_password else {})
    with_bus = wish.with_log and not wish.bus_url
    with recovered(folder, credentials, settings, with_bus=with_bus, careless=wish.careless) as servers:
        if wish.admin_password:
            await set_password(folder.path / "postgres", servers.admin_url)
        until = await _last_commit(servers.admin_url)
        show("database", "restored", 1, 1)
        urls = create_schemas(servers.admin_url, credentials.role_passwords)
        for done, service in enumerate(SERVICES):
            show("schemas", f"migrating {service}", done, len(SERVICES))
            await migrate(service, urls[service])
        show("schemas", "migrated", len(SERVICES), len(SERVICES))
        places = Places({service: urls[service] for service in SERVICES}, wish.bus_url or servers.nats_url)
        pictures, missing = await _bring_pictures(wish, places, folder.blobs, show)
        events = await refill(places, show) if wish.with_log else {}
    return until, pictures, missing, events


async def _last_commit(admin_url: str) -> float | None:
    connection = await asyncpg.connect(admin_url)
    try:
        until = await connection.fetchval("SELECT pg_last_xact_replay_timestamp()")
        return until.timestamp() if until else None
    finally:
        await connection.close()


async def _bring_pictures(wish: Wish, places: Places, own: Path, show: Show) -> tuple[int, list[str]]:
    """Those that the restored rows name, and no others: what was deleted by then, or came later, stays away."""
    target = local_store(wish.blob_url) if wish.blob_url else own
    if target is None:
        return 0, []
    named = [file for service, url in places.databases.items() for file in await _names(service, url)]
    known = Checksums(wish.shelf.checksums).read()
    keys = sorted({file.key for file in named} & known.keys())
    must_be = {file.key for file in named if file.must_be}
    missing = sorted(key for key in must_be - known.keys() if not (target / key).exists())

    def bring(key: str) -> None:
        if not (target / key).exists():
            restored_copy(wish.shelf, key, known[key], target)

    with ThreadPoolExecutor(COPYING) as threads:
        for done, _ in enumerate(threads.map(bring, keys), start=1):
            show("pictures", "copying", done, len(keys))
    return len(keys), missing


async def _names(service: str, url: str) -> list[Named]:
    async with engine_of(url) as engine, engine.connect() as connection:
        session = AsyncSession(connection)
        return [named for names in audit_of(service).names async for named in names(session)]


async def refill(places: Places, show: Show) -> dict[str, int]:
    """Empties the log and fills it with what the databases tell; returns how many events of each service.

    Raises:
        NotDrained: the bus refuses them.
    """
    async with log_at(places.bus) as js:
        await begin_log_anew(js)
        await provision(
            places.bus,
            SERVICES,
            replicas=int(os.environ.get("EVENT_STREAM_REPLICAS", "1")),
            max_bytes=int(os.environ.get("EVENT_STREAM_MAX_BYTES", "0")),
        )
        sent = await republish(places, js, show)
        told = await announce(places, js, show)
    return {service: sent[service] + told[service] for service in places.databases}
