"""What an overlay makes, as objects that can be asked: who runs, with which labels, ports, settings and secrets."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

Document = dict[str, Any]
RUNNING: Final = ("Deployment", "StatefulSet", "Job")
DECLARED_SECRETS: Final = Path(__file__).parents[1] / "k8s" / "secrets.yaml"
POSTGRES_PORTS: Final = {"postgresql": 5432, "status": 8000, "metrics": 9187}
"""Those of an instance that CloudNativePG runs."""


@dataclass(frozen=True)
class Workload:
    """Pods that are alike. `spec` is the pod's; that of a database which an operator runs is the operator's: empty."""

    kind: str
    name: str
    labels: dict[str, str]
    spec: Document
    ports: dict[str, int]
    document: Document

    @property
    def containers(self) -> list[Document]:
        return [*self.spec.get("initContainers", ()), *self.spec.get("containers", ())]

    @property
    def serves(self) -> bool:
        """Whether it is there to be asked, and not to come to an end."""
        return self.kind in ("Deployment", "StatefulSet")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class SecretFile:
    """A file that a pod finds in its folder of secrets."""

    secret: str
    key: str


class Cluster:
    """All documents of one rendering."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents
        self.secrets: dict[str, dict[str, list[str]]] = yaml.safe_load(DECLARED_SECRETS.read_text())

    def all(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def names(self, kind: str) -> set[str]:
        return {document["metadata"]["name"] for document in self.all(kind)}

    def named(self, kind: str, name: str) -> Document | None:
        return next((document for document in self.all(kind) if document["metadata"]["name"] == name), None)

    @cached_property
    def workloads(self) -> list[Workload]:
        """Whatever has pods."""
        made = [_of_template(document) for document in self.all(*RUNNING)]
        return made + [_of_postgres(document) for document in self.all("Cluster")]

    def workload(self, kind: str, name: str) -> Workload | None:
        return next((each for each in self.workloads if (each.kind, each.name) == (kind, name)), None)

    def selected(self, selector: Document | None) -> list[Workload]:
        return [workload for workload in self.workloads if matches(selector, workload.labels)]

    def environment(self, workload: Workload) -> dict[str, str]:
        """The variables of its first container, as far as they are known before it runs."""
        if not workload.spec:
            return {}
        container = workload.spec["containers"][0]
        known: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            document = self.named("ConfigMap", source.get("configMapRef", {}).get("name", ""))
            known |= (document or {}).get("data", {})
        for variable in container.get("env", ()):
            path = variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
            label = path.removeprefix("metadata.labels['").removesuffix("']")
            known[variable["name"]] = variable.get("value", workload.labels.get(label, ""))
        return known

    def number(self, workload: Workload, name: str, otherwise: float) -> float:
        """A variable that is a number; one that is none is found by those who read settings."""
        try:
            return float(self.environment(workload)[name])
        except (IndexError, KeyError, ValueError):
            return otherwise

    def secret_files(self, workload: Workload) -> dict[str, SecretFile]:
        """By file name; of a secret that is mounted as a whole, all keys that it may have."""
        return {name: file for volume in workload.spec.get("volumes", ()) for name, file in self._files(volume)}

    def _files(self, volume: Document) -> Iterator[tuple[str, SecretFile]]:
        for source in secret_sources(volume):
            name = source.get("secretName") or source["name"]
            if items := source.get("items"):
                yield from ((item["path"], SecretFile(name, item["key"])) for item in items)
            else:
                yield from ((key, SecretFile(name, key)) for key in self.keys_of(name))

    def keys_of(self, secret: str) -> list[str]:
        """What secrets.yaml says of it."""
        declared = self.secrets.get(secret, {})
        return [*declared.get("required", ()), *declared.get("optional", ())]


def secret_sources(volume: Document) -> list[Document]:
    """The secrets of a volume, mounted as it is or together with others."""
    projected = [source["secret"] for source in volume.get("projected", {}).get("sources", ()) if "secret" in source]
    return [volume["secret"], *projected] if "secret" in volume else projected


def matches(selector: Document | None, labels: dict[str, str]) -> bool:
    """Whether a label selector selects something with these labels. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions", ()))


def _holds(expression: Document, labels: dict[str, str]) -> bool:
    key: str = expression["key"]
    operator: str = expression["operator"]
    if operator == "In":
        return labels.get(key) in expression["values"]
    if operator == "NotIn":
        return labels.get(key) not in expression["values"]
    return (key in labels) is (operator == "Exists")


def _of_template(document: Document) -> Workload:
    template = document["spec"]["template"]
    ports = {
        port.get("name", str(port["containerPort"])): port["containerPort"]
        for container in template["spec"]["containers"]
        for port in container.get("ports", ())
    }
    labels = template["metadata"].get("labels", {})
    return Workload(document["kind"], document["metadata"]["name"], labels, template["spec"], ports, document)


def _of_postgres(document: Document) -> Workload:
    name = document["metadata"]["name"]
    labels = {"cnpg.io/cluster": name} | document["spec"].get("inheritedMetadata", {}).get("labels", {})
    return Workload("Cluster", name, labels, {}, POSTGRES_PORTS, document)
