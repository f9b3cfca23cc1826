"""Looks at the shelf: how old the last backup and the last drill are, and whether the log of changes gets there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.backup.archiving import Spool
from deploy.backup.shelf import Damaged, Shelf
from deploy.operate.looks.samples import Samples

FIGURES: Final = "metrics"
DRILL: Final = "drill_last_success_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Backups:
    """Moments are Unix times; None: never. `damaged` says what cannot be read.

    given_up  since when the log of changes is not kept, because it could not be
    waiting   finished files of the log that have not reached the shelf
    """

    folder: Path
    count: int
    last: float | None
    drilled: float | None
    damaged: str = ""
    given_up: float | None = None
    waiting: int = 0


def look_at_backups(folder: Path | None, spool: Path | None) -> Backups | None:
    """None where this installation has no place for backups that can be seen from here."""
    if folder is None:
        return None
    try:
        bases, damaged = Shelf(folder).all(), ""
    except (Damaged, OSError) as error:
        bases, damaged = [], str(error)
    return Backups(
        folder=folder,
        count=len(bases),
        last=bases[-1].ended_at if bases else None,
        drilled=_figure(folder / FIGURES, DRILL),
        damaged=damaged,
        given_up=Spool(spool).given_up_at if spool else None,
        waiting=len(Spool(spool).waiting()) if spool and spool.is_dir() else 0,
    )


def _figure(folder: Path, name: str) -> float | None:
    found = [Samples.read(path.read_text()).value(name) for path in sorted(folder.glob("*.prom"))]
    return max((value for value in found if value is not None), default=None)
