"""Containers as an engine describes them; docker and podman differ in a few words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a process answered; status 0 means nothing came."""

    status: int
    body: str

    @property
    def content(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Container:
    """One container at one moment.

    image      the reference it was made from, `biologidex/dex:0123456789ab`
    addresses  one for each network
    published  where its ports can be reached on this host, by port of the container
    restarts   how often its process has ended by itself and was started again
    """

    id: str
    created: str
    image: str
    image_id: str
    is_running: bool
    exit_code: int
    restarts: int
    addresses: Mapping[str, str]
    published: Mapping[int, str]

    @property
    def tag(self) -> str:
        return tag_of(self.image)

    def network(self, name: str) -> str | None:
        """A network by its name in compose.yml, as the engine calls it; None where the container is not in it."""
        return next((each for each in self.addresses if each.rpartition("_")[2] == name), None)


def tag_of(reference: str) -> str:
    """`latest` where a reference names none."""
    name, _, digest = reference.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return tag or digest or "latest"


def container_of(inspected: Mapping[str, Any]) -> Container:
    """One entry of `docker inspect` or `podman inspect`."""
    state, settings = inspected["State"], inspected.get("NetworkSettings") or {}
    networks: Mapping[str, Mapping[str, Any]] = settings.get("Networks") or {}
    return Container(
        id=inspected["Id"],
        created=inspected.get("Created", ""),
        image=inspected.get("ImageName") or inspected["Config"]["Image"],
        image_id=inspected.get("Image", ""),
        is_running=bool(state.get("Running")) and state.get("Status") != "restarting",
        exit_code=int(state.get("ExitCode") or 0),
        restarts=int(inspected.get("RestartCount") or 0),
        addresses={name: network.get("IPAddress", "") for name, network in networks.items()},
        published={int(port.partition("/")[0]): _first(hosts) for port, hosts in _ports(settings).items() if hosts},
    )


def _ports(settings: Mapping[str, Any]) -> Mapping[str, Sequence[Mapping[str, str]]]:
    return settings.get("Ports") or {}


def _first(hosts: Sequence[Mapping[str, str]]) -> str:
    address = hosts[0].get("HostIp") or "127.0.0.1"
    return f"{'127.0.0.1' if address in ('0.0.0.0', '::') else address}:{hosts[0]['HostPort']}"
