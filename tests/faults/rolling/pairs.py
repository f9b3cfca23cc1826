"""The mesh with two instances of every service, two vision workers, two gateways."""

import os
from collections.abc import Sequence
from dataclasses import replace

from deploy.local.topology import MESH, Process, Topology

WAYS_IN = ("gateway", "gateway-2")
DRAIN_SECONDS = 1.5


def _second(process: Process) -> Process:
    """Its twin. Services share the address by which they are found; a second gateway has a port of its own."""
    address = f"{process.name.upper()}_2_URL" if process.edge else process.address
    return replace(process, name=f"{process.name}-2", address=address, edge=False)


PAIRS = Topology(
    processes=(*MESH.processes, *(_second(process) for process in MESH.processes)),
    preparations=MESH.preparations,
)


def environment(started_with: dict[str, str], **settings: str) -> dict[str, str]:
    """Throttles off; processes take leave of each other before they go (docs/decisions/0014)."""
    off = {f"THROTTLE_{kind}_RATE": "off" for kind in ("ANON", "USER", "UPLOAD")}
    leaving = {"DRAIN_SECONDS": str(DRAIN_SECONDS), "GRACE_SECONDS": "20"}
    # Sixteen processes: two cores and a hundred connections have to do for all of them.
    small = {"DATABASE_POOL_SIZE": "2", "DATABASE_POOL_OVERFLOW": "4", "DECODER_CHILDREN": "1"}
    return started_with | off | leaving | small | {"ALLOWED_HOSTS": "*"} | settings


def waves(at_once: int) -> Sequence[Sequence[str]]:
    """Who is restarted together: never both of a kind, and the second ones after the first."""
    first = [process.name for process in MESH.processes]
    order = [*first, *(f"{name}-2" for name in first)]
    halves = (order[: len(first)], order[len(first) :])
    return [half[n : n + at_once] for half in halves for n in range(0, len(half), at_once)]


AS_STARTED = dict(os.environ)
"""The environment before any fixture of a service's tests changed it."""
