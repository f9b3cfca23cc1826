"""`./bdx status`: how an installation is at this moment; 0 if it is fine, 1 if something is degraded.

Everything is asked at once and nothing is waited for longer than some seconds, so it answers when half of it is down.
For compose the same is asked inside, in the container `commands`, and shown here with the images that run.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.places import DataDir, find_installation
from deploy.commands.show import as_json, err, out, run

if TYPE_CHECKING:
    # What looks into everything takes most of a second to import.
    from deploy.operate.installation import Installation

UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def tell_status(
    data_dir: DataDir = None,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
) -> None:
    """Show services, versions, lag, dead letters, jobs, database, disks and backups; 1 if something is degraded."""
    from deploy.rollout.failure import NotDone

    installation = find_installation(data_dir)
    if installation.kind == "embedded" and not installation.runs:
        raise typer.BadParameter(f"no stack runs in {installation.data_dir}; ./bdx doctor says more")
    report = run(_report(installation), NotDone)
    if json:
        as_json(report)
    else:
        _draw(report)
    sys.exit(0 if report["fine"] else 1)


async def _report(installation: "Installation") -> dict[str, Any]:
    from deploy.operate.inside import ask_inside
    from deploy.operate.report import as_report
    from deploy.operate.state import look

    if installation.kind != "compose":
        return as_report(installation, await look(installation))
    report, tags = await asyncio.gather(
        asyncio.to_thread(ask_inside, installation, "status"), asyncio.to_thread(_tags, installation)
    )
    report["installation"] = installation.title
    for process in report["processes"]:
        # The tag of an image is the commit that it was made from.
        process["commit"] = process["commit"] or tags.get(process["name"], "")
    return report


def _tags(installation: "Installation") -> dict[str, str]:
    from deploy.rollout.engine import find_engine
    from deploy.rollout.place import Place

    engine = find_engine(Place())
    found = {name: engine.container(name) for name in installation.told}
    return {name: container.tag for name, container in found.items() if container}


def _draw(report: dict[str, Any]) -> None:
    out.print(f"[bold]{escape(report['installation'])}[/] {report['url']}")
    services = Table("process", "", "version", "commit", "up", "memory")
    for each in report["processes"]:
        how = "[green]ready[/]" if each["ready"] else f"[red]{escape(each['reason'] or 'away')}[/]"
        services.add_row(
            *(each["name"], how, each["version"], each["commit"]),
            *(_time(each["up_seconds"]), _size(each["memory_bytes"])),
        )
    out.print(services)
    schemas = Table("schema", "migrated to", "outbox waits", "oldest", "dead letters", "lag of its handlers")
    for name, each in report["schemas"].items():
        if each.get("away"):
            schemas.add_row(name, f"[red]{escape(each['away'])}[/]")
            continue
        heads = ", ".join(f"{line} {number:04}" for line, number in each["heads"].items())
        letters = f"[red]{each['dead_letters']}[/]" if each["dead_letters"] else "0"
        lag = "–" if each["lag"] is None else str(each["lag"])
        schemas.add_row(name, heads, str(each["outbox"]), _time(each["outbox_age_seconds"]), letters, lag)
    out.print(schemas)
    _draw_rest(report)
    for problem in report["problems"]:
        out.print(
            f"[red]✗[/] {escape(problem['what'])} → {escape(problem['fix'])} [dim]{problem['id']}[/]", soft_wrap=True
        )
    if report["fine"]:
        out.print(f"[green]fine[/], seen in {report['seconds']:.1f} s")
    else:
        err.print("[red]degraded[/]; ./bdx doctor looks deeper")


def _draw_rest(report: dict[str, Any]) -> None:
    rest = Table(show_header=False)
    if database := report["database"]:
        places = f"{database['connections']} of {database['places']} connections"
        rest.add_row("database", f"PostgreSQL {database['version']}, {_size(database['bytes'])}, {places}")
    if bus := report["bus"]:
        rest.add_row("bus", f"NATS {bus['version']}, {bus['messages']} events, {_size(bus['bytes'])}, lag {bus['lag']}")
    if report["jobs"] is not None:
        jobs = (
            f"{each['count']} {state} (oldest {_time(each['age_seconds'])})" for state, each in report["jobs"].items()
        )
        rest.add_row("jobs", ", ".join(jobs) or "none waits")
    for disk in report["disks"]:
        rest.add_row(
            f"disk: {', '.join(disk['holds'])}", f"{_size(disk['free_bytes'])} free ({disk['free_share']:.0%})"
        )
    if backups := report["backups"]:
        last, drill = _ago(backups["last_seconds_ago"]), _ago(backups["drill_seconds_ago"])
        rest.add_row("backups", f"{backups['count']}, last {last}, drill {drill}")
    out.print(rest)


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{_time(seconds)} ago"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _size(amount: float | None) -> str:
    if amount is None:
        return "–"
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.0f} MB"
