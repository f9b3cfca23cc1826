"""The way out to the model's host; only looked at when asked for, since it leaves the house."""

import asyncio
import socket
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation

USUAL: Final = "https://api.openai.com/v1"
SECONDS: Final = 5.0

NO_NAME = wrong("network.dns", "The model's host cannot be found by its name.", "see to DNS where vision-worker runs")
NO_WAY = wrong(
    "network.model",
    "The model's host cannot be reached: identifications wait, then fail.",
    "see to the way out (network egress, firewall, proxy), or set CV_METHOD=fallback",
)
KINDS = (NO_NAME, NO_WAY)
FINE = "the model's host can be reached"


async def ask_the_model(installation: Installation) -> list[Finding]:
    """Connects to OPENAI_BASE_URL, or to the usual one, and asks for nothing that costs."""
    told = next((told for name, told in installation.told.items() if name.startswith("vision")), {})
    url = told.get("OPENAI_BASE_URL") or USUAL
    parts = urlsplit(url)
    try:
        await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        return [NO_NAME.found(f"{parts.hostname}: {error.strerror or error}")]
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            # Whatever it answers: it is there.
            await client.get(url)
    except httpx.HTTPError as error:
        return [NO_WAY.found(f"{parts.hostname}: {type(error).__name__} {error}".strip())]
    return []
