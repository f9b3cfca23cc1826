"""Takes a backup while everything runs: the database first, then the pictures, then what has become too old goes.

The database comes first because a file is written before the row that names it: whatever rows the copy holds, their
files are in the store when the pictures are copied afterwards. The other way round, the last rows would name files that
the backup lacks.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Final

import asyncpg

from deploy.backup.archiving import Spool
from deploy.backup.pictures import Checksums, Pictures, local_store
from deploy.backup.programs import NotThere, copy_database, verify_copy
from deploy.backup.shelf import CREDENTIALS, KEPT, Base, Shelf, at
from deploy.backup.told import tell
from deploy.backup.wal import PACKED, forget_before, segment_at
from libs.common.whole_files import write_whole

UNFINISHED: Final = ".unfinished-"
SHIPPED_SECONDS: Final = 60.0

Show = Callable[[str, str, int, int], None]
"""Is told: what of, what is being done, how far, of how many."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up.

    admin_url    of the database's administrator, form `postgresql://user:password@host:port/database`
    blob_url     of the store of pictures
    spool        where the server archives its log; None: whoever runs the server sees to its log
    credentials  the file with the secrets of the stack; None: they are kept elsewhere
    """

    admin_url: str
    blob_url: str
    spool: Path | None = None
    credentials: Path | None = None


@dataclass(slots=True)
class Taken:
    """What a backup did. `warnings` are sentences that somebody should read."""

    base: Base
    new_pictures: int
    removed_bases: int
    removed_segments: int
    removed_pictures: int
    seconds: float
    warnings: list[str] = field(default_factory=list)


async def take(source: Source, shelf: Shelf, show: Show, *, keep: int = KEPT) -> Taken:
    """Takes one, and removes all but the last `keep` with what only they needed.

    Raises:
        NotOurs: the shelf is another database's. Busy. Failed, NotThere: see `programs`. OSError, asyncpg.PostgresError
    """
    shelf.set_up()
    with shelf.taking():
        return await _take(source, shelf, show, keep)


async def _take(source: Source, shelf: Shelf, show: Show, keep: int) -> Taken:
    began, warnings = time.monotonic(), list[str]()
    connection = await asyncpg.connect(source.admin_url)
    try:
        shelf.claim(await connection.fetchval("SELECT system_identifier FROM pg_control_system()"))
        if await connection.fetchval("SHOW archive_mode") == "off":
            warnings.append("The server keeps no log: what comes after this backup cannot be restored.")
        if source.spool:
            spool = Spool(source.spool)
            if spool.given_up_at:
                warnings.append(
                    f"The log was given up at {at(spool.given_up_at)} UTC: nothing from then on to this backup."
                )
            spool.keep()
        folder, base = await _copy(connection, source, shelf, show, warnings)
        new = await asyncio.to_thread(_copy_pictures, source, shelf, show, warnings)
        base = _finished(folder, base, shelf, source)
        if source.spool:
            await _wait_for_log(connection, shelf, show, warnings)
    except BaseException:
        if source.spool and not shelf.all():
            Spool(source.spool).let_go()
        raise
    finally:
        await connection.close()
    tell(shelf.path, "backup", bytes=base.size)
    removed = await asyncio.to_thread(_clear_out, source, shelf, keep)
    return Taken(base, new, *removed, time.monotonic() - began, warnings)


async def _copy(
    connection: asyncpg.Connection, source: Source, shelf: Shelf, show: Show, warnings: list[str]
) -> tuple[Path, Base]:
    begun_at = time.time()
    name = datetime.fromtimestamp(begun_at, UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")
    folder = shelf.bases / f"{UNFINISHED}{name}"
    for interrupted in shelf.bases.glob(f"{UNFINISHED}*"):
        shutil.rmtree(interrupted)
    folder.mkdir(mode=0o700)
    await asyncio.to_thread(
        copy_database, source.admin_url, folder, f"biologidex {name}", lambda *how: show("database", "copying", *how)
    )
    ended_at = time.time()
    show("database", "verifying", 0, 1)
    try:
        await asyncio.to_thread(verify_copy, folder)
    except NotThere as missing:
        warnings.append(f"The copy is not held against the server's manifest: there is no {missing}.")
    show("database", "verified", 1, 1)
    manifest = json.loads((folder / "backup_manifest").read_text())
    log = manifest["WAL-Ranges"][-1]
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return folder, Base(
        name=name,
        cluster=await connection.fetchval("SELECT system_identifier FROM pg_control_system()"),
        server_version=connection.get_server_version().major,
        begun_at=begun_at,
        ended_at=ended_at,
        first_segment=segment_at(log["Start-LSN"], log["Timeline"]),
        end_lsn=log["End-LSN"],
        size=sum(path.stat().st_size for path in files),
        files={path.name: await asyncio.to_thread(digest_of, path) for path in files},
        pictures=0,
        has_credentials=False,
    )


def digest_of(path: Path) -> str:
    """sha256 in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _copy_pictures(source: Source, shelf: Shelf, show: Show, warnings: list[str]) -> int:
    store = local_store(source.blob_url)
    if store is None:
        warnings.append("The pictures are in a bucket: its own versions are their backup (docs/runbooks/restore.md).")
        return 0
    with shelf.alone():
        return Pictures(store, shelf).add_new(lambda *how: show("pictures", "copying", *how))


def _finished(folder: Path, base: Base, shelf: Shelf, source: Source) -> Base:
    """Writes the record, and gives the folder its name: from then on it is a backup."""
    if source.credentials:
        secret = folder / CREDENTIALS
        secret.touch(mode=0o600)
        write_whole(secret, source.credentials.read_bytes())
        secret.chmod(0o600)
    known = Checksums(shelf.checksums).read()
    whole = Base(
        **{name: getattr(base, name) for name in Base.__slots__}
        | {"pictures": len(known), "has_credentials": source.credentials is not None}
    )
    whole.write(folder)
    folder.rename(shelf.folder_of(whole))
    handle = os.open(shelf.bases, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    return whole


async def _wait_for_log(connection: asyncpg.Connection, shelf: Shelf, show: Show, warnings: list[str]) -> None:
    """Has the log up to this moment shipped as well: so an operator sees at once whether it works."""
    # A segment in which nothing was written yet is not ended.
    await connection.execute("SELECT pg_create_restore_point('biologidex backup')")
    name = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
    target, limit = shelf.wal / f"{name}{PACKED}", time.monotonic() + SHIPPED_SECONDS
    show("log", "waiting for it", 0, 1)
    while not target.exists():
        if time.monotonic() > limit:
            warnings.append(f"The log does not arrive ({name} after {SHIPPED_SECONDS:.0f} s): see logs/archive.log.")
            return
        await asyncio.sleep(0.1)
    show("log", "arrived", 1, 1)


def _clear_out(source: Source, shelf: Shelf, keep: int) -> tuple[int, int, int]:
    bases = shelf.all()
    old, kept = bases[:-keep], bases[-keep:]
    for base in old:
        shutil.rmtree(shelf.folder_of(base))
    segments = forget_before(shelf.wal, kept[0].first_segment)
    pictures = 0
    if store := local_store(source.blob_url):
        with shelf.alone():
            pictures = Pictures(store, shelf).forget(kept[0].begun_at)
    return len(old), segments, pictures
