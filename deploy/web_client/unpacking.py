"""Takes an export, a folder or a zip, to where it is looked over; nothing in it can reach beyond that place."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from services.gateway.hosting import INDEX

MOST_FILES: Final = 2_000
MOST_BYTES: Final = 1_024 * 1024 * 1024
LONGEST_PATH: Final = 240
PIECE: Final = 1024 * 1024
LEFT_BEHIND: Final = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
"""What a person's computer adds to an archive. Hidden files are left behind as well: the gateway serves none."""


class BadExport(Exception):
    """This is no web client that can be installed; the text says all that is wrong with it."""


@dataclass
class Room:
    """What may still come; what a zip says of its own size is not believed."""

    files: int = MOST_FILES
    bytes: int = MOST_BYTES

    def file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise BadExport("it has too many files")

    def piece(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise BadExport("it is too large when unpacked")


def take(source: Path, target: Path, room: Room | None = None) -> None:
    """Copies the files of `source` into the empty folder `target`, readable for everybody. Blocks.

    Raises:
        BadExport: it cannot be read, is too large, or holds what could lead out of it.
        OSError: the target cannot be written.
    """
    room = room or Room()
    if source.is_dir():
        _take_folder(source, target, room)
    elif source.is_file():
        try:
            with zipfile.ZipFile(source) as archive:
                _take_zip(archive, target, room)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
            # An encrypted archive is a RuntimeError.
            raise BadExport(f"{source.name} cannot be unpacked: {error}") from None
        except zlib.error as error:
            raise BadExport(f"{source.name} is damaged: {error}") from None
    else:
        raise BadExport(f"{source} is neither a folder nor a zip")


def _take_folder(source: Path, target: Path, room: Room) -> None:
    home = source.resolve()
    for path in _files_below(home):
        name = path.relative_to(home)
        if path.is_symlink():
            raise BadExport(f"{name} is a link; an export has none")
        if not path.is_file():
            raise BadExport(f"{name} is neither a file nor a folder")
        with path.open("rb") as file:
            _write(file, target, _safe(name.as_posix()), room)


def _files_below(home: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(home):
        here = Path(parent)
        yield from (here / name for name in folders if (here / name).is_symlink())
        folders[:] = [name for name in folders if not _is_left_behind(name)]
        yield from (here / name for name in names if not _is_left_behind(name))


def _take_zip(archive: zipfile.ZipFile, target: Path, room: Room) -> None:
    members = [each for each in archive.infolist() if not each.is_dir()]
    names = {each: _safe(each.filename) for each in members}
    kept = {each: name for each, name in names.items() if not any(map(_is_left_behind, name.parts))}
    above = _folder_around(list(kept.values()))
    for member, name in kept.items():
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise BadExport(f"{member.filename} is a link or a device; an export has none")
        with archive.open(member) as file:
            _write(file, target, name.relative_to(above), room)


def _folder_around(names: list[PurePosixPath]) -> PurePosixPath:
    """The one folder that everything is in, if somebody has packed that instead of what is in it."""
    first = {name.parts[0] for name in names}
    if len(first) == 1 and PurePosixPath(*first, INDEX) in names:
        return PurePosixPath(*first)
    return PurePosixPath()


def _safe(name: str) -> PurePosixPath:
    """A path inside, or a refusal."""
    path = PurePosixPath(name)
    is_plain = name.isprintable() and "\\" not in name and ":" not in name and 0 < len(name.encode()) <= LONGEST_PATH
    if not is_plain or path.is_absolute() or ".." in path.parts or not path.parts:
        raise BadExport(f"{name!r} is no name of a file in an export")
    return path


def _is_left_behind(word: str) -> bool:
    return word.startswith(".") or word in LEFT_BEHIND


def _write(file: IO[bytes], target: Path, name: PurePosixPath, room: Room) -> None:
    room.file()
    path = target / name
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with path.open("xb") as copy:
            while piece := file.read(PIECE):
                room.piece(len(piece))
                copy.write(piece)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise BadExport(f"{name} is there twice") from None


def is_readable_by_all(folder: Path) -> None:
    """Makes it so: the gateway runs as another user than who installs. Blocks."""
    for parent, _folders, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in names:
            Path(parent, name).chmod(0o644)


def throw_away(folder: Path) -> None:
    """Removes a folder, however it came to be half there. Blocks."""
    shutil.rmtree(folder, ignore_errors=True)
