"""Who may talk to whom (design: "Calls between services"), for the policies to be held against."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.check.cluster import Cluster
from deploy.local.topology import MESH

SERVICES_FOLDER: Final = Path(__file__).parents[2] / "services"
CALL: Final = re.compile(r"\bpeers\.(?:get|post)\(\s*\"(\w+)\"")

QUESTIONS: Final[Mapping[str, frozenset[str]]] = {
    "dex": frozenset({"animals", "users", "vision"}),
    "social": frozenset({"users"}),
    "users": frozenset({"vision"}),
}
"""What services ask each other, with the player's token. There are no other questions."""
TAKE_TOKENS: Final = ("gateway", "animals", "dex", "social", "vision", "graph")
"""Who asks users for the public keys."""
PICTURES: Final = ("vision", "vision-worker", "gateway")
"""Who reaches the object store; the worker the model's provider as well."""
PROCESSES: Final = tuple(process.name for process in MESH.processes)
WITH_DATABASE: Final = tuple(process.name for process in MESH.processes if process.schema)
MIGRATIONS: Final = tuple(f"migrate-{schema}" for schema in MESH.schemas)

HTTP, BUS, MONITOR, ROUTES, DATABASE, FRONT = 8000, 4222, 8222, 6222, 5432, 8080
STATUS, POSTGRES_METRICS, TRACES, TLS, API_SERVER, NAMES = 8000, 9187, 4318, 443, 6443, 53
MONITORING, KEDA, CNPG, STRANGER = "monitoring", "keda", "cnpg-system", "another namespace"
INTERNET, PRIVATE, METADATA, DNS = "the internet", "the private network", "the cloud's metadata", "dns"


@dataclass(frozen=True, order=True)
class Call:
    """Pods of `source` reach pods of `target` at `port`."""

    source: str
    target: str
    port: int

    def __str__(self) -> str:
        return f"{self.source} → {self.target}:{self.port}"


def of_the_code() -> dict[str, frozenset[str]]:
    """What services really ask each other, as it is written."""
    found = {
        folder.name: frozenset(
            name
            for path in folder.rglob("*.py")
            if "tests" not in path.parts
            for name in CALL.findall(path.read_text())
        )
        for folder in SERVICES_FOLDER.iterdir()
        if folder.is_dir()
    }
    return {service: names for service, names in found.items() if names}


def of_the_design(cluster: Cluster) -> set[Call]:
    """All that may be, given what this overlay has in it."""
    return {call for part in (_inside, _of_operators, _outwards) for call in part(cluster)}


def _inside(cluster: Cluster) -> Iterator[Call]:
    yield Call("front", "gateway", HTTP)
    yield from (Call("gateway", name, HTTP) for name in PROCESSES if name != "gateway")
    yield from (Call(source, name, HTTP) for source, names in QUESTIONS.items() for name in names)
    yield from (Call(name, "users", HTTP) for name in TAKE_TOKENS)
    yield from (Call(name, "nats", BUS) for name in (*PROCESSES, "provision"))
    yield Call("nats", "nats", ROUTES)
    database = "postgres" if cluster.all("Cluster") else PRIVATE
    yield from (Call(name, database, DATABASE) for name in (*WITH_DATABASE, *MIGRATIONS, "roles"))
    if cluster.all("Cluster"):
        yield from (Call("postgres", "postgres", port) for port in (DATABASE, STATUS))


def _of_operators(cluster: Cluster) -> Iterator[Call]:
    # Whoever finds the way to the front may come: strangers are what it is for.
    yield from (
        Call(name, "front", FRONT) for name in (MONITORING, KEDA, CNPG, STRANGER, DNS, INTERNET, PRIVATE, METADATA)
    )
    yield from (Call(MONITORING, name, HTTP) for name in PROCESSES)
    yield Call(MONITORING, "nats", MONITOR)
    if cluster.all("Cluster"):
        yield Call(MONITORING, "postgres", POSTGRES_METRICS)
        yield Call(CNPG, "postgres", STATUS)
    if cluster.all("ScaledObject"):
        yield Call(KEDA, "nats", MONITOR)


def _outwards(cluster: Cluster) -> Iterator[Call]:
    everybody = [workload.name for workload in cluster.workloads]
    yield from (Call(name, DNS, NAMES) for name in everybody)
    reports = PROCESSES if cluster.named("NetworkPolicy", "sentry") else ()
    yield from (Call(name, INTERNET, TLS) for name in {*PICTURES, *reports})
    if any("OTEL_EXPORTER_OTLP_ENDPOINT" in document.get("data", {}) for document in cluster.all("ConfigMap")):
        yield from (Call(name, MONITORING, TRACES) for name in PROCESSES)
    if cluster.all("Cluster"):
        # The cluster's own API and the store of the backups, wherever they are.
        yield from (Call("postgres", to, port) for to in (INTERNET, PRIVATE, METADATA) for port in (TLS, API_SERVER))
