"""A web export as Godot 4.5 writes it, only smaller."""

import json
import os
import zipfile
from pathlib import Path

from deploy.web_client.checking import PCK, USUAL, WASM
from deploy.web_client.releases import VERSION

PAGE = """<!DOCTYPE html>
<html><head><title>BiologiDex</title></head><body><canvas id="canvas"></canvas>
<script src="index.js"></script>
<script>
const GODOT_CONFIG = %s;
const GODOT_THREADS_ENABLED = %s;
const engine = new Engine(GODOT_CONFIG);
</script></body></html>
"""


def write_export(folder: Path, which: str, *, threads: bool = False, wasm_kilobytes: int = 200) -> Path:
    """The export called `which`: the name is in all of its files, and it is its version."""
    folder.mkdir(parents=True)
    mark = which.encode()
    contents = {
        "index.js": b"// the engine of " + mark + b"\n" * 4000,
        "index.wasm": WASM + mark + (b"some code that repeats itself, " * 34 + os.urandom(24)) * wasm_kilobytes,
        "index.pck": PCK + mark + os.urandom(4000),
        **{name: b"\x89PNG " + mark if name.endswith("png") else b"// " + mark for name in USUAL},
        VERSION: json.dumps({"git_commit": which, "git_message": "Lions"}).encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    config = {
        "args": [],
        "executable": "index",
        "fileSizes": {name: len(contents[name]) for name in ("index.pck", "index.wasm")},
        "serviceWorker": "index.service.worker.js",
    }
    (folder / "index.html").write_text(f"<!-- {which} -->" + PAGE % (json.dumps(config), str(threads).lower()))
    return folder


def zipped(folder: Path, path: Path, below: str = "") -> Path:
    """The export as a zip, its files in the folder `below` of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{below}{file.name}")
    return path
