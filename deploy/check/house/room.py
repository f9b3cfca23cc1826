"""What all of it takes, against what there is."""

import re
from collections.abc import Iterator
from typing import Final

from deploy.check.cluster import Cluster, Document, Workload
from deploy.check.house.mesh import bus_configuration
from deploy.check.house.scaling import most_of
from deploy.local.topology import MESH

UNITS: Final = {"": 1.0, "m": 1e-3, "k": 1e3, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m|k|Ki|Mi|Gi|Ti)?")
MAX_FILE: Final = re.compile(r"max_file:\s*(\d+)GB")
KEPT_FREE: Final = 20
"""Connections for people, backups and recovery."""


def quantity(text: object) -> float:
    """`250m`, `1`, `512Mi` as a number."""
    found = QUANTITY.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text} is no quantity")
    return float(found[1]) * UNITS[found[2] or ""]


def all_fit_into_the_quota(cluster: Cluster) -> Iterator[str]:
    """At their most, each Deployment with one pod more, as while it is replaced."""
    need = {"pods": 0.0, "requests.cpu": 0.0, "requests.memory": 0.0, "persistentvolumeclaims": 0.0}
    for workload in cluster.workloads:
        count = _most(cluster, workload)
        need["pods"] += count
        for resources in _resources(workload):
            need["requests.cpu"] += count * quantity(resources.get("requests", {}).get("cpu", 0))
            need["requests.memory"] += count * quantity(resources.get("requests", {}).get("memory", 0))
        need["persistentvolumeclaims"] += count * _volumes(workload)
    need["persistentvolumeclaims"] += len(cluster.all("PersistentVolumeClaim"))
    for quota in cluster.all("ResourceQuota"):
        for name, most in quota["spec"]["hard"].items():
            if need.get(name, 0) > quantity(most):
                yield f"ResourceQuota: {name} may be {most}, and all at their most need {need[name]:.0f}"


def the_database_has_connections_enough(cluster: Cluster) -> Iterator[str]:
    """All at their most, and one of them being replaced."""
    pods, need, largest = 0, 0.0, 0.0
    for process in MESH.processes:
        workload = cluster.workload("Deployment", process.name)
        if process.schema and workload:
            each = cluster.number(workload, "DATABASE_POOL_SIZE", 5) + cluster.number(
                workload, "DATABASE_POOL_OVERFLOW", 10
            )
            pods += most_of(cluster, process.name)
            need += most_of(cluster, process.name) * each
            largest = max(largest, each)
    need += largest + KEPT_FREE
    for database in cluster.all("Cluster"):
        there = int(database["spec"]["postgresql"]["parameters"]["max_connections"])
        if need > there:
            yield f"{pods} pods take up to {need:.0f} connections; Cluster {database['metadata']['name']} has {there}"


def the_log_fits_on_its_disk(cluster: Cluster) -> Iterator[str]:
    """The stream refuses events before the server does, and that before the disk is full."""
    bus = cluster.workload("StatefulSet", "nats")
    found = MAX_FILE.search(bus_configuration(cluster))
    if bus is None or found is None:
        yield "the bus has no limit for its files"
        return
    disk = quantity(bus.document["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"])
    server = int(found[1]) * UNITS["Gi"]
    for workload in cluster.workloads:
        stream = cluster.number(workload, "EVENT_STREAM_MAX_BYTES", 1)
        if not 0 < stream < server < disk:
            yield f"{workload}: a stream of {stream:.0f}, a server's limit of {server:.0f}, a disk of {disk:.0f}"


def _most(cluster: Cluster, workload: Workload) -> int:
    if workload.kind == "Deployment":
        return most_of(cluster, workload.name) + 1
    spec: Document = workload.document["spec"]
    return int(spec.get("instances") or spec.get("replicas") or 1)


def _resources(workload: Workload) -> list[Document]:
    if workload.kind == "Cluster":
        return [workload.document["spec"]["resources"]]
    return [container.get("resources", {}) for container in workload.containers]


def _volumes(workload: Workload) -> int:
    spec = workload.document["spec"]
    if workload.kind == "Cluster":
        return 2 if "walStorage" in spec else 1
    return len(spec.get("volumeClaimTemplates", ()))
