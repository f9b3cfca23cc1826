"""The copy of a blob store in a local folder: what is new is added, and what was added is known by its checksum.

A key's bytes never change once written (libs/common/blobs.py), so that what is there once is there for good. A store
in a bucket is not copied: its versions are the bucket's own business.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from deploy.backup.shelf import Damaged, Shelf
from libs.common.whole_files import write_whole

UNFINISHED: Final = re.compile(r"#\d+$")
SETTLED_SECONDS: Final = 2.0
"""A folder that was changed less than this before it was read is read again: its time is no finer than that."""
AT_ONCE: Final = 500

Show = Callable[[int, int], None]
"""Is told how far, of how many."""


def local_store(url: str) -> Path | None:
    """The folder of a store that is one; None for a bucket."""
    parts = urlsplit(url)
    return Path(parts.path) if parts.scheme in ("", "file") else None


class Folder(NamedTuple):
    """A folder as it was read: when it was last changed (ns), and the folders in it."""

    changed: int
    folders: tuple[str, ...]


class Pictures:
    """Keeps the shelf's copy of the store in the folder `source`. Hold the shelf's lock around each call."""

    def __init__(self, source: Path, shelf: Shelf) -> None:
        self._source, self._shelf = source, shelf
        self._settled: dict[str, Folder] = {}
        self._sums = Checksums(shelf.checksums)

    def add_new(self, show: Show = lambda done, total: None) -> int:
        """Copies what is not there yet; returns how many files those were.

        Raises:
            OSError: no room, or the disk is not there. What is copied stays, and is known.
        """
        known = self._sums.read()
        folders: dict[str, Folder] = {}
        new = [key for key in self._walk(folders) if key not in known]
        for start in range(0, len(new), AT_ONCE):
            added = {}
            for key in new[start : start + AT_ONCE]:
                # Deleted in this moment; then nothing names it any more.
                with suppress(FileNotFoundError):
                    data = (self._source / key).read_bytes()
                    write_whole(self._shelf.blobs / key, data)
                    added[key] = sha256(data).hexdigest()
            self._sums.add(added)
            show(min(start + AT_ONCE, len(new)), len(new))
        self._settled |= folders
        return len(new)

    def forget(self, before: float) -> int:
        """Removes the copies of what has been out of the store since before that moment; returns how many.

        So a player who has gone is gone from the backups when the last base goes that has known them.
        """
        known = self._sums.read()
        self._settled.clear()
        there = set(self._walk({}))
        noted: dict[str, float] = {}
        with suppress(FileNotFoundError):
            noted = json.loads(self._shelf.gone.read_text())
        now = time.time()
        gone = {key: noted.get(key, now) for key in known if key not in there}
        over = {key for key, since in gone.items() if since < before}
        # The list first: a file that nobody lists is copied again or is nobody's, a listed one must be there.
        if over:
            self._sums.replace({key: digest for key, digest in known.items() if key not in over})
        for key in over:
            (self._shelf.blobs / key).unlink(missing_ok=True)
        left = {key: since for key, since in gone.items() if key not in over}
        write_whole(self._shelf.gone, json.dumps(left).encode())
        return len(over)

    def _walk(self, folders: dict[str, Folder], below: str = "") -> Iterator[str]:
        """The keys of all files in folders that have changed since they were walked; notes the state of each."""
        before = self._settled.get(below)
        try:
            changed = (self._source / below).stat().st_mtime_ns
            if before is None or before.changed != changed:
                with os.scandir(self._source / below) as entries:
                    there = [(entry.name, entry.is_dir()) for entry in entries if not UNFINISHED.search(entry.name)]
                before = Folder(changed, tuple(name for name, is_folder in there if is_folder))
                if changed < time.time_ns() - SETTLED_SECONDS * 1e9:
                    folders[below] = before
                yield from (below + name for name, is_folder in there if not is_folder)
        except FileNotFoundError:
            return
        for name in before.folders:
            yield from self._walk(folders, f"{below}{name}/")


class Checksums:
    """The list of the copied files, in the form that `sha256sum -c` reads; grows at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        self._read_of, self._read_to = 0, 0

    def read(self) -> dict[str, str]:
        """Key → sha256; reads only what was added since the last time."""
        if not self._path.exists():
            return self._known
        with self._path.open("rb") as file:
            if (file_id := os.fstat(file.fileno()).st_ino) != self._read_of:
                self._known, self._read_of, self._read_to = {}, file_id, 0
            file.seek(self._read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read_to += len(line)
                digest, _, name = line.decode().rstrip("\n").partition("  blobs/")
                if name:
                    self._known[name] = digest
        return self._known

    def add(self, added: dict[str, str]) -> None:
        """Puts lines at the end; they are on the disk when this returns."""
        if not added:
            return
        self._path.touch(mode=0o600)
        self.read()
        with self._path.open("rb+") as file:
            # Half a line is of somebody who was killed while writing it.
            file.truncate(self._read_to)
            file.seek(self._read_to)
            file.write("".join(f"{digest}  blobs/{key}\n" for key, digest in added.items()).encode())
            file.flush()
            os.fsync(file.fileno())

    def replace(self, kept: dict[str, str]) -> None:
        """Writes the list anew."""
        write_whole(self._path, "".join(f"{digest}  blobs/{key}\n" for key, digest in kept.items()).encode())


def restored_copy(shelf: Shelf, key: str, digest: str, target: Path) -> None:
    """Puts a picture back in its place.

    Raises:
        Damaged: it is gone, or its bytes are not those that were copied. OSError
    """
    try:
        data = (shelf.blobs / key).read_bytes()
    except FileNotFoundError:
        raise Damaged(f"{shelf.blobs / key} was copied, and is not there") from None
    if sha256(data).hexdigest() != digest:
        raise Damaged(f"{shelf.blobs / key} does not have the bytes that were put there")
    write_whole(target / key, data)
