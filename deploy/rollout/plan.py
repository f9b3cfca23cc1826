"""What a deploy would do: which services, from which version to which, and in which order. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.local.topology import MESH
from deploy.rollout.containers import tag_of
from deploy.rollout.releases import Release

UNITS: Final = tuple(dict.fromkeys(process.service for process in MESH.processes))
"""What is built and tagged by itself: users, animals, dex, social, vision, graph, gateway."""
GATEWAYS: Final = ("gateway-1", "gateway-2")
FRONT: Final = "front"
PROVISION: Final = "provision"
OPS: Final = "ops"
"""What looks after the others, in an image of its own."""
BESIDE: Final = ("backup", "exporter")
"""They run the image of `ops` and serve nobody: replaced last, where they run."""


@dataclass(frozen=True)
class Member:
    """One container that is replaced.

    name     its compose service
    unit     whose image it runs
    stand_in the compose service that serves in its place meanwhile; None: nobody does
    twin     the one beside it that must be ready before this one goes
    network  where others look for it: it is not seen there before it is ready; None: nobody sends it requests
    """

    name: str
    unit: str
    stand_in: str | None = None
    twin: str | None = None
    network: str | None = None


def _members() -> Sequence[Member]:
    found = []
    for process in MESH.processes:
        if process.edge:
            one, other = GATEWAYS
            found.append(Member(one, process.service, twin=other, network="edge"))
            found.append(Member(other, process.service, twin=one, network="edge"))
        elif process.name == process.service:
            found.append(Member(process.name, process.service, stand_in=f"{process.name}-2", network="mesh"))
        else:
            # A worker: what it had in hand is delivered again.
            found.append(Member(process.name, process.service))
    return found


MEMBERS: Final = tuple(_members())
"""In the order in which they are replaced: the services, and behind them the gateways."""


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    fetch: str = ""
    backup: bool = True
    migrate: bool = True
    maintenance: bool = False


@dataclass(frozen=True)
class Plan:
    """From which tags to which.

    units          those that are replaced
    before, after  tags of all units and of `ops`
    common         TAG of `.env` afterwards, and before
    target         for a rollback: the release it leads to
    """

    units: tuple[str, ...]
    before: Mapping[str, str]
    after: Mapping[str, str]
    common: str
    common_before: str
    options: Options
    target: Release | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(member for member in MEMBERS if member.unit in self.units)

    @property
    def migrations(self) -> tuple[str, ...]:
        return tuple(f"migrate-{unit}" for unit in self.units if unit in MESH.schemas)

    @property
    def steps(self) -> tuple[str, ...]:
        """In words, in order."""
        options = self.options
        found = [{"build": "build the images", "pull": "pull the images"}.get(options.fetch, "")]
        found.append("maintenance: the front answers 503" if options.maintenance else "")
        if self.target is None:
            found.append("back up" if options.backup else "")
            found += self.migrations if options.migrate else ()
            found.append(PROVISION)
        found += [_how(member) for member in self.members]
        return tuple(step for step in (*found, "verify", "record the release") if step)


def _how(member: Member) -> str:
    if member.stand_in:
        return f"{member.name}, {member.stand_in} standing in"
    return f"{member.name}, beside {member.twin}" if member.twin else member.name


def variable(unit: str) -> str:
    """The setting with the tag of one unit: `DEX_TAG`."""
    return f"{unit.upper().replace('-', '_')}_TAG"


def environment(tags: Mapping[str, str], tag: str = "") -> dict[str, str]:
    """What compose is given, so that these tags count whatever `.env` says; `tag` for all that has none of its own."""
    return {**({"TAG": tag} if tag else {}), **{variable(unit): tag for unit, tag in tags.items()}}


def tags_of(configuration: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The tags that compose would run by itself."""
    runs = {**{member.unit: member.name for member in MEMBERS}, OPS: PROVISION}
    return {unit: tag_of(configuration[name]["image"]) for unit, name in runs.items() if name in configuration}


def images_of(configuration: Mapping[str, Mapping[str, Any]], services: Collection[str]) -> dict[str, str]:
    """Which images these services need, each with one service that runs it."""
    return {configuration[name]["image"]: name for name in services if name in configuration}


def fixed_address(configuration: Mapping[str, Mapping[str, Any]], service: str, network: str) -> str:
    """The address that a service always has in a network; empty where it has none."""
    networks = configuration.get(service, {}).get("networks") or {}
    given = networks.get(network) if isinstance(networks, dict) else None
    return str((given or {}).get("ipv4_address", ""))


def settings_for(tags: Mapping[str, str], common: str) -> dict[str, str]:
    """What `.env` has to say for these tags: one for all, and those that differ by their own names."""
    return {"TAG": common, **{variable(unit): "" if tag == common else tag for unit, tag in tags.items()}}
