"""Multipart bodies: files and short texts, whole, in bounds, each under one name (contract G2, hardening 2C 82-89)."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from libs.common.errors import Failure, FieldErrors, ParseError

MAX_FIELDS: Final = 50
MAX_FILES: Final = 5
MAX_TEXT_PART: Final = 1024 * 1024
MAX_PART_HEAD: Final = 8 * 1024
"""Bytes of one part's headers; a file's name is among them."""


class _Parser(MultiPartParser):
    """The framework's, which besides says whether the body was whole, bounds the parts' heads, and guesses no text."""

    is_whole = False
    _head = 0

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._head = 0

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._weigh(end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._weigh(end - start)
        super().on_header_value(data, start, end)

    def on_headers_finished(self) -> None:
        told = self._current_part.content_disposition
        if told is not None and b"filename*=" in told and b"filename=" not in told:
            # A file's name as RFC 5987 writes it, which the framework does not know: what counts is that it is a file.
            self._current_part.content_disposition = told + b'; filename="file"'
        super().on_headers_finished()

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            # The framework would take what is not UTF-8 for Latin-1.
            bytes(part.data).decode()
        super().on_part_end()

    def on_end(self) -> None:
        self.is_whole = True

    def _weigh(self, size: int) -> None:
        self._head += size
        if self._head > MAX_PART_HEAD:
            raise MultiPartException("Part headers are too large.")


async def read_multipart(headers: Headers, stream: AsyncGenerator[bytes, None]) -> dict[str, Any]:
    """Texts and `UploadFile`s by name; the caller closes the files. Of a repeated text the last one wins, as in JSON.

    Raises:
        ParseError: unreadable or incomplete, with the reason in `detail`.
        FieldErrors: two files of one name: nobody can say which is meant.
    """
    parser = _Parser(headers, stream, max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT_PART)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _unreadable(error.message) from None
    except (ValueError, KeyError):
        raise _unreadable("Invalid form.") from None
    problem: Failure | None = None if parser.is_whole else _unreadable("The body is incomplete.")
    files = Counter(name for name, value in form.multi_items() if isinstance(value, UploadFile))
    if doubled := [name for name, count in files.items() if count > 1]:
        problem = FieldErrors({name: ["Only one file may be submitted."] for name in doubled})
    if problem is not None:
        await _close(form)
        raise problem
    return dict(form.multi_items())


def _unreadable(reason: str) -> ParseError:
    return ParseError({"detail": f"Multipart form parse error - {reason}"})


async def _close(form: FormData) -> None:
    await form.close()
