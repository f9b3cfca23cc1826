"""The state of an installation as one JSON value: what `bdx status` tells machines, and draws for people."""

import time
from typing import Any

from deploy.operate.examination import degraded
from deploy.operate.installation import Installation, Process
from deploy.operate.state import State


def as_report(installation: Installation, state: State) -> dict[str, Any]:
    """Sizes in bytes, times in seconds; what could not be seen is null."""
    problems = degraded(installation, state)
    return {
        "installation": installation.title,
        "url": installation.public_url,
        "fine": not problems,
        "problems": [problem.as_json() for problem in problems],
        "processes": [
            _process(process, state, *installation.code)
            for process in installation.processes
            if process.name in state.processes or not process.spare
        ],
        "schemas": {name: _schema(name, state) for name in installation.databases},
        "database": _database(state),
        "bus": _bus(state),
        "jobs": None
        if state.jobs is None
        else {each.state: {"count": each.count, "age_seconds": round(each.age, 1)} for each in state.jobs},
        "disks": [
            {"holds": disk.holds, "path": disk.path, "free_bytes": disk.free, "free_share": round(disk.free_share, 3)}
            for disk in state.disks
        ],
        "backups": _backups(state),
        "seconds": round(state.seconds, 2),
    }


def _process(process: Process, state: State, version: str, commit: str) -> dict[str, Any]:
    seen = state.processes.get(process.name)
    return {
        "name": process.name,
        "service": process.service,
        "url": process.url,
        "alive": bool(seen and seen.alive),
        "ready": bool(seen and seen.ready),
        "reason": seen.reason if seen else state.away.get(process.name, ""),
        "version": (seen.version or version) if seen else "",
        "commit": (seen.commit or commit) if seen else "",
        "up_seconds": round(time.time() - seen.started_at, 1) if seen and seen.started_at else None,
        "memory_bytes": seen.memory if seen else None,
    }


def _schema(name: str, state: State) -> dict[str, Any]:
    seen = state.databases.get(name)
    if seen is None:
        return {"away": state.away.get(f"{name} database", "not asked")}
    durables = state.bus.durables if state.bus else {}
    lags = [info.num_pending or 0 for durable, info in durables.items() if durable.startswith(f"{name}-")]
    return {
        "heads": seen.heads,
        "outbox": seen.waiting,
        "outbox_age_seconds": round(seen.age, 1),
        "dead_letters": seen.letters,
        "lag": sum(lags) if state.bus else None,
    }


def _database(state: State) -> dict[str, Any] | None:
    seen = next(iter(state.databases.values()), None)
    if seen is None:
        return None
    version = f"{seen.version // 10_000}.{seen.version % 10_000}"
    return {"version": version, "bytes": seen.size, "connections": seen.connections, "places": seen.places}


def _bus(state: State) -> dict[str, Any] | None:
    if state.bus is None:
        return None
    stream = state.bus.stream
    return {
        "version": ".".join(map(str, state.bus.version)),
        "messages": stream.state.messages if stream else None,
        "bytes": stream.state.bytes if stream else None,
        "lag": sum(info.num_pending or 0 for info in state.bus.durables.values()),
        "consumers": {name: info.num_pending or 0 for name, info in sorted(state.bus.durables.items())},
    }


def _backups(state: State) -> dict[str, Any] | None:
    seen = state.backups
    if seen is None:
        return None
    now = time.time()
    return {
        "folder": str(seen.folder),
        "count": seen.count,
        "last_seconds_ago": round(now - seen.last, 1) if seen.last else None,
        "drill_seconds_ago": round(now - seen.drilled, 1) if seen.drilled else None,
        "log_waiting": seen.waiting,
    }
