"""Rates out of two samples of everybody's metrics: what `bdx top` shows."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.operate.installation import Installation, Process
from deploy.operate.looks.processes import asking
from deploy.operate.looks.samples import Samples, read_samples

SECONDS: Final = 2.0
OWN_LOOKS: Final = frozenset({"/health/", "/ready/", "/metrics/", "/metrics/own/"})
"""Requests of monitors, and of ours: not players'."""


@dataclass(frozen=True)
class Sample:
    """Everybody's metrics at one moment; who did not answer is missing."""

    at: float
    of: Mapping[str, Samples]


@dataclass(frozen=True)
class Rates:
    """What one process did between two samples, per second; p95 in seconds, None without requests; memory in bytes."""

    name: str
    answers: bool
    requests: float = 0.0
    errors: float = 0.0
    p95: float | None = None
    published: float = 0.0
    handled: float = 0.0
    lag: float = 0.0
    memory: float | None = None
    cpu: float | None = None


async def sample(installation: Installation) -> Sample:
    """Asks all at once."""

    async def ask(client: httpx.AsyncClient, process: Process) -> Samples | None:
        try:
            return await read_samples(client, process)
        except (httpx.HTTPError, ValueError):
            return None

    async with asking(SECONDS) as client:
        pages = await asyncio.gather(*(ask(client, process) for process in installation.processes))
    found = zip(installation.processes, pages, strict=True)
    return Sample(time.monotonic(), {process.name: page for process, page in found if page is not None})


def rates(installation: Installation, before: Sample, after: Sample) -> list[Rates]:
    """For each process, in the order of the installation."""
    return [
        _rates(process, before.of.get(process.name), after.of.get(process.name), after.at - before.at)
        for process in installation.processes
        if process.name in after.of or not process.spare
    ]


def jobs(after: Sample) -> dict[str, float]:
    """Jobs by their state, as vision tells them; its processes tell the same."""
    found: dict[str, float] = {}
    for samples in after.of.values():
        for labels, value in samples.all("waiting_jobs"):
            found[labels["state"]] = max(value, found.get(labels["state"], 0.0))
    return found


def _rates(process: Process, before: Samples | None, after: Samples | None, seconds: float) -> Rates:
    if after is None:
        return Rates(process.name, answers=False)
    # Whoever has just begun, or has begun anew, counts from nothing.
    began = after.value("process_start_time_seconds")
    earlier = before if before and before.value("process_start_time_seconds") == began else Samples()
    metric, route, status = _requests(process)
    counts = _grown(earlier, after, f"{metric}_count" if status == "status" else metric, route)
    cpu = after.value("process_cpu_seconds_total")
    return Rates(
        name=process.name,
        answers=True,
        requests=sum(count for _, count in counts) / seconds,
        errors=sum(count for labels, count in counts if labels.get(status, "").startswith("5")) / seconds,
        p95=quantile(0.95, _buckets(earlier, after, process)),
        published=_total(_grown(earlier, after, "events_published_total")) / seconds,
        handled=_total(_grown(earlier, after, "events_handled_total")) / seconds,
        lag=sum(value for _, value in after.all("consumer_pending")),
        memory=after.value("process_resident_memory_bytes"),
        cpu=None if cpu is None else (cpu - (earlier.value("process_cpu_seconds_total") or 0.0)) / seconds,
    )


def _requests(process: Process) -> tuple[str, str, str]:
    """The metric of requests, its label of the route, and that of the status (contract O4)."""
    if process.service == "gateway":
        return "django_http_requests_total", "endpoint", "status_code"
    return "http_server_request_duration_seconds", "route", "status"


def _grown(before: Samples, after: Samples, name: str, route: str = "") -> list[tuple[dict[str, str], float]]:
    old = {_key(labels): value for labels, value in before.all(name)}
    return [
        (labels, value - old.get(_key(labels), 0.0))
        for labels, value in after.all(name)
        if not route or labels.get(route) not in OWN_LOOKS
    ]


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _total(counts: Iterable[tuple[Any, float]]) -> float:
    return sum(count for _, count in counts)


def _buckets(before: Samples, after: Samples, process: Process) -> dict[float, float]:
    name = "django_http_request_duration_seconds" if process.service == "gateway" else _requests(process)[0]
    found: dict[float, float] = {}
    for labels, count in _grown(before, after, f"{name}_bucket", _requests(process)[1]):
        bound = float(labels["le"])
        found[bound] = found.get(bound, 0.0) + count
    return found


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """As Prometheus estimates it: evenly spread within the bucket; the last bound for what is beyond it. Pure."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    wanted, lower, below = share * total, 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= wanted:
            return lower if bound == float("inf") else lower + (bound - lower) * (wanted - below) / (count - below)
        lower, below = bound, count
    return lower
