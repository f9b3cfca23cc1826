"""`./bdx bus verify`: the checker, its findings as a table or as JSON (docs/checker.md)."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.places import DataDir, Services, find_places
from deploy.commands.show import as_json, err, out, run
from libs.common.recovery.invariants import INVARIANTS, Violation
from libs.common.recovery.places import Places, log_at

if TYPE_CHECKING:
    # What looks into the services takes most of a second to import.
    from libs.common.recovery.audit import Surroundings
    from libs.common.recovery.verify import Report

SHOWN: Final = 20


def verify_everything(
    data_dir: DataDir = None,
    service: Services = None,
    patience: Annotated[float, typer.Option(help="Seconds for what is on its way to arrive.")] = 10.0,
    poison: Annotated[Path | None, typer.Option(help="File with ids of events that must be dead letters.")] = None,
    history: Annotated[Path | None, typer.Option(help="JSON lines: what clients were told.")] = None,
    ledger: Annotated[Path | None, typer.Option(help="JSON lines: what the model was asked and billed.")] = None,
    spare: Annotated[int, typer.Option(min=0, help="Calls that may be billed twice: kills inside a call.")] = 0,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that a file may lie there unnamed.")] = 3600.0,
    checksums: Annotated[float, typer.Option(min=0, max=1, help="Share of the files that are read and hashed.")] = 0.05,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
) -> None:
    """Check that nothing is lost, doubled, stale, stuck or paid twice, in schemas, log and files; 1 if it is."""
    from libs.common.recovery.verify import Checker

    known = _surroundings(poison, history, ledger, spare)

    async def work(places: Places) -> "Report":
        async with log_at(places.bus) as js:
            with err.status("opening") as status:
                checker = Checker(
                    *(places, js),
                    surroundings=known,
                    grace=timedelta(seconds=grace),
                    sampled=checksums,
                    say=status.update,
                )
                return await checker.verify(patience=patience)

    report = run(work(find_places(data_dir, service)))
    if json:
        figures = {
            name: getattr(report, name) for name in ("messages", "unreadable", "files", "told", "calls", "rounds")
        }
        violations = [violation._asdict() for violation in report.violations]
        as_json(
            {
                "holds": report.holds,
                **figures,
                "seconds": round(report.seconds, 2),
                "services": report.services,
                "violations": violations,
            }
        )
    else:
        _draw(report)
    sys.exit(0 if report.holds else 1)


def _surroundings(poison: Path | None, history: Path | None, ledger: Path | None, spare: int) -> "Surroundings":
    from libs.common.recovery.audit import Surroundings
    from libs.common.recovery.history import History, Unreadable
    from libs.common.recovery.ledger import Ledger

    try:
        return Surroundings(
            poison=frozenset(poison.read_text().split()) if poison else frozenset(),
            history=History.read(history) if history else None,
            ledger=Ledger.read(ledger, spare=spare) if ledger else None,
        )
    except (OSError, Unreadable) as error:
        raise typer.BadParameter(str(error)) from None


def _draw(report: "Report") -> None:
    broken: dict[str, list[Violation]] = {name: [] for name in INVARIANTS}
    for violation in report.violations:
        broken[violation.invariant].append(violation)
    unasked = {"I8": not report.files, "I9": not report.told, "I10": not report.calls}
    table = Table("", "what must hold", "holds")
    for name, promise in INVARIANTS.items():
        count = len(broken[name])
        verdict = f"[red]no: {count}[/]" if count else "[dim]not asked[/]" if unasked.get(name) else "[green]yes[/]"
        table.add_row(name, promise, verdict)
    out.print(table)
    out.print(
        f"{report.messages} events in the log ({report.unreadable} unreadable), {report.files} files, "
        f"{report.told} lines of history, {report.calls} of the ledger, {len(report.services)} services, "
        f"{report.rounds} looks, {report.seconds:.1f} s"
    )
    for name, violations in broken.items():
        for violation in violations[:SHOWN]:
            out.print(f"[red]{name}[/] {violation.where}: {escape(violation.sentence)}", soft_wrap=True)
        if len(violations) > SHOWN:
            out.print(f"[red]{name}[/] and {len(violations) - SHOWN} more; all of them by --json")
