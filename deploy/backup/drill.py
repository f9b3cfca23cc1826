"""The drill: a stack is filled, backed up, destroyed under load and restored; then it must be as its players know it.

What is measured is what an operator would live through: the data's age (RPO) counts from the oldest write that was
acknowledged and is lost, the time until service (RTO) from the blow until the restored mesh is ready and checked.
"""

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from deploy.backup.drill_players import Collector, History, collectors
from deploy.backup.drill_stack import Running, running, wait_for_names
from deploy.backup.restoring import Restored, Wish, restore
from deploy.backup.shelf import Shelf
from deploy.backup.taking import Show, Source, Taken, take
from libs.common.migrate import SERVICES
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.history import History as Told
from libs.common.recovery.places import Places, log_at
from libs.common.recovery.verify import Checker, Report

PATIENCE_SECONDS: Final = 120.0
GRACE: Final = timedelta(0)


class Broken(Exception):
    """The drill could not be held."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What came of it. Moments are Unix times, ages and durations seconds.

    written     acknowledged writes in all; `after`: those after the backup had begun
    lost        acknowledged writes that are not there: (when, kind, id)
    violations  what the checker found wrong, leaving aside what was told after the last write that came back
    steps       how long each took
    """

    written: int
    after: int
    lost: list[tuple[float, str, str]]
    destroyed_at: float
    until: float
    rto: float
    violations: list[str]
    taken: Taken
    restored: Restored
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def rpo(self) -> float:
        """The age of the oldest lost write at the moment of the blow; 0 if none is lost."""
        return self.destroyed_at - min((at for at, _, _ in self.lost), default=self.destroyed_at)

    @property
    def holds(self) -> bool:
        return not self.violations and not self.restored.missing and self.rpo <= 3600 and self.rto <= 4 * 3600


async def drill(
    folder: Path, show: Show, *, seconds: float, players: int, photos: int = 2, given: Mapping[str, str] | None = None
) -> Drill:
    """Holds one in `folder`; `seconds` are written after the backup, by as many players, with `photos` each before it.

    Raises:
        Broken, StackFailure
    """
    data, backups, back = folder / "data", Shelf(folder / "backups"), folder / "restored"
    history, steps = History(), dict[str, float]()
    with running(data, backups.path, dict(given or {})) as stack:
        wait_for_names(stack.url)
        async with collectors(stack.url, players, history) as crowd:
            for number in range(photos):
                show("players", "photographing", number, photos)
                await asyncio.gather(*(collector.photograph() for collector in crowd))
            source = _source(stack)
            taken, destroyed_at = await _write_on(crowd, source, backups, stack, show, seconds)
    steps["backup"] = taken.seconds
    shutil.rmtree(data)
    restored = await restore(Wish(backups, back), show)
    steps["restore"] = restored.seconds
    until = restored.until or taken.base.begun_at
    began = time.monotonic()
    with running(back, backups.path, dict(given or {})) as stack:
        steps["start"] = time.monotonic() - began
        show("checker", "looking", 0, 1)
        report = await _verify(stack, history.write(folder / "certain.jsonl", until), PATIENCE_SECONDS)
        steps["check"] = report.seconds
        rto = time.time() - destroyed_at
        show("checker", "done", 1, 1)
        strict = await _verify(stack, history.write(folder / "told.jsonl"), 0)
    return Drill(
        written=len(history.acknowledged),
        after=sum(line["at"] > taken.base.begun_at for line in history.acknowledged),
        lost=_lost(history, strict, until),
        destroyed_at=destroyed_at,
        until=until,
        rto=rto,
        violations=[f"{each.invariant} {each.where}: {each.sentence}" for each in report.violations],
        taken=taken,
        restored=restored,
        steps=steps,
    )


def _source(stack: Running) -> Source:
    told = stack.topology
    spool, secrets = stack.data_dir / "wal", stack.data_dir / "credentials.json"
    return Source(told["postgres"]["admin_url"], told["blobs"], spool=spool, credentials=secrets)


async def _write_on(
    crowd: list[Collector], source: Source, backups: Shelf, stack: Running, show: Show, seconds: float
) -> tuple[Taken, float]:
    """Backs up while players write, has them go on, and strikes while they do."""
    over = asyncio.Event()
    writing = [asyncio.create_task(collector.go_on(over)) for collector in crowd]
    try:
        taken = await take(source, backups, show)
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            show("players", "writing on", round(passed), round(seconds))
            done, _ = await asyncio.wait(writing, timeout=1, return_when=asyncio.FIRST_EXCEPTION)
            if failed := next((task for task in done if task.exception()), None):
                raise Broken(f"a player got no further: {failed.exception()!r}")
        show("players", "destroying everything", 1, 1)
        destroyed_at = await asyncio.to_thread(stack.destroy)
    finally:
        over.set()
        await asyncio.gather(*writing, return_exceptions=True)
    return taken, destroyed_at


async def _verify(stack: Running, told: Path, patience: float) -> Report:
    topology: dict[str, Any] = stack.topology
    urls = topology["postgres"]["urls"]
    places = Places({service: urls[service] for service in SERVICES}, topology["nats"]["url"], topology["blobs"])
    known = Surroundings(history=Told.read(told))
    async with log_at(places.bus) as js:
        return await Checker(places, js, surroundings=known, grace=GRACE, sampled=1.0).verify(patience=patience)


def _lost(history: History, report: Report, until: float) -> list[tuple[float, str, str]]:
    """Of each record that is not as its player was told, what was told after the last write that came back."""
    wrong = {violation.key for violation in report.violations if violation.invariant == "I9"}
    return [
        (line["at"], line["kind"], line["id"])
        for line in history.acknowledged
        if f"{line['kind'].partition('.')[0]}/{line['id']}" in wrong and line["at"] > until
    ]
