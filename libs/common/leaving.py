"""A process that has been asked to end says so before it closes its door (docs/decisions/0014).

`/ready/` turns 503 at once, and every answer carries a header by which those who ask go to another instance.
"""

from typing import Final

HEADER: Final = "x-leaving"
"""Between services and the gateway only; it never leaves the mesh."""

_begun = False


def begin() -> None:
    """From now on this process is leaving."""
    global _begun  # noqa: PLW0603 - a process leaves once, and as a whole
    _begun = True


def has_begun() -> bool:
    """Whether this process is leaving."""
    return _begun
