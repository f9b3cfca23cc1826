"""Whether one service as it is on one side may run with another as it is on another side. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.compatibility.calls import as_operation
from deploy.compatibility.misfits import misfits
from deploy.compatibility.operations import Operation, broken, key, operations
from deploy.compatibility.shapes import shape_of

GATEWAY: Final = "gateway"
PLAYERS: Final = "players"
"""Those behind the gateway, whose client was made for what was published then."""


@dataclass(frozen=True)
class Version:
    """A service as it is on one side. `age`: the older the lower; None: nobody knows."""

    service: str
    side: str
    told: Mapping[str, Any]
    age: int | None = None

    def __str__(self) -> str:
        return f"{self.service}@{self.side}"

    def is_newer_than(self, other: "Version") -> bool:
        return self.age is not None and other.age is not None and self.age > other.age


@dataclass(frozen=True)
class Finding:
    """`first`: it goes away when this service is deployed before the other one; None: they do not fit."""

    asking: str
    answering: str
    about: str
    problem: str
    first: str | None = None


def between(one: Version, other: Version) -> list[Finding]:
    """All that breaks while both run: calls and events, in both directions."""
    if one.service == PLAYERS or other.service == PLAYERS:
        players, service = (one, other) if one.service == PLAYERS else (other, one)
        return list(_promises(players, service))
    found: list[Finding] = []
    for asking, answering in ((one, other), (other, one)):
        found += _calls(asking, answering)
        found += _events(publisher=asking, reader=answering)
        if asking.service == GATEWAY != answering.service:
            found += _routes(asking, answering)
    return found


def _calls(asking: Version, answering: Version) -> Iterator[Finding]:
    there = operations(answering.told["openapi"])
    for kept in asking.told["calls"]["calls"]:
        if kept["service"] == answering.service:
            yield from _asked(asking, answering, as_operation(kept), there)


def _promises(players: Version, service: Version) -> Iterator[Finding]:
    """What a client does with every public operation that was published when it was made."""
    there = operations(service.told["openapi"])
    for operation in operations(players.told["openapi"]).values():
        if not operation.private:
            yield from _asked(players, service, operation, there)


def _asked(
    asking: Version, answering: Version, relied_on: Operation, there: Mapping[str, Operation]
) -> Iterator[Finding]:
    now = there.get(key(relied_on.name))
    if now is None:
        first = answering.service if asking.is_newer_than(answering) else None
        yield Finding(str(asking), str(answering), relied_on.name, "is not there", first)
        return
    for problem in broken(relied_on, now):
        first = answering.service if asking.is_newer_than(answering) else None
        yield Finding(str(asking), str(answering), relied_on.name, problem, first)


def _events(*, publisher: Version, reader: Version) -> Iterator[Finding]:
    """A log is kept: what was told once is read by newer code as well, so no order of deployment helps."""
    told = publisher.told["events"]["publishes"]
    for how in ("reads", "hears"):
        for subject, schema in reader.told["events"][how].get(publisher.service, {}).items():
            if subject in told:
                for problem in misfits(shape_of(told[subject]), shape_of(schema)):
                    yield Finding(str(reader), str(publisher), subject, problem)
            elif not reader.is_newer_than(publisher):
                # A newer reader waits for what an older publisher cannot tell yet: nothing is lost by that.
                yield Finding(str(reader), str(publisher), subject, "is not told any more")


def _routes(gateway: Version, service: Version) -> Iterator[Finding]:
    """Players come by the gateway's table of prefixes; a few paths it treats by their names."""
    prefixes = tuple(
        prefix for prefix, target in gateway.told["calls"]["forwards"].items() if target == service.service
    )
    there = operations(service.told["openapi"])
    for operation in there.values():
        path = operation.name.partition(" ")[2]
        if not operation.private and not path.startswith(prefixes):
            first = GATEWAY if service.is_newer_than(gateway) else None
            yield Finding(str(gateway), str(service), operation.name, "no prefix of the gateway leads there", first)
    for paths in gateway.told["calls"]["knows"].values():
        for path in paths:
            if prefixes and path.startswith(prefixes) and f"POST {path}" not in there:
                first = service.service if gateway.is_newer_than(service) else None
                yield Finding(str(gateway), str(service), f"POST {path}", "is not there", first)
