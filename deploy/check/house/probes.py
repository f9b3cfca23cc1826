"""Whether somebody is alive and ready is asked of himself alone."""

from collections.abc import Iterator
from typing import Final

from deploy.check.cluster import Cluster, Document, Workload
from deploy.local.topology import MESH

PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
ALIVE, READY = "/health/", "/ready/"
PATIENCE: Final = 30
"""Seconds: whoever is killed sooner is killed for being busy."""
DRAIN: Final = 6
"""What a front needs to notice (docs/decisions/0014)."""
MARGIN: Final = 5


def they_are_there_and_look_at_nobody_else(cluster: Cluster) -> Iterator[str]:
    processes = {process.name: process for process in MESH.processes}
    for workload in filter(lambda each: each.serves, cluster.workloads):
        for container in workload.spec["containers"]:
            for name in PROBES:
                yield from _wrong(f"{workload}: {name}", container.get(name), workload)
            if process := processes.get(workload.name):
                # The gateway's /ready/ speaks of all services: one that is away would take it, and so all, away.
                ready = ALIVE if process.edge else READY
                for name, path in zip(PROBES, (ALIVE, ready, ALIVE), strict=True):
                    asked = container.get(name, {}).get("httpGet", {}).get("path")
                    if asked != path:
                        yield f"{workload}: {name} asks {asked}, and should {path}"


def there_is_time_to_leave(cluster: Cluster) -> Iterator[str]:
    for process in MESH.processes:
        workload = cluster.workload("Deployment", process.name)
        if workload is None:
            continue
        drain, grace = cluster.number(workload, "DRAIN_SECONDS", 0), cluster.number(workload, "GRACE_SECONDS", 5)
        given = workload.spec.get("terminationGracePeriodSeconds", 30)
        if drain < DRAIN:
            yield f"{workload} serves on for {drain:.0f} s when it is to go; others need {DRAIN} s to notice"
        if drain + grace + MARGIN > given:
            yield f"{workload} has {given} s to leave, and takes up to {drain + grace + MARGIN:.0f} s"


def _wrong(what: str, probe: Document | None, workload: Workload) -> Iterator[str]:
    if probe is None:
        yield f"{what} is missing"
        return
    asked = probe.get("httpGet") or probe.get("tcpSocket")
    if asked is None:
        yield f"{what} asks nothing at a port"
        return
    if "host" in asked:
        yield f"{what} asks {asked['host']}, somebody else"
    if asked["port"] not in (*workload.ports, *workload.ports.values()):
        yield f"{what} asks at the port {asked['port']}, which is not its own"
    patience = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
    if what.endswith("livenessProbe") and patience < PATIENCE:
        yield f"{what} gives up after {patience} s, and should after {PATIENCE} s at the earliest"
