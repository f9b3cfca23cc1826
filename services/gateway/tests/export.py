"""A web client as the game's engine exports it (contract O8)."""

from pathlib import Path

from services.gateway.tests.upstream import PNG

PAGE = b"<!doctype html><title>BiologiDex</title><script src=index.js></script>"
SCRIPT = b"// the engine\n" * 200
WASM = bytes(range(256)) * 8192


def fill(found: Path) -> None:
    """Puts an export's files into a folder, and some that are nobody's business."""
    (found.parent / "secret.html").write_bytes(b"secret")
    (found / "assets").mkdir(parents=True)
    for name, content in {
        "index.html": PAGE,
        "index.js": SCRIPT,
        "index.wasm": WASM,
        "index.pck": b"GDPC",
        "index.png": PNG,
        "index.icon.png": PNG,
        "index.manifest.json": b"{}",
        "index.service.worker.js": b"//",
        "index.offline.html": b"<!doctype html>",
        "index.audio.worklet.js": b"//",
        ".env": b"secret",
        "LICENSE": b"free",
        "assets/big cat.bin": b"lion",
    }.items():
        (found / name).write_bytes(content)
