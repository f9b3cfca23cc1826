"""`./bdx client …`: puts a web client in place of the last one at once, and back again."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.show import as_json, bars, err, out
from deploy.web_client.places import client_folder

if TYPE_CHECKING:
    from deploy.web_client.releases import Release

Result = TypeVar("Result")
client = typer.Typer(name="client", help="The web client beside the mesh.", no_args_is_help=True)

To = Annotated[
    Path | None,
    typer.Option("--to", help="Where clients lie (default: CLIENT_DIR of deploy/.env, else deploy/client)."),
]
Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]


@client.command("install")
def install_client(
    source: Annotated[Path, typer.Argument(metavar="FOLDER_OR_ZIP", help="A web export of the game.")],
    to: To = None,
    keep: Annotated[int, typer.Option(min=2, help="So many stay; older ones go.")] = 5,
    version: Annotated[str, typer.Option(help="The git commit of the client, where the export does not say it.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Pack in a fraction of the time, a tenth larger.")] = False,
    json: Json = False,
) -> None:
    """Check an export, pack it, and serve it from now on; players who are loading get one client or the other."""
    from deploy.web_client.installing import install
    from deploy.web_client.packing import BEST, QUICK
    from deploy.web_client.releases import NotDone
    from deploy.web_client.unpacking import BadExport

    home, quality = client_folder(to), QUICK if quick else BEST
    with bars() as show:
        done = _done(
            lambda: install(source, home, show, keep=keep, version=version, quality=quality), BadExport, NotDone
        )
    for warning in done.export.warnings:
        err.print(f"[yellow]{warning}[/]")
    if json:
        told = {"is_new": done.is_new, "siblings": done.siblings, "removed": done.removed}
        as_json(
            {"folder": str(home), **_shown(done.release), "is_current": True, "version": done.export.version, **told}
        )
        return
    if not done.is_new:
        out.print(f"{done.release.name} is this client, and is served already.")
        return
    out.print(
        f"[green]{done.release.name}[/] is served: {done.export.files} files, {done.export.bytes / 1e6:.1f} MB, "
        f"{done.siblings} packed; version {done.export.version or 'unknown'}."
    )
    for name in done.removed:
        out.print(f"{name} is gone: {keep} stay.")


@client.command("rollback")
def roll_back_client(
    to: To = None,
    name: Annotated[str, typer.Option("--name", help="This one, as `list` shows it (default: the one before).")] = "",
    json: Json = False,
) -> None:
    """Serve the client before the one that is served."""
    from deploy.web_client.installing import roll_back
    from deploy.web_client.releases import NotDone

    home = client_folder(to)
    release = _done(lambda: roll_back(home, name), NotDone)
    if json:
        as_json({"folder": str(home), **_shown(release), "is_current": True})
    else:
        out.print(f"[green]{release.name}[/] is served.")


@client.command("list")
def list_clients(to: To = None, json: Json = False) -> None:
    """The installed clients, the newest first."""
    from deploy.web_client.releases import Releases

    home = client_folder(to)
    found = Releases(home).all()
    if json:
        as_json({"folder": str(home), "count": len(found), "results": [_shown(release) for release in found]})
        return
    table = Table("", "client", "installed (UTC)", "version")
    for release in found:
        mark = "[green]served[/]" if release.is_current else ""
        table.add_row(mark, release.name, f"{release.installed_at:%Y-%m-%d %H:%M:%S}", _version(release) or "unknown")
    out.print(table if found else f"No client is installed in {home}.")


def _done(work: Callable[[], Result], *expected: type[Exception]) -> Result:
    """Does the work; what is expected to go wrong ends the command with 1 and says all of it."""
    known: tuple[type[Exception], ...] = (*expected, OSError)
    try:
        return work()
    except known as error:
        err.print(f"[red]It did not go through:[/] {escape(str(error))}")
        sys.exit(1)


def _shown(release: "Release") -> dict[str, Any]:
    return {
        "name": release.name,
        "installed_at": release.installed_at.isoformat(),
        "content": release.content,
        "version": _version(release),
        "is_current": release.is_current,
    }


def _version(release: "Release") -> str:
    from deploy.web_client.checking import version_of

    return version_of(release.path)
