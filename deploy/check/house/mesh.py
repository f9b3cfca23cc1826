"""The same names as on the page of the mesh, deploy/local/topology.py."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from deploy.check.calls import MIGRATIONS
from deploy.check.cluster import Cluster
from deploy.local.topology import MESH
from deploy.new_secrets import BUS_SERVERS

FRONT, BUS = "front", "nats"
NAME: Final = "app.kubernetes.io/name"
SETTINGS: Final = "mesh"
OUTSIDE: Final = ("PUBLIC_BASE_URL", "BLOB_URL", "OPENAI_BASE_URL", "AWS_ENDPOINT_URL")
UPSTREAM: Final = re.compile(r"^\s*server\s+([\w.-]+):(\d+)", re.MULTILINE)


def everybody_of_the_topology_is_there(cluster: Cluster) -> Iterator[str]:
    names = {process.name for process in MESH.processes}
    for kind, wanted in {
        "Deployment": names | {FRONT},
        "StatefulSet": {BUS},
        "Service": names | {FRONT, BUS},
        "ServiceAccount": names | {FRONT, BUS, "roles", "provision"},
        "Job": {*MIGRATIONS, "roles", "provision"},
    }.items():
        yield from (f"{kind} {name} is missing" for name in sorted(wanted - cluster.names(kind)))
        yield from (f"{kind} {name} is nobody's" for name in sorted(cluster.names(kind) - wanted))
    for process in MESH.processes:
        workload = cluster.workload("Deployment", process.name)
        if workload is None:
            continue
        told = cluster.environment(workload)
        usual = f"services.{process.service}.app:app"
        if (app := told.get("APP", usual)) != process.app:
            yield f"{workload} runs {app}, and should {process.app}"
        if told.get("SERVICE_NAME") != process.name:
            yield f"{workload} is told to be {told.get('SERVICE_NAME') or 'nobody'}"
        if workload.spec["serviceAccountName"] != process.name:
            yield f"{workload} goes as {workload.spec['serviceAccountName']}"
        if told.get("PORT") != str(workload.ports.get("http")):
            yield f"{workload} listens on {told.get('PORT')}, and says {workload.ports.get('http')}"
        if not process.edge and urlsplit(told.get(process.address, "")).hostname != process.name:
            yield f"{workload}: {process.address} is {told.get(process.address) or 'missing'}"
    for schema in MESH.schemas:
        job = cluster.workload("Job", f"migrate-{schema}")
        if job and job.containers[0]["command"][-1] != schema:
            yield f"{job} migrates {job.containers[0]['command'][-1]}"


def each_can_be_shipped_alone(cluster: Cluster) -> Iterator[str]:
    """By its label, and that of the settings of all: `kubectl apply -l 'app.kubernetes.io/name in (dex, mesh)'`."""
    labels = {
        (document["kind"], document["metadata"]["name"]): document["metadata"].get("labels", {}).get(NAME)
        for document in cluster.documents
    }
    for process in MESH.processes:
        for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy"):
            if labels.get((kind, process.name), process.name) != process.name:
                yield f"{kind} {process.name} has the label of {labels[kind, process.name]}"
        workload = cluster.workload("Deployment", process.name)
        for source in workload.containers[0].get("envFrom", ()) if workload else ():
            name = source.get("configMapRef", {}).get("name", "")
            if labels.get(("ConfigMap", name), SETTINGS) != SETTINGS:
                yield f"ConfigMap {name} has no label {NAME}={SETTINGS}"


def addresses_lead_somewhere(cluster: Cluster) -> Iterator[str]:
    """Every address that somebody is told, of whatever is in the namespace."""
    for workload in cluster.workloads:
        for name, value in cluster.environment(workload).items():
            if name.endswith("_URL") and name not in OUTSIDE:
                for address in value.split(","):
                    parts = urlsplit(address)
                    yield from _leads(cluster, f"{workload}: {name}", parts.hostname or "", parts.port)
    for document in cluster.all("ConfigMap"):
        for host, port in UPSTREAM.findall(document.get("data", {}).get("gateways.conf", "")):
            yield from _leads(cluster, "the front", host, int(port))
    namespace = next(iter(cluster.names("Namespace")), "")
    for scaled in cluster.all("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            if endpoint := trigger["metadata"].get("natsServerMonitoringEndpoint"):
                host, _, port = endpoint.partition(":")
                short = host.removesuffix(f".{namespace}.svc.cluster.local")
                yield from _leads(cluster, f"ScaledObject {scaled['metadata']['name']}", short, int(port))


def the_bus_has_as_many_servers_as_copies(cluster: Cluster) -> Iterator[str]:
    bus = cluster.workload("StatefulSet", BUS)
    if bus is None:
        return
    servers, configuration = bus.document["spec"]["replicas"], bus_configuration(cluster)
    is_cluster = "cluster {" in configuration
    if servers != (BUS_SERVERS if is_cluster else 1):
        yield f"{bus} has {servers} servers; they find each other if there are {BUS_SERVERS}, by their cluster.conf"
    for workload in cluster.workloads:
        if (copies := cluster.number(workload, "EVENT_STREAM_REPLICAS", servers)) != servers:
            yield f"{workload} wants {copies:.0f} copies of the events, of {servers} servers"


def bus_configuration(cluster: Cluster) -> str:
    """The text of nats.conf."""
    texts = (document.get("data", {}).get("nats.conf") for document in cluster.all("ConfigMap"))
    return next((text for text in texts if text), "")


def _leads(cluster: Cluster, who: str, host: str, port: int | None) -> Iterator[str]:
    service = cluster.named("Service", host)
    if service is None:
        yield f"{who} leads to {host}, which is not there"
    elif port not in [each["port"] for each in service["spec"]["ports"]]:
        yield f"{who} leads to {host}:{port}, where nobody listens"
