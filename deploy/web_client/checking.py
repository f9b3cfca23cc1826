"""Whether a folder holds a web client as the game's engine exports it (contract O8), and which version it is (O9)."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.web_client.releases import VERSION
from deploy.web_client.unpacking import BadExport
from services.gateway.hosting import INDEX, RESERVED, SIBLINGS

NEEDED: Final = (INDEX, "index.js", "index.wasm", "index.pck")
USUAL: Final = (
    *("index.png", "index.icon.png", "index.apple-touch-icon.png"),
    *("index.144x144.png", "index.180x180.png", "index.512x512.png"),
    *("index.audio.worklet.js", "index.audio.position.worklet.js"),
    *("index.manifest.json", "index.service.worker.js", "index.offline.html"),
)
"""What the shipped client has besides; without one of them it starts, so their absence is only said."""
WASM: Final = b"\0asm\x01\0\0\0"
PCK: Final = b"GDPC"
LARGEST_PAGE: Final = 4 * 1024 * 1024
LARGEST_VERSION: Final = 64 * 1024

_CONFIG: Final = re.compile(r"GODOT_CONFIG\s*=\s*(\{.*?\});", re.DOTALL)
_THREADS: Final = re.compile(r"GODOT_THREADS_ENABLED\s*=\s*true")


@dataclass(frozen=True, slots=True)
class Export:
    """What was found; `version` is "" where the export does not say it."""

    files: int
    bytes: int
    version: str
    warnings: tuple[str, ...]


def check(folder: Path, *, version: str = "") -> Export:
    """Looks an unpacked export over. With `version`, that is what it is from now on. Blocks.

    Raises:
        BadExport: with all that is wrong, a line each.
    """
    for left in _siblings(folder):
        left.unlink()  # Packed here, from what is really in the files.
    wrong = [f"{name} is missing" for name in NEEDED if not (folder / name).is_file()]
    wrong += [f"{name} is a path of the gateway's own" for name in sorted(RESERVED) if (folder / name).exists()]
    if not wrong:
        wrong = [*_engine_and_data(folder), *_page(folder)]
    if wrong:
        raise BadExport("\n".join(wrong))
    if version:
        (folder / VERSION).write_text(json.dumps({"git_commit": version}) + "\n")
    said = version_of(folder)
    warnings = [f"{name} is not there; the shipped client has one" for name in USUAL if not (folder / name).is_file()]
    if not said:
        warnings.append(f"the export does not say its version ({VERSION}): clients are told that it is unknown")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Export(len(files), sum(path.stat().st_size for path in files), said, tuple(warnings))


def _siblings(folder: Path) -> list[Path]:
    endings = tuple(ending for _coding, ending in SIBLINGS)
    return [path for path in folder.rglob("*") if path.name.endswith(endings) and path.is_file()]


def _engine_and_data(folder: Path) -> list[str]:
    wrong = []
    for name, begins, what in (
        ("index.wasm", WASM, "WebAssembly of version 1"),
        ("index.pck", PCK, "a pack of the engine's"),
    ):
        with (folder / name).open("rb") as file:
            if file.read(len(begins)) != begins:
                wrong.append(f"{name} is not {what}")
    if not (folder / "index.js").stat().st_size:
        wrong.append("index.js is empty")
    return wrong


def _page(folder: Path) -> list[str]:
    """The page starts this engine with these files, of this size, and without threads."""
    if (folder / INDEX).stat().st_size > LARGEST_PAGE:
        return [f"{INDEX} has more than {LARGEST_PAGE // 1024**2} MB"]
    page = (folder / INDEX).read_text(encoding="utf-8", errors="replace")
    wrong = [] if "index.js" in page else [f"{INDEX} does not name index.js"]
    if _THREADS.search(page) or (folder / "index.worker.js").exists():
        wrong.append("it was exported with threads, which need COOP and COEP: export it without thread support")
    config = _config_of(page)
    if config is None:
        return [*wrong, f"{INDEX} has no GODOT_CONFIG: is it the page of a web export?"]
    if config.get("executable") != "index":
        wrong.append(f"{INDEX} starts {config.get('executable')!r}, not index.wasm")
    if config.get("mainPack", "index.pck") != "index.pck":
        wrong.append(f"{INDEX} loads {config['mainPack']!r}, not index.pck")
    sizes = config.get("fileSizes")
    for name, size in sizes.items() if isinstance(sizes, dict) else ():
        path = folder / str(name)
        there = path.stat().st_size if path.is_file() and path.parent == folder else None
        if there != size:
            wrong.append(f"{INDEX} expects {name} with {size} bytes, {'it has ' + str(there) if there else 'none'}")
    return wrong


def _config_of(page: str) -> dict[str, Any] | None:
    for found in _CONFIG.finditer(page):
        try:
            config = json.loads(found[1])
        except ValueError:
            continue
        if isinstance(config, dict):
            return config
    return None


def version_of(folder: Path) -> str:
    """What a client says of itself; "" where it says nothing.

    Raises:
        BadExport: there is a version file that the gateway could not read.
    """
    path = folder / VERSION
    if not path.exists():
        return ""
    try:
        if path.stat().st_size > LARGEST_VERSION:
            raise ValueError("it is too large")
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadExport(f"{VERSION} cannot be read: {error}") from None
    commit = said.get("git_commit") if isinstance(said, dict) else None
    if not isinstance(commit, str) or not commit.strip():
        raise BadExport(f"{VERSION} has no git_commit")
    return commit.strip()
