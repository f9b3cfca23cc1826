"""The whole examination: all groups of checks over what was seen, and what the groups are called."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.operate.checks import (
    backups,
    bus,
    certificate,
    clocks,
    databases,
    disk,
    env_file,
    events,
    folders,
    images,
    keys,
    machine,
    network,
    permissions,
    ports,
    secrets,
    services,
    settings,
)
from deploy.operate.findings import Finding, Kind, care
from deploy.operate.installation import Installation
from deploy.operate.state import State

Check = Callable[[Installation, State], Iterable[Finding]]


@dataclass(frozen=True)
class Group:
    """Checks of one subject. `fine` is said when nothing was found."""

    name: str
    fine: str
    kinds: tuple[Kind, ...]
    check: Check
    applies: Callable[[Installation], bool] = lambda installation: True
    """Whether there is anything to look at from where we stand."""


def _runs(installation: Installation) -> bool:
    return installation.runs


def _has_files(installation: Installation) -> bool:
    return installation.env_file is not None


GROUPS: Final = (
    Group("settings file", env_file.FINE, env_file.KINDS, env_file.check, _has_files),
    Group(
        "settings",
        settings.FINE,
        settings.KINDS,
        settings.check,
        lambda where: bool(where.told) and (where.runs or where.kind == "compose"),
    ),
    Group("secrets", secrets.FINE, secrets.KINDS, secrets.check, _has_files),
    Group("keys", keys.FINE, keys.KINDS, keys.check, keys.applies),
    Group("certificate", certificate.FINE, certificate.KINDS, certificate.check, _has_files),
    Group("services", services.FINE, services.KINDS, services.check, _runs),
    Group("databases", databases.FINE, databases.KINDS, databases.check, _runs),
    Group("bus", bus.FINE, bus.KINDS, bus.check, _runs),
    Group("permissions", permissions.FINE, permissions.KINDS, permissions.check),
    Group("events", events.FINE, events.KINDS, events.check, _runs),
    Group("clocks", clocks.FINE, clocks.KINDS, clocks.check, _runs),
    Group("folders", folders.FINE, folders.KINDS, folders.check),
    Group("disks", disk.FINE, disk.KINDS, disk.check),
    Group("backups", backups.FINE, backups.KINDS, backups.check, lambda where: where.backups is not None),
    Group("ports", ports.FINE, ports.KINDS, ports.check, lambda where: not where.runs),
    Group("machine", machine.FINE, machine.KINDS, machine.check),
)
FAILED: Final = care("doctor.failed", "A check could not be made to its end.", "mend what else is found, and try again")
LATE: Final = (
    ("images", images.FINE, images.KINDS),
    ("network", network.FINE, network.KINDS),
    ("doctor", "", (FAILED,)),
)
"""Groups that need more than was seen: an engine of containers, a way out of the house."""

DEGRADED: Final = (services, databases, bus, events, disk, backups)
"""What `status` judges by: whether it works now, not whether it is set up well."""


@dataclass(frozen=True)
class Examined:
    """A group's result."""

    name: str
    fine: str
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        return {"group": self.name, "findings": [finding.as_json() for finding in self.findings]}


def examine(installation: Installation, state: State) -> Iterator[Examined]:
    """All groups that apply, in their order."""
    for group in GROUPS:
        if group.applies(installation):
            yield Examined(group.name, group.fine, tuple(_carefully(group.check, installation, state)))


def _carefully(check: Check, installation: Installation, state: State) -> Iterator[Finding]:
    """What is badly broken may break a check as well; the others are still to be told of."""
    try:
        yield from check(installation, state)
    except Exception as error:  # noqa: BLE001 - whatever it is
        yield FAILED.found(f"it ended with {type(error).__name__}: {error}".splitlines()[0])


def degraded(installation: Installation, state: State) -> list[Finding]:
    """What keeps the installation from being fine at this moment."""
    return [finding for module in DEGRADED for finding in module.check(installation, state) if finding.is_wrong]


def together(some: Iterable[Examined], more: Iterable[Examined]) -> list[Examined]:
    """Groups that were looked at from two places as one each; what both have found is said once."""
    found: dict[str, Examined] = {}
    for group in (*some, *more):
        there = found.get(group.name, group)
        findings = tuple(dict.fromkeys((*there.findings, *group.findings)))
        found[group.name] = Examined(group.name, group.fine or there.fine, findings)
    return list(found.values())


def all_kinds() -> Iterator[tuple[str, Kind]]:
    """Everything that can be found, by group."""
    for name, kinds in (*((group.name, group.kinds) for group in GROUPS), *((n, k) for n, _, k in LATE)):
        for kind in kinds:
            yield name, kind


def as_markdown() -> str:
    """The table of docs/doctor.md."""
    rows = [f"| `{kind.id}` | {kind.mark.value} | {kind.means} | {kind.fix} |" for _, kind in all_kinds()]
    return "\n".join(["| finding | | what it means | what to do |", "|---|---|---|---|", *rows, ""])


def by_id(found: Iterable[Mapping[str, Any]]) -> Iterator[Examined]:
    """Groups as another place has told them in JSON."""
    kinds = {kind.id: kind for _, kind in all_kinds()}
    fine = {group.name: group.fine for group in GROUPS}
    for told in found:
        findings = tuple(Finding(kinds[each["id"]], each["what"], each["fix"]) for each in told["findings"])
        yield Examined(told["group"], fine.get(told["group"], ""), findings)
