"""Programs that only this check needs, pinned by hash and kept apart from the project's own packages."""

import hashlib
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
KEPT: Final = CHECKOUT / ".cache" / "check-deploy"
STAMP: Final = "installed"
LAST_LINES: Final = 3


class NotThere(Exception):
    """A tool cannot be had on this machine; the text says why, in one line."""


def python_tools(group: str) -> Path:
    """The folder of programs of requirements/<group>.txt, installed when that file has changed.

    Raises:
        NotThere: they could not be fetched.
    """
    pinned = CHECKOUT / "requirements" / f"{group}.txt"
    folder = KEPT / group
    if not _is_current(folder, pinned):
        uv = Path(sysconfig.get_path("scripts"), "uv")
        if not uv.exists():
            raise NotThere("uv is not there; `make setup` brings it")
        shutil.rmtree(folder, ignore_errors=True)
        _run([str(uv), "venv", "--quiet", str(folder)])
        python = folder / "bin" / "python"
        _run([str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(pinned)])
        _stamp(folder, pinned)
    return folder / "bin"


def node_packages(where: Path) -> Path:
    """The folder with the packages of `where`/package-lock.json.

    Raises:
        NotThere: no Node.js, or they could not be fetched.
    """
    if not (shutil.which("npm") and shutil.which("node")):
        raise NotThere("Node.js is not there (Debian: apt-get install nodejs npm)")
    pinned = where / "package-lock.json"
    folder = KEPT / where.name
    if not _is_current(folder, pinned):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(where / name, folder)
        _run(["npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        _stamp(folder, pinned)
    return folder


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-LAST_LINES:]
        raise NotThere(f"{Path(command[0]).name} could not fetch it: {' '.join(words)}")


def _is_current(folder: Path, pinned: Path) -> bool:
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == _digest(pinned)


def _stamp(folder: Path, pinned: Path) -> None:
    (folder / STAMP).write_text(_digest(pinned))


def _digest(pinned: Path) -> str:
    return hashlib.sha256(pinned.read_bytes()).hexdigest()
