"""What a drill has shown, as a table and as JSON."""

from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.backup.drill import Drill
from deploy.backup.shelf import at

BOUNDS: Final = {"rpo": 3600.0, "rto": 4 * 3600.0}
AIMS: Final = {"rpo": 300.0, "rto": 300.0}
SHOWN: Final = 20


def as_figures(done: Drill) -> dict[str, Any]:
    """For machines; seconds, and Unix times."""
    return {
        "holds": done.holds,
        "rpo_seconds": round(done.rpo, 2),
        "rto_seconds": round(done.rto, 2),
        "bounds_seconds": BOUNDS,
        "aims_seconds": AIMS,
        "acknowledged": done.written,
        "after_backup": done.after,
        "lost": len(done.lost),
        "destroyed_at": done.destroyed_at,
        "last_write_at": done.until,
        "backup_bytes": done.taken.base.size,
        "pictures": done.restored.pictures,
        "pictures_missing": done.restored.missing,
        "events": done.restored.events,
        "steps_seconds": {name: round(seconds, 2) for name, seconds in done.steps.items()},
        "violations": done.violations,
    }


def drawn(done: Drill, out: Console) -> None:
    """For people."""
    table = Table("", "measured", "aim", "bound", "holds")
    for name, text in (
        ("rpo", "RPO: age of the oldest lost write"),
        ("rto", "RTO: from the blow to ready and checked"),
    ):
        value = getattr(done, name)
        fine = value <= BOUNDS[name]
        verdict = ("[green]yes" if value <= AIMS[name] else "[yellow]bound only") if fine else "[red]no"
        table.add_row(text, f"{value:.1f} s", f"{AIMS[name]:.0f} s", f"{BOUNDS[name]:.0f} s", verdict)
    table.add_row(
        "checker, up to the last write that came back",
        f"{len(done.violations)} wrong",
        "0",
        "0",
        "[red]no" if done.violations else "[green]yes",
    )
    table.add_row(
        "pictures that rows name",
        f"{len(done.restored.missing)} missing",
        "0",
        "0",
        _verdict(not done.restored.missing),
    )
    out.print(table)
    out.print(
        f"{done.written} acknowledged writes, {done.after} of them after the backup had begun; {len(done.lost)} lost, "
        f"all after {at(done.until)} UTC, the last write that came back ({done.destroyed_at - done.until:.1f} s before "
        f"the blow at {at(done.destroyed_at)})"
    )
    out.print(
        f"backup {done.taken.base.size / 1e6:.1f} MB, {done.restored.pictures} pictures, "
        f"{sum(done.restored.events.values())} events; "
        + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done.steps.items())
    )
    for violation in done.violations[:SHOWN]:
        out.print(f"[red]{escape(violation)}[/]", soft_wrap=True)


def _verdict(holds: bool) -> str:
    return "[green]yes" if holds else "[red]no"
