"""Processes that do not answer, are not ready, or run different versions."""

from collections.abc import Iterator

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation, Process
from deploy.operate.state import State

AWAY = wrong(
    "services.away",
    "A process that should run does not answer.",
    "look into its log (`logs/<process>.log`, `docker compose logs <service>`); start it again",
)
NOT_READY = wrong(
    "services.not-ready",
    "A process runs, and says that it cannot serve: its database is away or not migrated, or it is leaving.",
    "mend what it names; it becomes ready by itself",
)
MIXED = care(
    "services.mixed-versions",
    "Processes of one service run different commits: a deploy is going on, or has stopped halfway.",
    "wait for the deploy to end, or finish it: ./bdx deploy",
)
KINDS = (AWAY, NOT_READY, MIXED)
FINE = "every process answers and is ready"


def check(installation: Installation, state: State) -> Iterator[Finding]:
    if not installation.runs:
        return
    ill = {process.service for process in installation.processes if _is_ill(process, state)} - {"gateway"}
    for process in installation.processes:
        seen = state.processes.get(process.name)
        if process.spare and seen is None:
            continue
        if seen is None or not seen.alive:
            yield AWAY.found(f"{process.name} does not answer at {process.url}")
        elif not seen.ready and not (process.service == "gateway" and ill):
            # A gateway is as ready as the services behind it: theirs is the story.
            yield NOT_READY.found(f"{process.name} is not ready: {seen.reason}")
    yield from _mixed(state)


def _is_ill(process: Process, state: State) -> bool:
    seen = state.processes.get(process.name)
    return not process.spare if seen is None else not seen.ready


def _mixed(state: State) -> Iterator[Finding]:
    commits: dict[str, set[str]] = {}
    for seen in state.processes.values():
        if seen.commit:
            commits.setdefault(seen.service, set()).add(seen.commit)
    for service, found in commits.items():
        if len(found) > 1:
            yield MIXED.found(f"{service} runs {' and '.join(sorted(found))} at the same time")
