"""`./bdx bus …`: what people do about the log of events: provision, republish, snapshot, verify."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands import dlq
from deploy.commands.places import DataDir, Services, find_places
from deploy.commands.show import as_json, bars, err, out, run
from libs.common.recovery.invariants import INVARIANTS, Violation
from libs.common.recovery.places import Places, log_at

if TYPE_CHECKING:
    # What runs a service takes most of a second to import; each command imports what it needs itself.
    from libs.common.recovery.republish import Show
    from libs.common.recovery.verify import Report

bus = typer.Typer(name="bus", help="The log of events: set it up, refill it, check it.", no_args_is_help=True)
bus.add_typer(dlq.dlq)

Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]
SHOWN = 20


@bus.command("provision")
def provision_bus(data_dir: DataDir = None, service: Services = None) -> None:
    """Make the stream and every handler's durable, or bring them to what the code says; may be repeated."""
    from libs.common.provision import Drift, provision

    places = find_places(data_dir, service)
    made = run(
        provision(
            places.bus,
            tuple(places.databases),
            replicas=int(os.environ.get("EVENT_STREAM_REPLICAS", "1")),
            max_bytes=int(os.environ.get("EVENT_STREAM_MAX_BYTES", "0")),
        ),
        Drift,
    )
    out.print(f"The stream and {made} durables are there.")


@bus.command("republish")
def republish_events(
    data_dir: DataDir = None,
    service: Services = None,
    everything: Annotated[bool, typer.Option("--all", help="Of all services.")] = False,
    since: Annotated[datetime | None, typer.Option(help="Only events written from then on (UTC).")] = None,
    json: Json = False,
) -> None:
    """Publish again from the outboxes what the log has lost, in order; services may run or not. May be repeated."""
    from libs.common.recovery.republish import NotDrained, republish

    if everything == bool(service):
        raise typer.BadParameter("say --all, or which by --service")
    moment = since.replace(tzinfo=since.tzinfo or UTC) if since else None

    async def work(places: Places, show: "Show") -> dict[str, int]:
        async with log_at(places.bus) as js:
            return await republish(places, js, show, since=moment)

    with bars() as show:
        counts = run(work(find_places(data_dir, service), show), NotDrained)
    _tell(counts, "were missing and are published again", json=json)


@bus.command("snapshot")
def tell_present_state(data_dir: DataDir = None, service: Services = None, json: Json = False) -> None:
    """Have every owner tell the present state of its records, where the log does not: for what no outbox has."""
    from libs.common.recovery.republish import NotDrained
    from libs.common.recovery.snapshot import announce

    async def work(places: Places, show: "Show") -> dict[str, int]:
        async with log_at(places.bus) as js:
            return await announce(places, js, show)

    with bars() as show:
        counts = run(work(find_places(data_dir, service), show), NotDrained)
    _tell(counts, "records were not in the log and are told again", json=json)


@bus.command("sweep")
def sweep_log(data_dir: DataDir = None, service: Services = None, json: Json = False) -> None:
    """Take out of the log what must not stay: second copies of an event, and what tells of players who have gone."""
    from libs.common.recovery.sweep import sweep

    async def work(places: Places, show: "Show") -> dict[str, int]:
        async with log_at(places.bus) as js:
            return await sweep(places, js, show)

    with bars() as show:
        counts = run(work(find_places(data_dir, service), show))
    _tell(counts, "messages are taken out", json=json)


@bus.command("verify")
def verify_everything(
    data_dir: DataDir = None,
    service: Services = None,
    patience: Annotated[float, typer.Option(help="Seconds for what is on its way to arrive.")] = 10.0,
    poison: Annotated[Path | None, typer.Option(help="File with ids of events that must be dead letters.")] = None,
    json: Json = False,
) -> None:
    """Check that nothing is lost, doubled, stale or stuck, over all schemas, the log and the pictures; 1 if not."""
    from libs.common.recovery.verify import Checker

    known = frozenset(poison.read_text().split()) if poison else frozenset()

    async def work(places: Places) -> "Report":
        async with log_at(places.bus) as js:
            with err.status("opening") as status:
                return await Checker(places, js, poison=known, say=status.update).verify(patience=patience)

    report = run(work(find_places(data_dir, service)))
    if json:
        figures = {"messages": report.messages, "unreadable": report.unreadable, "seconds": round(report.seconds, 2)}
        violations = [violation._asdict() for violation in report.violations]
        as_json({"holds": report.holds, **figures, "services": report.services, "violations": violations})
    else:
        _draw(report)
    sys.exit(0 if report.holds else 1)


def _tell(counts: dict[str, int], what: str, *, json: bool) -> None:
    if json:
        as_json(counts)
        return
    for name, count in counts.items():
        out.print(f"{name:>8}  {count} {what}")


def _draw(report: "Report") -> None:
    broken: dict[str, list[Violation]] = {name: [] for name in INVARIANTS}
    for violation in report.violations:
        broken[violation.invariant].append(violation)
    table = Table("", "what must hold", "holds")
    for name, promise in INVARIANTS.items():
        count = len(broken[name])
        table.add_row(name, promise, f"[red]no: {count}[/]" if count else "[green]yes[/]")
    out.print(table)
    out.print(
        f"{report.messages} events in the log ({report.unreadable} unreadable), {len(report.services)} services, "
        f"{report.rounds} looks, {report.seconds:.1f} s"
    )
    for name, violations in broken.items():
        for violation in violations[:SHOWN]:
            out.print(f"[red]{name}[/] {violation.where}: {escape(violation.sentence)}", soft_wrap=True)
        if len(violations) > SHOWN:
            out.print(f"[red]{name}[/] and {len(violations) - SHOWN} more; all of them by --json")
