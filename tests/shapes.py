"""Shapes of answers, written as the contract writes them: `fits(answer, {"id": uuid, "avatar": nullable(url)})`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = Any
"""A type, a `{key: shape}` (more keys may be there), a `[shape]` for each item, a set of choices, or a function."""


@dataclass(frozen=True)
class Nullable:
    shape: Shape


@dataclass(frozen=True)
class Absent:
    """The key may be missing."""

    shape: Shape


def nullable(shape: Shape) -> Nullable:
    return Nullable(shape)


def absent(shape: Shape) -> Absent:
    return Absent(shape)


def matching(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


uuid = matching(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
instant = matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
computed_instant = matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
date = matching(r"\d{4}-\d\d-\d\d")
url = matching(r"https?://[A-Za-z0-9._:-]+/[A-Za-z0-9._~/-]*")
sha256 = matching(r"[0-9a-f]{64}")
friend_code = matching(r"[A-Z0-9]{8}")
hundredths = matching(r"\d\.\d\d")
millionths = matching(r"-?\d+\.\d{6}")


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def fits(value: Any, shape: Shape, where: str = "answer") -> None:
    """Raises AssertionError that names the place where `value` is not of this shape."""
    match shape:
        case Nullable():
            if value is not None:
                fits(value, shape.shape, where)
        case dict():
            assert isinstance(value, dict), f"{where} is no object: {value!r}"
            for key, inner in shape.items():
                if isinstance(inner, Absent):
                    if key in value:
                        fits(value[key], inner.shape, f"{where}.{key}")
                    continue
                assert key in value, f"{where} has no {key}: {sorted(value)}"
                fits(value[key], inner, f"{where}.{key}")
        case [inner]:
            assert isinstance(value, list), f"{where} is no array: {value!r}"
            for number_, item in enumerate(value):
                fits(item, inner, f"{where}[{number_}]")
        case set() | frozenset():
            assert value in shape, f"{where} is {value!r}"
        case type():
            is_other = isinstance(value, bool) and shape is not bool
            assert isinstance(value, shape) and not is_other, f"{where} is {value!r}, no {shape.__name__}"
        case _:
            assert shape(value), f"{where} is {value!r}, no {getattr(shape, '__name__', shape)}"


def page_of(shape: Shape) -> Shape:
    """A paginated list (contract G6)."""
    return {"count": int, "next": nullable(str), "previous": nullable(str), "results": [shape]}


def list_of(shape: Shape) -> Shape:
    """A list without pages (contract G6)."""
    return {"count": int, "results": [shape]}
