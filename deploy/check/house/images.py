"""Whose images run, and in which version."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.cluster import Cluster
from deploy.local.topology import MESH

COMPOSE: Final = Path(__file__).parents[2] / "compose.yml"
REFERENCE: Final = re.compile(r"(?P<name>[^@]+?)(:(?P<tag>[\w.-]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?")
BY_DEFAULT: Final = re.compile(r"\$\{\w+:?-([^}]*)\}")
THIRD_PARTIES: Final = {"front": "nginx", "nats": "nats"}
"""Workload, and compose service, by which image they run."""


def they_are_known(cluster: Cluster) -> Iterator[str]:
    ours = {process.name: process.service for process in MESH.processes}
    ours |= {f"migrate-{schema}": schema for schema in MESH.schemas} | {"roles": "ops", "provision": "ops"}
    for workload in cluster.workloads:
        for container in workload.containers:
            found = REFERENCE.fullmatch(container["image"])
            name, tag, digest = (found["name"], found["tag"], found["digest"]) if found else ("", None, None)
            wanted = (
                f"biologidex/{ours[workload.name]}" if workload.name in ours else THIRD_PARTIES.get(workload.name, "")
            )
            if not wanted or not f"/{name}".endswith(f"/{wanted}"):
                yield f"{workload} runs {container['image']}, and should {wanted or 'not be there'}"
            if digest is None and tag in (None, "latest"):
                yield f"{workload} runs whatever {name} is today"


def they_are_those_of_compose(cluster: Cluster) -> Iterator[str]:
    """One system in two places: the same servers before and between the services."""
    if not COMPOSE.exists():
        return
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    for name in (process.name for process in MESH.processes):
        if name not in services and f"{name}-1" not in services:
            yield f"compose has no {name}"
    for name, image in THIRD_PARTIES.items():
        there = BY_DEFAULT.sub(r"\1", services.get(name, {}).get("image", ""))
        for workload in cluster.workloads:
            if workload.name == name and workload.containers[0]["image"] != there:
                yield f"{image} is {workload.containers[0]['image']} here, and {there or 'missing'} in compose"
