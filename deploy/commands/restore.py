"""`./bdx restore`: a backup comes back, into a new folder or into the volumes of compose."""

import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn
from urllib.parse import unquote, urlsplit

import typer

from deploy.commands.backup import ADMIN_URL, Json
from deploy.commands.show import as_json, bars, err, out, run
from libs.common.secret_files import given

if TYPE_CHECKING:
    # What restores takes most of a second to import.
    from deploy.backup.restoring import Restored

IN_COMPOSE: Final = "docker compose -f deploy/compose.yml run --rm restore"
MOMENTS: Final = [
    f"%Y-%m-%d{between}%H:%M:%S{fraction}{zone}" for between in "T " for fraction in ("", ".%f") for zone in ("", "%z")
]


def bring_back(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="A new folder; `make dev` goes on with it.")
    ] = None,
    volumes: Annotated[
        Path | None, typer.Option("--volumes", help="The volumes of compose; its container `restore` says which.")
    ] = None,
    source: Annotated[Path | None, typer.Option("--from", help="The backups (default: BACKUP_DIR).")] = None,
    moment: Annotated[datetime | None, typer.Option("--at", formats=MOMENTS, help="As of then (UTC).")] = None,
    credentials: Annotated[Path | None, typer.Option(help="The secrets, where the backup is without.")] = None,
    empty_log: Annotated[bool, typer.Option("--empty-log", help="Empty the log at NATS_URL and refill it.")] = False,
    json: Json = False,
) -> None:
    """Restore a backup into a new data folder, to its end or to a moment, and refill the log of events from it."""
    from deploy.backup.choosing import NoBackup
    from deploy.backup.restoring import InUse, Wish, restore
    from deploy.backup.shelf import Damaged, Shelf
    from deploy.local.failure import StackFailure
    from libs.common.recovery.republish import NotDrained

    at_unix = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() if moment else None
    if volumes is not None:
        if data_dir or credentials or empty_log:
            raise typer.BadParameter("with --volumes there is no other folder, no secrets' file, and no log to refill")
        _bring_back_into(volumes, source, at_unix, json=json)
        return
    if data_dir is None:
        raise typer.BadParameter(f"say where to, by --data-dir; into compose: {IN_COMPOSE}")
    found = source or os.environ.get("BACKUP_DIR")
    if not found:
        raise typer.BadParameter("say where the backups are, by --from or BACKUP_DIR")
    bus_url = os.environ.get("NATS_URL", "")
    if bus_url and not empty_log:
        raise typer.BadParameter(
            "NATS_URL is set: the log of events there would be emptied and refilled. Say --empty-log if it is to be, "
            "or unset NATS_URL to give the restored folder a log of its own"
        )
    wish = Wish(
        Shelf(Path(found).resolve()),
        data_dir.resolve(),
        moment=at_unix,
        credentials=credentials,
        bus_url=bus_url,
        blob_url=os.environ.get("BLOB_URL", ""),
    )
    with bars() as show:
        back = run(restore(wish, show), InUse, NoBackup, Damaged, StackFailure, NotDrained)
    if json:
        as_json({"data_dir": str(wish.data_dir), **asdict(back)})
    else:
        _tell_restored(back)
        out.print(f"{sum(back.events.values())} events are in the new log.")
        out.print(
            f"Go on with: DATA_DIR={wish.data_dir} make dev; then look at it: ./bdx bus verify; then: make backup"
        )
    _end(back)


def _bring_back_into(folder: Path, source: Path | None, moment: float | None, *, json: bool) -> None:
    from deploy.backup.choosing import NoBackup
    from deploy.backup.restoring import InUse
    from deploy.backup.shelf import Busy, Damaged, Shelf
    from deploy.backup.volumes import NotShipped, Volumes, restore_into
    from deploy.local.failure import StackFailure

    found, blobs, admin = source or os.environ.get("BACKUP_DIR"), os.environ.get("BLOB_URL"), given(ADMIN_URL)
    password = urlsplit(admin).password
    if not found or not blobs or not password:
        raise typer.BadParameter(f"--volumes needs BACKUP_DIR or --from, BLOB_URL, and {ADMIN_URL} with its password")
    bus = given("NATS_URL")
    servers = tuple(
        (parts.hostname, parts.port or port)
        for parts, port in ((urlsplit(admin), 5432), (urlsplit(bus), 4222))
        if parts.hostname
    )
    into = Volumes(folder / "database", folder / "log", folder / "bus", servers)
    shelf = Shelf(Path(found).resolve())
    expected = (InUse, Busy, NotShipped, NoBackup, Damaged, StackFailure)
    with bars() as show:
        work = restore_into(into, shelf, blobs, unquote(password), show, moment=moment)
        back = run(work, *expected)
    if json:
        as_json({"volumes": str(folder), "aside": [str(path) for path in back.aside], **asdict(back.restored)})
    else:
        _tell_restored(back.restored)
        for path in back.aside:
            out.print(f"What was there is in {path}; remove it when all is well.")
        out.print("The log of events is empty: go on with the steps of docs/runbooks/restore.md.")
    _end(back.restored)


def _tell_restored(back: "Restored") -> None:
    from deploy.backup.shelf import at

    until = f"the last write is of {at(back.until)} UTC" if back.until else "nothing was written after it"
    out.print(f"Restored from {back.base.name} in {back.seconds:.1f} s; {until}; {back.pictures} pictures are named.")


def _end(back: "Restored") -> NoReturn:
    for key in back.missing:
        err.print(f"[red]The backup lacks the picture {key}.[/]")
    sys.exit(1 if back.missing else 0)
