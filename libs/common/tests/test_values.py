"""Values as the contract prints and reads them."""

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import pytest
from pydantic import Field, ValidationError

from libs.common.validation import field_errors
from libs.common.values import Input, Instant, Moment, Output, Uuid, as_offset, parse_moment


class Sighting(Input):
    name: Annotated[str, Field(min_length=1, max_length=10)]
    count: int = 1
    seen: Moment | None = None
    animal: Uuid | None = None


def errors_of(data: dict[str, object]) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as raised:
        Sighting.model_validate(data)
    return field_errors(raised.value.errors())


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "name", "This field is required."),
        ({"name": None}, "name", "This field may not be null."),
        ({"name": "  "}, "name", "This field may not be blank."),
        ({"name": "a" * 11}, "name", "Ensure this field has no more than 10 characters."),
        ({"name": "a\x00b"}, "name", "Null characters are not allowed."),
        ({"name": "owl", "count": 1.5}, "count", "A valid integer is required."),
        ({"name": "owl", "count": "many"}, "count", "A valid integer is required."),
        ({"name": "owl", "animal": "zz"}, "animal", "“zz” is not a valid UUID."),
        (
            {"name": "owl", "seen": "yesterday"},
            "seen",
            "Datetime has wrong format. Use one of these formats instead: "
            "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
        ),
    ],
)
def test_messages_are_those_the_client_knows(data: dict[str, object], field: str, message: str) -> None:
    assert errors_of(data)[field] == [message]


def test_text_is_trimmed_and_integral_floats_are_integers() -> None:
    seen = Sighting.model_validate({"name": " owl ", "count": 90.0, "unknown": 1})
    assert (seen.name, seen.count) == ("owl", 90)


def test_points_in_time_always_have_six_digits() -> None:
    class Shown(Output):
        at: Instant

    moment = parse_moment("2025-02-02T03:04:05+02:00")
    assert Shown(at=moment).model_dump_json() == '{"at":"2025-02-02T01:04:05.000000Z"}'
    assert as_offset(moment) == "2025-02-02T01:04:05.000000+00:00"
    assert parse_moment("2025-02-02T03:04:05") == parse_moment("2025-02-02T03:04:05Z")


def test_a_uuid_comes_in_as_text() -> None:
    animal = uuid4()
    assert Sighting.model_validate({"name": "owl", "animal": str(animal)}).animal == animal


def test_an_impossible_date_is_an_error_and_no_crash() -> None:
    with pytest.raises(ValueError, match="wrong format"):
        parse_moment("2025-13-45T00:00:00Z")
    assert isinstance(parse_moment("2025-01-05T00:00"), datetime)
