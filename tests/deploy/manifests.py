"""A rendering that a test may break, and how one comes to its parts."""

from collections.abc import Callable
from typing import Any

from deploy.check.cluster import Document


class Manifests:
    """A rendering that may be changed."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents

    def the(self, kind: str, name: str) -> Any:
        return next(each for each in self.documents if each["kind"] == kind and each["metadata"]["name"] == name)

    def drop(self, kind: str, name: str) -> None:
        self.documents.remove(self.the(kind, name))

    def pod(self, name: str, kind: str = "Deployment") -> Any:
        return self.the(kind, name)["spec"]["template"]["spec"]

    def container(self, name: str, kind: str = "Deployment") -> Any:
        return self.pod(name, kind)["containers"][0]

    def told(self) -> Any:
        """What all processes are told."""
        return next(each for each in self.documents if "USERS_URL" in (each.get("data") or {}))["data"]

    def file(self, name: str) -> Any:
        return next(each for each in self.documents if name in (each.get("data") or {}))["data"]

    def rules(self, policy: str, direction: str) -> Any:
        return self.the("NetworkPolicy", policy)["spec"][direction]


def put(place: Any, *path: Any, value: Any) -> None:
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value


def peers(rule: Any, side: str, *values: str) -> None:
    put(rule, side, 0, "podSelector", "matchExpressions", 0, "values", value=list(values))


Break = Callable[[Manifests], object]
Breaks = dict[str, tuple[Break, str]]
"""What somebody did → how, and words of the finding."""
