"""The port at which players come in: free before anything runs."""

import os
from collections.abc import Iterator

import httpx
import psutil

from deploy.local.ports import is_free
from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

TAKEN = wrong(
    "ports.taken",
    "Somebody else listens at the port that we would take; we would not start.",
    "stop that one, or choose another port (PORT; for compose BIND in deploy/.env)",
)
KINDS = (TAKEN,)
FINE = "the port of players is ours, or free"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    if installation.runs or installation.kind == "environment":
        return
    from deploy.local.dev import DEFAULT_PORT  # It brings the whole stack with it.

    given = os.environ.get("PORT", "")
    port = installation.port or (int(given) if given.isdecimal() else DEFAULT_PORT)
    if is_free(port) or (installation.kind == "compose" and _is_ours(port)):
        return
    yield TAKEN.found(f"port {port} is taken{_by(port)}")


def _is_ours(port: int) -> bool:
    """Whether it is our own front that answers there, with TLS or without."""
    for scheme in ("http", "https"):
        try:
            # Whose certificate it is does not matter here: only whether we are there already.
            answer = httpx.get(f"{scheme}://127.0.0.1:{port}/health/", timeout=2, trust_env=False, verify=False)
            if answer.json().get("status") == "alive":
                return True
        except (httpx.HTTPError, ValueError, AttributeError):
            continue
    return False


def _by(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            is_it = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if is_it and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
