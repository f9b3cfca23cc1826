"""`./bdx catalogue …`: imports a Catalogue of Life, and tells how imports went."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.commands.places import DataDir, find_places
from deploy.commands.show import as_json, err, out, run
from libs.common.db import Database
from libs.common.errors import Failure

if TYPE_CHECKING:
    from services.animals.catalogue import Imported, Report, Step
    from services.animals.models import ImportJob

app = typer.Typer(name="catalogue", help="Catalogues of names beside the built-in one.", no_args_is_help=True)
SHOWN: Final = ("status", "release", "file_name", "rows_read", "taxa", "common_names", "error_log")

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A ColDP zip, as the Catalogue of Life publishes it.")],
    force: Annotated[bool, typer.Option("--force", help="Also when the last import is younger than 30 days.")] = False,
    kingdom: Annotated[
        list[str] | None, typer.Option(help="Take this kingdom; may be repeated. Default: Animalia.")
    ] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Import FILE into the taxonomy of a running stack, or of DATABASE_URL; done again, it changes nothing."""
    from services.animals.catalogue import DEFAULT_KINGDOMS, import_catalogue
    from services.animals.coldp.archive import BadCatalogue

    url = _database_url(data_dir)
    kingdoms = frozenset(kingdom or DEFAULT_KINGDOMS)
    with _progress() as report:
        done = run(import_catalogue(url, file, force=force, kingdoms=kingdoms, progress=report), BadCatalogue, Failure)
    if json:
        as_json(asdict(done))
    else:
        out.print(_told(done))


@app.command()
def status(data_dir: DataDir = None, json: AsJson = False) -> None:
    """The latest imports, the newest first."""
    jobs = run(_latest(_database_url(data_dir)), Failure)
    if json:
        rows = [{column.name: getattr(job, column.name) for column in job.__table__.c} for job in jobs]
        as_json({"count": len(rows), "results": rows})
        return
    table = Table("begun", *(name.replace("_", " ") for name in SHOWN))
    for job in jobs:
        table.add_row(f"{job.created_at:%Y-%m-%d %H:%M}", *(str(getattr(job, name)) for name in SHOWN))
    out.print(table if jobs else "Nothing has been imported yet.")


def _told(done: "Imported") -> str:
    merged = done.merged
    return (
        f"{done.release} is imported: {merged.taxa:,} names, {merged.common_names:,} common names, "
        f"{merged.distributions:,} distributions, {merged.name_relations:,} relations "
        f"({done.rows_skipped:,} lines left out), in {done.seconds:.1f} s."
    )


async def _latest(url: str) -> "list[ImportJob]":
    from services.animals.catalogue import NotMigrated
    from services.animals.import_jobs import latest

    database = Database(url, name="animals", pool_size=1, overflow=0)
    try:
        if not await database.is_migrated():
            raise NotMigrated
        async with database.reading() as session:
            return await latest(session)
    finally:
        await database.close()


def _database_url(data_dir: Path | None) -> str:
    """DATABASE_URL, unless a data folder is named; else that of the stack that runs.

    Raises:
        typer.BadParameter: there is no such stack.
    """
    url = os.environ.get("DATABASE_URL")
    return url if url and data_dir is None else find_places(data_dir, ["animals"]).databases["animals"]


@contextmanager
def _progress() -> "Iterator[Report]":
    """A bar in a terminal, a line for each stage elsewhere; both on stderr."""
    if not err.is_terminal:
        stages: set[str] = set()

        def line(step: "Step") -> None:
            if step.stage not in stages:
                stages.add(step.stage)
                err.print(f"{step.stage} …")

        yield line
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows")
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as shown:
        task = shown.add_task("opening", total=None, rows=0)

        def bar(step: "Step") -> None:
            # Reading has an end in sight; what the database does afterwards tells none.
            total = 1.0 if step.share < 1.0 else None
            shown.update(task, description=step.stage, rows=step.rows, total=total, completed=step.share)

        yield bar
