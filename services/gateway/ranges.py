"""A part of a file, as a `Range` header asks for it (RFC 9110 §14). Pure."""

import re
from typing import Final

from libs.common.errors import Failure

_RANGE: Final = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")


class NoSuchPart(Failure):
    """The part begins behind the end."""

    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(
            {"detail": "The requested range cannot be satisfied."}, headers={"Content-Range": f"bytes */{size}"}
        )


def part_of(wanted: bytes, size: int) -> range | None:
    """The bytes that a `Range` header names; None for all of them: without one, or with one that asks for several.

    Raises:
        NoSuchPart: 416.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match[0] == b"bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:  # The last so many bytes.
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise NoSuchPart(size)
    return range(start, stop)
