"""Reads an `.env` file line by line, and sees what two of its readers would understand differently."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
COMMENT: Final = re.compile(r"\s#")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is neither empty nor a comment.

    name    None: there is no `NAME=` in it
    raw     what is behind the first `=`, untouched but for the end of the line
    value   as compose takes it: without quotes, and without what follows ` #`
    """

    number: int
    text: str
    name: str | None
    raw: str
    value: str
    ends_with_cr: bool

    @property
    def is_quoted(self) -> bool:
        raw = self.raw.strip()
        return len(raw) > 1 and raw[0] in "'\"" and raw[0] == raw[-1]

    @property
    def has_comment(self) -> bool:
        return not self.is_quoted and COMMENT.search(self.raw) is not None

    @property
    def has_spaces(self) -> bool:
        """Around the `=`, or at the end: one reader takes them for the value, another one not."""
        before = self.text.partition("=")[0]
        return before != before.strip() or (not self.has_comment and self.raw != self.raw.strip())


def read(path: Path) -> list[Line]:
    """Raises OSError, UnicodeDecodeError: it cannot be read."""
    lines = []
    for number, text in enumerate(path.read_bytes().decode().split("\n"), start=1):
        plain = text.removesuffix("\r")
        if plain.strip() and not plain.lstrip().startswith("#"):
            lines.append(_line(number, plain, ends_with_cr=plain != text))
    return lines


def _line(number: int, text: str, *, ends_with_cr: bool) -> Line:
    name, equals, raw = text.removeprefix("export ").partition("=")
    fits = bool(equals) and NAME.fullmatch(name.strip()) is not None
    value = raw.strip()
    is_quoted = len(value) > 1 and value[0] in "'\"" and value[0] == value[-1]
    value = value[1:-1] if is_quoted else COMMENT.split(raw, maxsplit=1)[0].strip()
    return Line(number, text, name.strip() if fits else None, raw, value, ends_with_cr)
