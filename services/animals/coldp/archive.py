"""Opens a catalogue's zip with suspicion and gives its tables in blocks of lines, never a whole file (contract B11)."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

BLOCK_BYTES: Final = 1 << 20
MAX_LINE_BYTES: Final = 1 << 20
MAX_MEMBERS: Final = 10_000
"""The Catalogue of Life has some twenty tables, and a folder with a small file for each of its sources."""
MAX_TABLE_BYTES: Final = 32 << 30
"""Ten times the largest table of the Catalogue of Life."""
MAX_RATIO: Final = 200
"""Tables shrink to a tenth; what shrinks to a thousandth is made to fill disks."""
SMALL_BYTES: Final = 1 << 20
ENCRYPTED: Final = 0x1
# A control character in a name is dirt; only tab and line feed mean something. NUL is refused before.
CLEAN: Final = bytes(byte if byte >= 32 or byte in b"\t\n" else 32 for byte in range(256))


class BadCatalogue(Exception):
    """The file is not what it should be; the text tells people what is wrong with it, and where."""


class Archive:
    """The readable members of a zip, by name without regard to case (ColDP allows either)."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._members: dict[str, zipfile.ZipInfo] = {}
        members = packed.infolist()
        if len(members) > MAX_MEMBERS:
            raise BadCatalogue(f"The zip has {len(members)} files; a catalogue has fewer than {MAX_MEMBERS}.")
        for member in members:
            # Nothing is ever unpacked to disk, but whoever names files so means harm.
            if _escapes(member.orig_filename):
                raise BadCatalogue(f"The zip has a file with a dangerous name: {member.orig_filename[:100]!r}.")
            name = member.filename.lower()
            if name in self._members:
                raise BadCatalogue(f"The zip has {member.filename} twice.")
            self._members[name] = member

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._members

    def size(self, name: str) -> int:
        """Bytes of a member when unpacked, as the zip claims; it cannot yield more."""
        return self._member(name).file_size

    def text(self, name: str) -> str:
        """A small member in one piece."""
        if self.size(name) > SMALL_BYTES:
            raise BadCatalogue(f"{name} is larger than {SMALL_BYTES} bytes.")
        return _decoded(b"".join(self._chunks(name)), name, 1)

    def blocks(self, name: str) -> Iterator[tuple[int, str]]:
        """Whole lines of a table, about a megabyte at a time, with the number of the first of them."""
        number = 1
        rest = b""
        for chunk in self._chunks(name):
            head, newline, tail = (rest + chunk).rpartition(b"\n")
            if len(tail) > MAX_LINE_BYTES:
                raise BadCatalogue(f"{name} has a line longer than {MAX_LINE_BYTES} bytes after line {number}.")
            rest = tail
            if newline:
                yield number, _cleaned(head, name, number)
                number += head.count(b"\n") + 1
        if rest:
            yield number, _cleaned(rest, name, number)

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._members[name.lower()]
        except KeyError:
            raise BadCatalogue(f"The zip has no {name}.") from None

    def _chunks(self, name: str) -> Iterator[bytes]:
        member = self._member(name)
        if member.flag_bits & ENCRYPTED:
            raise BadCatalogue(f"{name} is encrypted.")
        if member.file_size > MAX_TABLE_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, SMALL_BYTES):
            raise BadCatalogue(f"{name} would unpack to {member.file_size} bytes; no catalogue does that.")
        try:
            with self._packed.open(member) as stream:
                while chunk := stream.read(BLOCK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
            raise BadCatalogue(f"{name} cannot be unpacked: {error}.") from error


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """The archive of a zip file.

    Raises:
        BadCatalogue: no file, no zip, or one that is made to do harm.
    """
    try:
        packed = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadCatalogue(f"{file.name} is not a zip that can be read: {error}.") from error
    with packed:
        yield Archive(packed)


def _escapes(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return "\0" in name or name[1:2] == ":" or path.is_absolute() or ".." in path.parts


def _cleaned(lines: bytes, name: str, number: int) -> str:
    if (at := lines.find(b"\0")) >= 0:
        line = number + lines.count(b"\n", 0, at)
        raise BadCatalogue(f"{name} has a NUL byte in line {line}.")
    return _decoded(lines.replace(b"\r\n", b"\n").removesuffix(b"\r").translate(CLEAN), name, number)


def _decoded(data: bytes, name: str, number: int) -> str:
    try:
        return data.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = number + data.count(b"\n", 0, error.start)
        raise BadCatalogue(f"{name} is not UTF-8 in line {line}.") from None
