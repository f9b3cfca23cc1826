"""How an installation is at one moment: everything is asked at the same time, and nothing is waited for long."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from deploy.operate.installation import Installation
from deploy.operate.looks.backups import Backups, look_at_backups
from deploy.operate.looks.bus import BusSeen, look_at_bus
from deploy.operate.looks.databases import DatabaseSeen, look_at_database
from deploy.operate.looks.disks import Disk, look_at_disks
from deploy.operate.looks.jobs import Waiting, look_at_jobs
from deploy.operate.looks.processes import ProcessSeen, asking, look_at_process

LOOK_SECONDS: Final = 3.0
"""For everything together, since all looks go on at once."""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class State:
    """What was seen; of what did not answer, `away` says why (`users database`, `bus`)."""

    processes: Mapping[str, ProcessSeen] = field(default_factory=dict)
    databases: Mapping[str, DatabaseSeen] = field(default_factory=dict)
    bus: BusSeen | None = None
    jobs: tuple[Waiting, ...] | None = None
    disks: tuple[Disk, ...] = ()
    backups: Backups | None = None
    away: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


async def look(installation: Installation, *, seconds: float = LOOK_SECONDS) -> State:
    """Asks everybody, and returns what they said within `seconds`, whoever is down."""
    began, away = time.monotonic(), dict[str, str]()
    disks, backups = look_at_disks(installation.disks), look_at_backups(installation.backups, installation.spool)
    if not installation.runs:
        return State(disks=disks, backups=backups, seconds=time.monotonic() - began)

    async def within(what: str, work: Awaitable[Seen]) -> Seen | None:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            away[what] = f"no answer within {seconds:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be told of
            away[what] = _reason(error)
        return None

    services = list(installation.databases)
    async with asking(seconds) as client:
        processes, databases, bus, jobs = await asyncio.gather(
            asyncio.gather(
                *(within(process.name, look_at_process(client, process)) for process in installation.processes)
            ),
            asyncio.gather(
                *(within(f"{name} database", look_at_database(name, installation.databases[name])) for name in services)
            ),
            within("bus", look_at_bus(installation.bus, installation.bus_monitor)) if installation.bus else _nothing(),
            within("jobs", look_at_jobs(installation.databases["vision"])) if "vision" in services else _nothing(),
        )
    return State(
        processes={seen.name: seen for seen in processes if seen},
        databases={name: seen for name, seen in zip(services, databases, strict=True) if seen},
        bus=bus,
        jobs=jobs,
        disks=disks,
        backups=backups,
        away=away,
        seconds=time.monotonic() - began,
    )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip(": ").splitlines()[0][:200]


async def _nothing() -> None:
    return None
