"""Files that are there whole or not at all, also after a power failure: written beside, synced, then renamed."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

# Whoever lists the store passes over names with `#` and a number: they are still being written.
UNFINISHED: Final = re.compile(r".+#[0-9]+")


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is on the disk when this returns. Blocks; call it in a thread.

    Raises:
        OSError: no room, no right, a broken disk; nothing of it is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}#{secrets.randbits(48)}")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path, before: float, most: int) -> int:
    """Removes what a kill or a power failure has left half written before this moment (Unix time). Blocks.

    Looks through all folders below; at most `most` files go. Returns how many.
    """
    count = 0
    for path in _unfinished(folder):
        if count == most:
            break
        with suppress(FileNotFoundError):
            if path.lstat().st_mtime < before:
                path.unlink()
                count += 1
    return count


def _unfinished(folder: Path) -> Iterator[Path]:
    for parent, _folders, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if UNFINISHED.fullmatch(name))


def _sync_folder(folder: Path) -> None:
    """The name of a file is kept by its folder, and is on the disk only when that is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
