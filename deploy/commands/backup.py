"""`./bdx backup`, `./bdx drill`: what is kept of a stack, and that it comes back."""

import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer
from rich.table import Table

from deploy.commands.places import DEFAULT_FOLDER, IN_COMPOSE, DataDir, find_topology
from deploy.commands.show import as_json, bars, err, out, run
from deploy.operate import composed
from libs.common.secret_files import given

if TYPE_CHECKING:
    # What takes and restores takes most of a second to import.
    from deploy.backup.taking import Source, Taken

Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]
KEEP: Final = 7
ADMIN_URL: Final = "ADMIN_DATABASE_URL"


def back_up(
    data_dir: DataDir = None,
    to: Annotated[Path | None, typer.Option("--to", help="A folder elsewhere (default: BACKUP_DIR).")] = None,
    keep: Annotated[int, typer.Option(min=1, help="So many stay; older ones go, with the log before them.")] = KEEP,
    json: Json = False,
) -> None:
    """Back up database, pictures and secrets while everything runs; from then on the log of changes is kept as well."""
    from deploy.backup.programs import Failed, NotThere
    from deploy.backup.shelf import Busy, Damaged, NotOurs, Shelf, at
    from deploy.backup.taking import take

    if data_dir is None and not os.environ.get("DATA_DIR") and not given(ADMIN_URL) and composed.is_configured():
        _back_up_inside(to, keep, json=json)
    source, folder = _source(data_dir, to)
    with bars() as show:
        taken = run(take(source, Shelf(folder), show, keep=keep), NotOurs, Busy, Damaged, Failed, NotThere)
    if json:
        as_json({"folder": str(folder), **asdict(taken)})
        return
    base = taken.base
    _tell_backup(folder, taken)
    out.print(f"[green]{base.name}[/] is a backup; moments after {at(base.ended_at)} UTC can be restored.")


def _back_up_inside(to: Path | None, keep: int, *, json: bool) -> NoReturn:
    """Database and pictures of compose are reached from inside only."""
    from deploy.operate.inside import go_inside
    from deploy.rollout.failure import NotDone

    if to is not None:
        raise typer.BadParameter(
            "backups of compose go where BACKUP_DIR of deploy/.env says; --to cannot be seen inside"
        )
    words = ("backup", "--keep", str(keep), *(("--json",) if json else ()))
    try:
        sys.exit(go_inside(composed.composed(), *words, terminal=sys.stdout.isatty()))
    except NotDone as error:
        err.print(f"[red]It did not go through:[/] {error}; what is done is: {IN_COMPOSE} backup")
        sys.exit(1)


def _tell_backup(folder: Path, taken: "Taken") -> None:
    base = taken.base
    table = Table("", folder.as_posix())
    table.add_row("database", f"{base.size / 1e6:.1f} MB packed, verified, PostgreSQL {base.server_version}")
    table.add_row("pictures", f"{base.pictures}, {taken.new_pictures} of them new")
    table.add_row("secrets", "with it (mode 0600)" if base.has_credentials else "not with it: keep them elsewhere")
    table.add_row(
        "removed", f"{taken.removed_bases} backups, {taken.removed_segments} of log, {taken.removed_pictures} pictures"
    )
    table.add_row("took", f"{taken.seconds:.1f} s")
    out.print(table)
    for warning in taken.warnings:
        err.print(f"[yellow]{warning}[/]")


def _source(data_dir: Path | None, to: Path | None) -> "tuple[Source, Path]":
    """By ADMIN_DATABASE_URL, BLOB_URL and BACKUP_DIR whatever these name, else the stack in the data folder."""
    from deploy.backup.taking import Source

    admin_url = given(ADMIN_URL)
    if admin_url and data_dir is None:
        target = to or os.environ.get("BACKUP_DIR")
        if not target or not os.environ.get("BLOB_URL"):
            raise typer.BadParameter("ADMIN_DATABASE_URL needs BLOB_URL, and BACKUP_DIR or --to, beside it")
        # Where somebody carries the log away (deploy/backup/standing.py), it is kept from this copy on.
        spool = os.environ.get("BACKUP_SPOOL") if to is None else None
        return Source(admin_url, os.environ["BLOB_URL"], Path(spool) if spool else None), Path(target).resolve()
    folder = data_dir or Path(os.environ.get("DATA_DIR") or DEFAULT_FOLDER)
    topology = find_topology(folder)
    own = topology.get("backups")
    if to is None and own is None:
        raise typer.BadParameter("this stack keeps no log for backups; say where to, by --to")
    target = (to or Path(str(own))).resolve()
    kept = own is not None and target == Path(own)
    return (
        Source(
            topology["postgres"]["admin_url"],
            topology["blobs"],
            # A copy elsewhere stands for itself: the log goes to one place only.
            spool=(folder / "wal").resolve() if kept else None,
            credentials=(folder / "credentials.json").resolve(),
        ),
        target,
    )


def practice(
    seconds: Annotated[float, typer.Option(min=1, help="So long is written after the backup.")] = 90.0,
    players: Annotated[int, typer.Option(min=2, help="So many players.")] = 6,
    json: Json = False,
) -> None:
    """Fill a stack, back it up, destroy it under load, restore it; tell how old the data are and how long it took."""
    from httpx import HTTPError

    from deploy.backup.drill import Broken, drill
    from deploy.backup.drill_report import as_figures, drawn
    from deploy.backup.told import tell
    from deploy.local.failure import StackFailure
    from deploy.local.player import Refused

    with tempfile.TemporaryDirectory(prefix="biologidex-drill-") as folder:
        with bars() as show:
            work = drill(Path(folder), show, seconds=seconds, players=players)
            done = run(work, Broken, StackFailure, Refused, HTTPError)
        if done.holds and (backups := Path(os.environ.get("BACKUP_DIR", ""))).is_absolute() and backups.is_dir():
            # For monitors, who look at the backups that are meant: when it was last shown that they come back.
            tell(backups, "drill", rpo_seconds=done.rpo, rto_seconds=done.rto)
        if json:
            as_json(as_figures(done))
        else:
            drawn(done, out)
    sys.exit(0 if done.holds else 1)
