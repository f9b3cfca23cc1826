"""Which service answers which path: the whole of the gateway's routing, on one page (contract F).

Deadlines by what is asked: reads have 5 s, writes 15 s, bodies that are streamed (uploads) 55 s (design §5).
Retries: a GET or HEAD whose connection fails is tried once more; anything else only if it never left the gateway.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Route:
    """All paths under `prefix` belong to `service`."""

    prefix: str
    service: str

    @property
    def unknown(self) -> str:
        """How the path is called in metrics and logs when the service gave it no name."""
        return f"{self.prefix}*"


ROUTES: Final = (
    Route("/.well-known/", "users"),
    Route("/api/v1/auth/", "users"),
    Route("/api/v1/users/", "users"),
    Route("/api/v1/animals/", "animals"),
    Route("/api/v1/taxonomy/", "animals"),
    Route("/api/v1/sources/", "animals"),
    Route("/api/v1/images/", "vision"),
    Route("/api/v1/vision/", "vision"),
    Route("/api/v1/dex/", "dex"),
    Route("/api/v1/social/", "social"),
    Route("/api/v1/graph/", "graph"),
)

EXEMPT_FROM_USER_BUDGET: Final = re.compile(r"/api/v1/vision/jobs/[0-9a-fA-F-]{36}/")
"""Polled every two seconds while a photo is looked at (contract G7); asked for with GET."""

UPLOADS: Final = ("/api/v1/images/convert/", "/api/v1/vision/jobs/")
"""POSTs that count against the upload budget when they carry a file (contract G7)."""

READS: Final = ("GET", "HEAD")

READ_BY_POST: Final = frozenset({"/api/v1/dex/entries/batch_sync/"})
"""Reads that need a body: they too show the caller's own writes (contract B12)."""

_FROM_ROOT: Final = {route.prefix: route for route in ROUTES}
# Letters that need no escaping, and no segment that begins with a dot: `..`, `%2e`, `//`, `;a=b` lead nowhere.
_PLAIN: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/|/\.well-known/[A-Za-z0-9_-]+\.json")


def route_of(path: str) -> Route | None:
    """The route of a path that ends with a slash; None for paths that nobody answers."""
    if not _PLAIN.fullmatch(path):
        return None
    if path.startswith("/.well-known/"):
        return _FROM_ROOT["/.well-known/"]
    words = path.split("/", 4)
    return _FROM_ROOT.get(f"/{words[1]}/{words[2]}/{words[3]}/") if len(words) == 5 else None


def is_read(method: str, path: str) -> bool:
    """Whether the request changes nothing."""
    return method in READS or (method == "POST" and path in READ_BY_POST)


def is_upload(method: str, path: str, content_type: str) -> bool:
    """Whether the request counts against the upload budget."""
    return method == "POST" and path in UPLOADS and content_type.lower().startswith("multipart/form-data")


def slashed(path: str) -> str:
    """The path as routes are written: an unslashed path is answered identically (contract G1)."""
    return path if path.endswith("/") or path.startswith(("/.well-known/", "/media/", "/static/")) else f"{path}/"
