"""What one side may write and the other side cannot read: the one rule behind calls, answers and events. Pure.

`written` is the shape by which somebody writes, `read` the shape by which somebody else takes it. Fields that the
reader does not know are no misfit: everybody here leaves them aside. Where that would lose what was sent (a request),
`all_counts` says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.compatibility.shapes import choices, said

Shape = Mapping[str, Any]

LOWEST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SAME: Final = ("format", "pattern", "multipleOf", "contentMediaType", "again")


def misfits(written: Shape, read: Shape, at: str = "", *, all_counts: bool = False) -> Iterator[str]:
    """A sentence for each."""
    if written == read or not read:
        return
    possible, understood = choices(written), choices(read)
    if len(possible) == len(understood) == 1:
        yield from _of_one(possible[0], understood[0], at, all_counts)
        return
    for choice in possible:
        attempts = [list(_of_one(choice, taken, at, all_counts)) for taken in understood]
        if all(attempts):
            of_its_kind = [
                attempt
                for attempt, taken in zip(attempts, understood, strict=True)
                if taken.get("type") == choice.get("type")
            ]
            yield from of_its_kind[0] if len(of_its_kind) == 1 else [f"{_field(at)} may be {said(choice)}"]


def _of_one(written: Shape, read: Shape, at: str, all_counts: bool) -> Iterator[str]:
    if written == read or not read:
        return
    kind, wanted = written.get("type"), read.get("type")
    if wanted is not None and kind != wanted and (kind, wanted) != ("integer", "number"):
        yield f"{_field(at)} is {said(written)} instead of {said(read)}"
        return
    yield from _values(written, read, at)
    yield from _bounds(written, read, at)
    if "properties" in read or "properties" in written:
        yield from _fields(written, read, at, all_counts)
    if "items" in read:
        yield from misfits(written.get("items", {}), read["items"], f"{at}[]", all_counts=all_counts)
    more, known = written.get("additionalProperties"), read.get("additionalProperties")
    if isinstance(known, Mapping) and more is not False:
        yield from misfits(more if isinstance(more, Mapping) else {}, known, f"{at}.*", all_counts=all_counts)


def _values(written: Shape, read: Shape, at: str) -> Iterator[str]:
    known = read["enum"] if "enum" in read else [read["const"]] if "const" in read else None
    if known is None:
        return
    used = written["enum"] if "enum" in written else [written["const"]] if "const" in written else None
    if used is None:
        yield f"{_field(at)} may be any {said(written)} instead of {said(read)}"
    elif strange := [value for value in used if value not in known]:
        yield f"{_field(at)} may be {', '.join(map(repr, strange))}, which is none of {', '.join(map(repr, known))}"


def _bounds(written: Shape, read: Shape, at: str) -> Iterator[str]:
    for bound in LOWEST:
        if bound in read and written.get(bound, float("-inf")) < read[bound]:
            yield f"{_field(at)} is taken from {bound} {read[bound]} on only"
    for bound in HIGHEST:
        if bound in read and written.get(bound, float("inf")) > read[bound]:
            yield f"{_field(at)} is taken up to {bound} {read[bound]} only"
    for bound in SAME:
        if bound in read and written.get(bound) != read[bound]:
            yield f"{_field(at)} has {bound} {written.get(bound, 'none')} instead of {read[bound]}"


def _fields(written: Shape, read: Shape, at: str, all_counts: bool) -> Iterator[str]:
    sent, taken = written.get("properties", {}), read.get("properties", {})
    for name in read.get("required", ()):
        if name not in sent:
            yield f"{_field(at, name)} is missing"
        elif name not in written.get("required", ()):
            yield f"{_field(at, name)} may be missing"
    for name, shape in sent.items():
        if name in taken:
            yield from misfits(shape, taken[name], f"{at}.{name}" if at else name, all_counts=all_counts)
        elif all_counts or read.get("additionalProperties") is False:
            yield f"{_field(at, name)} is not taken"


def _field(*parts: str) -> str:
    return ".".join(part for part in parts if part) or "it"
