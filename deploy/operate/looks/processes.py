"""Looks at one process: alive, ready, since when, of which version, by which clock, with how much memory."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from deploy.operate.installation import Process
from deploy.operate.looks.samples import Samples, read_samples
from libs.common.version import UNKNOWN

KEY_SET: Final = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """How one process is.

    reason     why it is not ready, in its own words
    behind     seconds by which its clock is behind ours (negative: ahead), to the second; None: it did not say
    started_at Unix time · memory: bytes · keys: the public keys that it publishes, by their id (users only)
    """

    name: str
    service: str
    alive: bool
    ready: bool
    reason: str = ""
    version: str = ""
    commit: str = ""
    behind: float | None = None
    started_at: float | None = None
    memory: float | None = None
    keys: dict[str, str] | None = None


@asynccontextmanager
async def asking(seconds: float) -> AsyncIterator[httpx.AsyncClient]:
    """A client that goes straight to its aim: private addresses are not a proxy's business."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=seconds, trust_env=False, limits=limits) as client:
        yield client


async def look_at_process(client: httpx.AsyncClient, process: Process) -> ProcessSeen:
    """Raises:
    httpx.HTTPError: it does not answer.
    """
    asked = time.time()
    alive = await client.get(f"{process.url}/health/")
    behind = _behind(alive, asked, time.time())
    ready = await client.get(f"{process.url}/ready/")
    samples = await read_samples(client, process)
    keys = await _published(client, process) if process.service == "users" else None
    build = samples.labels("build_info")
    return ProcessSeen(
        name=process.name,
        service=process.service,
        alive=alive.status_code == 200,
        ready=ready.status_code == 200,
        reason="" if ready.status_code == 200 else _told(ready),
        version=build.get("version", ""),
        commit=build.get("commit", "").replace(UNKNOWN, ""),
        behind=behind,
        started_at=samples.value("process_start_time_seconds"),
        memory=samples.value("process_resident_memory_bytes"),
        keys=keys,
    )


def _behind(answer: httpx.Response, asked: float, answered: float) -> float | None:
    """0 where its Date, which has whole seconds, may have been written at any moment in between."""
    try:
        said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None
    return max(asked - (said + 1), 0) or min(answered - said, 0)


def _told(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


async def _published(client: httpx.AsyncClient, process: Process) -> dict[str, str] | None:
    answer = await client.get(process.url + KEY_SET)
    if answer.status_code != 200:
        return None
    found: list[dict[str, Any]] = answer.json()["keys"]
    return {key["kid"]: key["x"] for key in found if key.get("kty") == "OKP"}


__all__ = ["ProcessSeen", "Samples", "asking", "look_at_process"]
