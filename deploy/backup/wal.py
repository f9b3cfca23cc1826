"""Files of PostgreSQL's write-ahead log: their names, what they say of themselves, how they are packed and counted.

For segments of the usual 16 MB.
"""

import gzip
import re
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from libs.common.whole_files import write_whole

SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
HISTORY: Final = re.compile(r"[0-9A-F]{8}\.history")
"""Says where a timeline has left another one; a few hundred bytes, needed for ever."""
OTHERS: Final = re.compile(r"[0-9A-F]{24}\.(partial|[0-9A-F]{8}\.backup)")
PACKED: Final = ".gz"
SEGMENT_BYTES: Final = 16 * 1024 * 1024
PER_LOG: Final = 2**32 // SEGMENT_BYTES
# A segment's first page: its magic, flags, timeline, address, the rest of a record, and the database's own number.
HEADER: Final = struct.Struct("<HHIQIxxxxQ")


def is_log(name: str) -> bool:
    """Whether the server archives files of such a name; what is still being copied has another one."""
    return any(kind.fullmatch(name) for kind in (SEGMENT, HISTORY, OTHERS))


def number_of(name: str) -> int:
    """The place of a segment in the log, whatever its timeline."""
    return int(name[8:16], 16) * PER_LOG + int(name[16:24], 16)


def segment_at(lsn: str, timeline: int) -> str:
    """The name of the segment that holds an address of the form `0/3000028`."""
    high, _, low = lsn.partition("/")
    return f"{timeline:08X}{int(high, 16):08X}{int(low, 16) // SEGMENT_BYTES:08X}"


def cluster_of(segment: bytes) -> int:
    """The number of the database that wrote a segment."""
    return int(HEADER.unpack_from(segment)[-1])


def pack(source: bytes, target: Path) -> None:
    """Writes a file packed; it is on the disk when this returns. A segment that was filled up with zeros is small."""
    write_whole(target, gzip.compress(source, compresslevel=1, mtime=0))


def unpack(path: Path) -> bytes:
    """Raises:
    ValueError: it is damaged. OSError
    """
    try:
        return gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from None


def missing(names: Iterable[str], begin: int) -> list[int]:
    """The places from `begin` up to that of the newest segment for which there is none."""
    there = {number_of(name) for name in names if SEGMENT.fullmatch(name)}
    return [place for place in range(begin, max(there, default=begin - 1) + 1) if place not in there]


def forget_before(folder: Path, first: str) -> int:
    """Removes what no backup needs any more: everything before the segment `first`, but histories. Returns how many."""
    count = 0
    for path in folder.iterdir():
        name = path.name.removesuffix(PACKED)
        if not HISTORY.fullmatch(name) and is_log(name) and number_of(name) < number_of(first):
            path.unlink(missing_ok=True)
            count += 1
    return count
