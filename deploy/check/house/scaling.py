"""How many there are, and who says so."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.check.cluster import Cluster, Document
from deploy.local.topology import MESH

CODE: Final = Path(__file__).parents[3]
MADE_IN: Final = ("libs/common/*.py", "services/*/*.py")
METRIC: Final = re.compile(r"([a-z_]+)\{")
PERMITTED: Final = CODE / "deploy" / "nats" / "authorization.conf"


def one_says_how_many(cluster: Cluster) -> Iterator[str]:
    """An autoscaler, or a number; two that say it fight each other at every deployment."""
    said: Counter[str] = Counter()
    for scaler in cluster.all("HorizontalPodAutoscaler", "ScaledObject"):
        what, target = f"{scaler['kind']} {scaler['metadata']['name']}", scaler["spec"]["scaleTargetRef"]
        workload = cluster.workload(target.get("kind", "Deployment"), target["name"])
        if workload is None:
            yield f"{what} scales {target['name']}, which is not there"
            continue
        said[str(workload)] += 1
        if workload.document["spec"].get("replicas") is not None:
            yield f"{workload} says how many it is; that is for {what}"
        least, most = bounds(scaler)
        if not 1 <= least <= most:
            yield f"{what} is for at least {least} and at most {most}"
    for process in MESH.processes:
        if said[f"Deployment {process.name}"] != 1:
            yield f"Deployment {process.name} has {said[f'Deployment {process.name}']} autoscalers, and should have one"


def figures_exist(cluster: Cluster) -> Iterator[str]:
    """What KEDA asks for: durables that the bus knows, metrics that the code has."""
    code = "".join(path.read_text() for pattern in MADE_IN for path in sorted(CODE.glob(pattern)))
    permitted = PERMITTED.read_text()
    for scaled in cluster.all("ScaledObject"):
        what = f"ScaledObject {scaled['metadata']['name']}"
        for trigger in scaled["spec"]["triggers"]:
            given = trigger["metadata"]
            if trigger["type"] == "nats-jetstream" and f'.{given["stream"]}.{given["consumer"]}"' not in permitted:
                yield f"{what}: the bus has no durable {given['consumer']} of {given['stream']}"
            for metric in METRIC.findall(given.get("query", "")):
                if f'"{metric}"' not in code:
                    yield f"{what}: nobody tells the metric {metric}"


def bounds(scaler: Document) -> tuple[int, int]:
    """At least and at most so many."""
    spec = scaler["spec"]
    if scaler["kind"] == "ScaledObject":
        return spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
    return spec.get("minReplicas", 1), spec["maxReplicas"]


def most_of(cluster: Cluster, name: str) -> int:
    """How many pods a Deployment may have, when nothing is being replaced."""
    for scaler in cluster.all("HorizontalPodAutoscaler", "ScaledObject"):
        if scaler["spec"]["scaleTargetRef"]["name"] == name:
            return bounds(scaler)[1]
    workload = cluster.workload("Deployment", name)
    return workload.document["spec"].get("replicas", 1) if workload else 0
