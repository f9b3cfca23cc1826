"""What a run has found: a table for people, JSON for machines, and whether all of it held."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.faults.chaos.schedule import Fault
from tests.faults.chaos.settle import STUCK_SECONDS, Compared
from tests.faults.chaos.tally import Tally

SHOWN = 12


@dataclass
class Result:
    """All of one run."""

    seed: int
    seconds: float
    rate: float
    schedule: list[Fault]
    tally: Tally
    compared: Compared
    checker: dict[str, Any]
    poison: int
    jobs: int
    paid: int
    inside_a_call: int
    worker_deaths: int
    folder: Path
    broken: list[str] = field(default_factory=list)

    @property
    def lost_in_checker(self) -> Counter[str]:
        """Violations of the checker by invariant."""
        return Counter(each["invariant"] for each in self.checker.get("violations", []))

    def rows(self) -> list[tuple[str, str, str, bool]]:
        """Figure, bound, measured, whether it holds."""
        compared, tally, found = self.compared, self.tally, self.lost_in_checker
        swallowed = found["I4"]
        acknowledged = tally.writes["acknowledged"]
        job_seconds = sorted(tally.job_seconds)
        paid_bound = self.jobs + self.inside_a_call
        return [
            ("acknowledged writes a second", f"{self.rate:.0f} begun", f"{acknowledged / self.seconds:.1f}", True),
            ("lost", "0", str(len(compared.lost)), not compared.lost),
            ("doubled", "0", str(len(compared.doubled)), not compared.doubled),
            ("stuck", "0", str(len(compared.stuck)), not compared.stuck),
            ("counted wrongly", "0", str(len(compared.wrong)), not compared.wrong),
            ("poison in the dead letters", f"{self.poison}", f"{self.poison - swallowed}", not swallowed),
            ("violations of the checker", "0", _counted(found) or "0", bool(self.checker.get("holds"))),
            ("answers that may not be", "0", str(sum(tally.surprises.values())), not tally.surprises),
            (
                "paid calls",
                f"≤ {self.jobs} jobs + {self.inside_a_call} kills inside",
                str(self.paid),
                self.paid <= paid_bound,
            ),
            ("jobs failed", "-", str(compared.jobs_failed), True),
            ("slowest job", "-", f"{job_seconds[-1]:.0f} s" if job_seconds else "-", True),
            ("all ready after the last fault", f"≤ {STUCK_SECONDS:.0f} s", f"{compared.ready_seconds:.1f} s", True),
        ]

    @property
    def holds(self) -> bool:
        return not self.broken and all(holds for *_, holds in self.rows())

    def as_json(self) -> dict[str, Any]:
        """Everything, the schedule of faults included."""
        return {
            "seed": self.seed,
            "seconds": self.seconds,
            "rate": self.rate,
            "holds": self.holds,
            "figures": {
                name: {"bound": bound, "measured": measured, "holds": ok} for name, bound, measured, ok in self.rows()
            },
            "statuses": dict(self.tally.statuses),
            "writes": dict(self.tally.writes),
            "faults": dict(self.tally.faults),
            "surprises": dict(self.tally.surprises),
            "compared": asdict(self.compared),
            "checker": self.checker,
            "worker_deaths": self.worker_deaths,
            "broken": self.broken,
            "schedule": [asdict(fault) for fault in self.schedule],
            "folder": str(self.folder),
        }

    def draw(self, console: Console) -> None:
        """The table, and examples of what does not hold."""
        table = Table("figure", "bound", "measured", "holds", title=f"chaos, seed {self.seed}, {self.seconds:.0f} s")
        for name, bound, measured, holds in self.rows():
            table.add_row(name, bound, measured, "[green]yes[/]" if holds else "[red]no[/]")
        console.print(table)
        console.print(f"requests  {_counted(self.tally.statuses)}", soft_wrap=True)
        console.print(f"writes    {_counted(self.tally.writes)}", soft_wrap=True)
        console.print(f"faults    {_counted(self.tally.faults)}", soft_wrap=True)
        for what, count in self.tally.surprises.most_common(SHOWN):
            console.print(f"[red]{count}×[/] {escape(what)}", soft_wrap=True)
        compared = self.compared
        for sentence in [*self.broken, *compared.lost, *compared.doubled, *compared.stuck, *compared.wrong][:SHOWN]:
            console.print(f"[red]·[/] {escape(sentence)}", soft_wrap=True)
        for each in self.checker.get("violations", [])[:SHOWN]:
            console.print(f"[red]{each['invariant']}[/] {each['where']}: {escape(each['sentence'])}", soft_wrap=True)
        if error := self.checker.get("error"):
            console.print(f"[red]the checker:[/] {escape(error)}", soft_wrap=True)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
