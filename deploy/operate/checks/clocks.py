"""Clocks: tokens, leases and the ages in reports rest on clocks that agree."""

from collections.abc import Iterator
from typing import Final

from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

MOST_SECONDS: Final = 5.0

DIFFER = wrong(
    "clocks.differ",
    f"A clock is more than {MOST_SECONDS:.0f} s away from this machine's: tokens may be refused, ages are wrong.",
    "have every machine follow the same time servers (timedatectl, chrony)",
)
KINDS = (DIFFER,)
FINE = "all clocks agree"


def check(_installation: Installation, state: State) -> Iterator[Finding]:
    found = {f"the database of {name}": seen.behind for name, seen in state.databases.items()}
    found |= {name: seen.behind for name, seen in state.processes.items() if seen.behind is not None}
    if state.bus and state.bus.behind is not None:
        found["the bus"] = state.bus.behind
    for whose, seconds in found.items():
        if abs(seconds) > MOST_SECONDS:
            yield DIFFER.found(f"{whose} is {abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead'}")
