"""Free TCP ports on the loopback, below the range from which the system picks ports for outgoing connections."""

import random
import socket
from contextlib import ExitStack

LOWEST, HIGHEST = 10_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """`count` different ports that were free a moment ago.

    Chosen at random: several stacks that start at the same time on one machine then rarely meet.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST):
            if len(found) == count:
                return found
            listener = held.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise RuntimeError(f"There are no {count} free ports between {LOWEST} and {HIGHEST} on 127.0.0.1.")
