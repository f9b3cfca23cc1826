"""What the files of a web client are called, may lead to, and say of themselves (contract O8). Pure."""

from typing import Final
from urllib.parse import unquote_to_bytes

from services.gateway.answers import Headers, accepts

RESERVED: Final = frozenset({"api", "admin", "media", "static", "metrics", "ready", "health", ".well-known"})
"""First words of paths that are never the client's."""
INDEX: Final = "index.html"
SERVICE_WORKER: Final = "service.worker.js"
SIBLINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Content codings and how files made with them end; the first that a browser accepts is taken."""

PICTURES: Final = {
    "png": b"image/png",
    "jpg": b"image/jpeg",
    "jpeg": b"image/jpeg",
    "webp": b"image/webp",
    "gif": b"image/gif",
    "svg": b"image/svg+xml",
    "ico": b"image/x-icon",
}
_TYPES: Final = {
    **PICTURES,
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"application/javascript",
    "mjs": b"application/javascript",
    "wasm": b"application/wasm",
    "pck": b"application/octet-stream",
    "json": b"application/json",
    "map": b"application/json",
    "webmanifest": b"application/manifest+json",
    "txt": b"text/plain; charset=utf-8",
    "xml": b"application/xml",
    "woff2": b"font/woff2",
    "ttf": b"font/ttf",
    "mp3": b"audio/mpeg",
    "ogg": b"audio/ogg",
    "wav": b"audio/wav",
}


def words_of(sent_path: str) -> list[str] | None:
    """The decoded segments of a path as it was sent; None for one that could lead elsewhere, or is not the client's."""
    if not sent_path.startswith("/"):
        return None
    try:
        words = [unquote_to_bytes(word.encode("latin-1")).decode() for word in sent_path[1:].split("/")]
    except UnicodeDecodeError:
        return None
    if words[-1] == "":
        words.pop()
    return words if all(_is_plain(word) for word in words) and not (words and words[0] in RESERVED) else None


def _is_plain(word: str) -> bool:
    """Neither empty nor hidden (`..` among them), no separator of any system, nothing that does not print."""
    return not word.startswith(".") and word.isprintable() and word != "" and not {"/", "\\"} & set(word)


def is_page(words: list[str], accept: bytes) -> bool:
    """Whether a path without a file is a place in the client: no extension, and asked for by a browser's reader."""
    return not (words and "." in words[-1]) and accepts(accept, "text/html", wildcard="")


def codings(name: str, accept_encoding: bytes) -> list[tuple[str, str]]:
    """The siblings that may stand for a file, best first; pictures have none (contract G8)."""
    if _extension(name) in PICTURES:
        return []
    return [(coding, ending) for coding, ending in SIBLINGS if accepts(accept_encoding, coding)]


def headers_of(name: str) -> Headers:
    """Type and caching. No name of an export carries a hash: what a day of caching would mix is asked for each time."""
    is_picture = _extension(name) in PICTURES
    headers = [
        (b"content-type", _type(name)),
        (b"cache-control", b"public, max-age=3600" if is_picture else b"no-cache"),
        (b"accept-ranges", b"bytes"),
    ]
    if not is_picture:
        headers.append((b"vary", b"Accept-Encoding"))
    if name.endswith(SERVICE_WORKER):
        headers.append((b"service-worker-allowed", b"/"))
    return headers


def _type(name: str) -> bytes:
    if name.endswith("manifest.json"):
        return b"application/manifest+json"
    return _TYPES.get(_extension(name), b"application/octet-stream")


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()
