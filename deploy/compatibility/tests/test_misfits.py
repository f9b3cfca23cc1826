"""Who may read what who writes: each rule once, as it holds and as it does not."""

from typing import Any

import pytest

from deploy.compatibility.misfits import misfits
from deploy.compatibility.shapes import only, shape_of

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}
NONE = {"type": "null"}
KOALA = {"type": "object", "properties": {"name": TEXT, "number": WHOLE}, "required": ["name"]}


def any_of(*shapes: Any) -> dict[str, Any]:
    return {"anyOf": list(shapes)}


def with_fields(required: list[str], **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": required}


@pytest.mark.parametrize(
    ("written", "read", "told"),
    [
        (TEXT, TEXT, []),
        (TEXT, {}, []),
        (WHOLE, NUMBER, []),
        (NUMBER, WHOLE, ["it is number instead of integer"]),
        ({}, TEXT, ["it is anything instead of string"]),
        (TEXT, any_of(TEXT, NONE), []),
        (any_of(TEXT, NONE), TEXT, ["it may be null"]),
        (any_of(TEXT, WHOLE), any_of(WHOLE, NONE), ["it may be string"]),
        ({"type": ["string", "null"]}, any_of(NONE, TEXT), []),
        ({"enum": ["koala"], "type": "string"}, {"enum": ["koala", "panda"], "type": "string"}, []),
        (
            {"enum": ["koala", "panda"], "type": "string"},
            {"enum": ["koala"], "type": "string"},
            ["it may be 'panda', which is none of 'koala'"],
        ),
        (TEXT, {"enum": ["koala"], "type": "string"}, ["it may be any string instead of one of 'koala'"]),
        ({"const": "koala"}, {"const": "panda"}, ["it may be 'koala', which is none of 'panda'"]),
        ({**TEXT, "format": "uuid"}, TEXT, []),
        (TEXT, {**TEXT, "format": "uuid"}, ["it has format none instead of uuid"]),
        ({**TEXT, "maxLength": 20}, {**TEXT, "maxLength": 50}, []),
        ({**TEXT, "maxLength": 50}, {**TEXT, "maxLength": 20}, ["it is taken up to maxLength 20 only"]),
        (WHOLE, {**WHOLE, "minimum": 1}, ["it is taken from minimum 1 on only"]),
        (KOALA, KOALA, []),
        (KOALA, with_fields([], name=TEXT), []),
        (with_fields(["name"], name=TEXT), KOALA, []),
        (with_fields([], name=TEXT), KOALA, ["name may be missing"]),
        (with_fields([]), KOALA, ["name is missing"]),
        (with_fields(["name"], name=WHOLE), KOALA, ["name is integer instead of string"]),
        (KOALA, with_fields(["name"], name=TEXT) | {"additionalProperties": False}, ["number is not taken"]),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": WHOLE}, ["[] is string instead of integer"]),
        (
            with_fields(["of"], of={"type": "array", "items": with_fields([])}),
            with_fields(["of"], of={"type": "array", "items": KOALA}),
            ["of[].name is missing"],
        ),
        (
            any_of(with_fields([]), NONE),
            any_of(KOALA, NONE),
            ["name is missing"],
        ),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": WHOLE},
            [".* is string instead of integer"],
        ),
    ],
)
def test_what_is_written_can_be_read(written: Any, read: Any, told: list[str]) -> None:
    assert list(misfits(written, read)) == told


def test_what_a_service_leaves_aside_was_sent_for_nothing() -> None:
    assert list(misfits(KOALA, with_fields(["name"], name=TEXT), all_counts=True)) == ["number is not taken"]


def test_prose_makes_no_difference_but_a_field_may_be_called_like_it() -> None:
    koala = {**with_fields(["title"], title={**TEXT, "description": "of the photo"}), "description": "a koala"}
    assert shape_of(koala) == with_fields(["title"], title=TEXT)


def test_references_are_filled_in_also_those_of_things_within_themselves() -> None:
    branch = {"type": "object", "properties": {"branches": {"type": "array", "items": {"$ref": "#/$defs/Branch"}}}}
    shape = shape_of({"$ref": "#/$defs/Branch", "$defs": {"Branch": branch}})
    assert shape["properties"]["branches"]["items"] == {"again": "Branch"}
    assert list(misfits(shape, shape)) == []


def test_only_what_is_read_counts() -> None:
    assert only(KOALA, ["number"]) == with_fields(["number"], number=WHOLE)
    with pytest.raises(KeyError):
        only(KOALA, ["weight"])
