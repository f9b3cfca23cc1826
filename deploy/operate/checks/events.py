"""Events and jobs that do not get on."""

from collections.abc import Iterator
from typing import Final

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

OUTBOX_SECONDS: Final = 60.0
BEHIND: Final = 1000
JOB_SECONDS: Final = 300.0

LETTERS = wrong(
    "events.dead-letters",
    "A handler could not apply an event and has set it aside: what it tells is missing there.",
    "./bdx bus dlq list, mend the cause, then ./bdx bus dlq redrive",
)
OUTBOX = wrong(
    "events.outbox-waits",
    f"Events wait longer than {OUTBOX_SECONDS:.0f} s to go out: the bus is away or full, or the relay stands still.",
    "see whether the bus answers and its disk has room; the relay goes on by itself",
)
LAG = care(
    "events.consumer-behind",
    f"A handler has more than {BEHIND} events yet to see.",
    "watch it with ./bdx top; if it does not fall, look into the log of its service",
)
JOBS = wrong(
    "jobs.wait",
    f"An identification may begin since more than {JOB_SECONDS:.0f} s, or waits so long for its animal.",
    "see whether vision-worker runs and the model answers; more workers take more jobs",
)
KINDS = (LETTERS, OUTBOX, LAG, JOBS)
FINE = "no event and no job waits too long"


def check(_installation: Installation, state: State) -> Iterator[Finding]:
    for name, seen in state.databases.items():
        if seen.letters:
            yield LETTERS.found(f"{seen.letters} events are set aside in {name}")
        if seen.age > OUTBOX_SECONDS:
            yield OUTBOX.found(f"{seen.waiting} events of {name} are not published; the oldest waits {seen.age:.0f} s")
    for name, info in state.bus.durables.items() if state.bus else ():
        if (info.num_pending or 0) > BEHIND:
            yield LAG.found(f"{name} is {info.num_pending} events behind")
    for waiting in state.jobs or ():
        if waiting.state in ("due", "unanswered") and waiting.age > JOB_SECONDS:
            yield JOBS.found(f"{waiting.count} jobs are {waiting.state}; the oldest is {waiting.age:.0f} s old")
