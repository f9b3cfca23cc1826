"""2B 41-44, 51, 55, 59, 60: numbers that are none, too large, too long or of another kind."""

import json
from uuid import uuid4

import pytest

from libs.common.pages import MAX_PAGE
from tests.answers import Ask, body_of
from tests.contract.captures import new_animal
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.operations import Operation
from tests.hostile.requests.test_text import JSON, json_with
from tests.hostile.requests.verdicts import REFUSALS, all_of, problem_of

NO_NUMBERS = [
    *(b"NaN", b"-Infinity", b"1e999", b"-1e999", b"9" * 5000, b"true", b'"NaN"', b'"1_0"', '"１２"'.encode(), b'"0x1"'),
    *(b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1e308", b"[1]", b'{"a": 1}'),
]
LARGE = [b"2147483648", b"-2147483649", b"9223372036854775807", b"1e300", b"1e19", b"5e-324", b"-0.0"]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda raw: raw[:22].decode())
async def test_where_a_number_belongs(operations: list[Operation], target: Target, number: bytes) -> None:
    """2B 41, 43, 44, 51: refused by every numeric field of every route."""
    before = await target.state()

    async def one(operation: Operation, field: str) -> str:
        content = json_with(operation, target, field, number)
        path = operation.at(target.ids)
        answer = await target.ask(target.player, operation.method, path, content=content, headers=JSON)
        return problem_of(answer, f"{field} of {operation}", REFUSALS)

    numeric = [
        (operation, field)
        for operation in operations
        for field, kinds in operation.fields.items()
        if kinds & {"integer", "number"}
    ]
    assert {field for _, field in numeric} >= {"location_lat", "location_lon", "animal_index"}
    assert not await all_of(one(*each) for each in numeric)
    assert await target.state() == before


@pytest.mark.parametrize("field", ["customizations", "preferred_card_style"])
async def test_within_what_is_kept_as_it_is(target: Target, field: str) -> None:
    """2B 39, 41-43: what is taken can be read again, what is no number is not taken."""
    path = "/users/me/" if field == "preferred_card_style" else f"/dex/entries/{target.ids['entry_id']}/"
    for number in [*LARGE, *NO_NUMBERS]:
        content = b'{"%s": {"a": [%s]}}' % (field.encode(), number)
        answer = await target.ask(target.player, "PATCH", path, content=content, headers=JSON)
        assert not problem_of(answer, str(number[:30]))
        seen = body_of(await target.ask(target.player, "GET", path))
        kept = seen["profile"][field] if "profile" in seen else seen[field]
        if answer.status_code == 200:
            assert kept == {"a": [pytest.approx(json.loads(number))]}, number[:30]
        else:
            assert answer.status_code == 400 and number in NO_NUMBERS, number[:30]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"location_lat": 91, "location_lon": 1}, "location_lat"),
        ({"location_lat": -90.5, "location_lon": 1}, "location_lat"),
        ({"location_lat": 1, "location_lon": 181}, "location_lon"),
        ({"location_lat": 1.1234567, "location_lon": 1}, "location_lat"),
        ({"location_lat": 1}, "non_field_errors"),
        ({"location_lon": 1, "location_lat": None}, "non_field_errors"),
    ],
)
async def test_a_place_that_is_none(target: Target, place: dict[str, float | None], field: str) -> None:
    """2B 55: off the globe, or only half a place."""
    animal = await new_animal(target.ask, target.player)
    entry = {"animal": animal["id"], "source_vision_job": target.ids["job_id"], **place}
    assert field in body_of(await target.ask(target.player, "POST", "/dex/entries/", json=entry), 400)


@pytest.mark.parametrize(
    "page",
    ["0", "-1", "1e18", "1e30", "9" * 5000, "NaN", "1.5", "0x1", "²", "１", "+1", "1_0", "-0", " 1", str(MAX_PAGE)],
    ids=lambda page: page[:10],
)
async def test_a_page_that_is_not_there(operations: list[Operation], target: Target, page: str) -> None:
    """2B 59, 60: 404 "Invalid page." on every list that has pages."""

    async def one(operation: Operation) -> str:
        answer = await target.ask(target.player, "GET", operation.at(target.ids), params={"page": page})
        is_right = answer.status_code == 404 and answer.json() == {"detail": "Invalid page."}
        return "" if is_right else f"{operation}: {answer.status_code} {answer.text[:100]}"

    paged = [operation for operation in operations if "page" in operation.queries]
    assert len(paged) >= 8
    assert not await all_of(one(each) for each in paged)


@pytest.mark.parametrize("size", ["-1", "0", "1e9", "1000000000", "", "x"])
async def test_the_size_of_a_page_is_not_for_the_asker(ask: Ask, size: str) -> None:
    """2B 59: `page_size` is ignored (contract G6)."""
    assert len(body_of(await ask(None, "GET", "/taxonomy/", params={"page_size": size}))["results"]) == 50


@pytest.mark.parametrize("limit", ["0", "-1", "1e999", "NaN", "9" * 5000, "2147483648", "", "x", "１"])
async def test_limits(target: Target, limit: str) -> None:
    """2B 43, 44, 59: clamped, taken for the default, or refused (contract X2, R3)."""
    taxa = await target.ask(None, "GET", "/taxonomy/search/", params={"genus": "a", "limit": limit})
    assert 1 <= body_of(taxa, taxa.status_code).get("count", 1) <= 100
    found = await target.ask(target.player, "GET", "/graph/tree/search/", params={"q": "a", "limit": limit})
    assert not problem_of(found, limit, {200, 400})
    assert not problem_of(taxa, limit[:20], {200, 400})


@pytest.mark.parametrize("x", ["2147483648", "-9223372036854775809", "9" * 500, "1.5", "1e3", "NaN", "１", "%00", "+1"])
async def test_chunks_far_away(target: Target, x: str) -> None:
    """2B 43, 44: an empty chunk where there is one, 404 where that is no whole number (contract R2)."""
    for path in (f"/graph/tree/chunk/{x}/0/", f"/graph/tree/chunk/0/{x}/"):
        assert not problem_of(await target.ask(target.player, "GET", path), path, {200, 404})


@pytest.mark.parametrize("rotation", ["45", "-90", "1e9", '"90"', "true", "9" * 400, "NaN", "[90]", "90.5"])
async def test_rotations(target: Target, rotation: str) -> None:
    """2A 36: 0, 90, 180 or 270, and a number."""
    upload = {"image": ("a.png", b"x", "image/png"), "transformations": (None, f'{{"rotation": {rotation}}}')}
    answer = await target.ask(target.player, "POST", "/images/convert/", files=upload)
    assert "transformations" in body_of(answer, 400)


@pytest.mark.parametrize("user_id", [f"{{{uuid4()}}}", f"urn:uuid:{uuid4()}", uuid4().hex, "9" * 5000, "-1", "null"])
async def test_ids_in_bodies(target: Target, user_id: str) -> None:
    """2B 66: other ways to write a UUID name the same thing or nothing."""
    answer = await target.ask(target.player, "POST", "/social/friendships/send_request/", json={"user_id": user_id})
    assert not problem_of(answer, user_id[:40], {400, 404})
