"""D3: everything that one may see, narrowed and ordered as asked."""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import ENTRY_ITEM
from tests.shapes import fits, page_of

SEEN = {
    "owner": {"private", "friends", "public"},
    "friend": {"friends", "public"},
    "ex_friend": {"public"},
    "blocked": {"public"},
    "stranger": {"public"},
    "staff": {"public"},
}


@pytest.mark.parametrize("role", SEEN)
async def test_who_sees_what(ask: Ask, circle: Circle, role: str) -> None:
    """Staff is treated like any user here (contract B7)."""
    seen = set()
    for visibility, animal in circle.animals.items():
        answer = body_of(await ask(circle.player(role), "GET", f"/dex/entries/?animal={animal['id']}"))
        fits(answer, page_of(ENTRY_ITEM))
        if answer["results"]:
            assert answer["count"] == 1
            assert answer["results"][0]["id"] == circle.entries[visibility]["id"]
            assert answer["results"][0]["owner_username"] == circle.owner.name
            seen.add(visibility)
    assert seen == SEEN[role]


@pytest.fixture(scope="module")
async def three(ask: Ask, collector: Player) -> tuple[Json, Json, Json]:
    """Three private entries of one animal, caught in another order than they were created."""
    animal = await new_animal(ask, collector, common_name="Sapphire tortoise")
    dates = ("2024-05-01T00:00:00Z", "2023-05-01T00:00:00Z", "2025-05-01T00:00:00Z")
    notes = ("by the Baltic sea", "under 100% ice_cold rock", "")
    entries = [
        await catch(ask, collector, animal, catch_date=date, notes=note, visibility="private")
        for date, note in zip(dates, notes, strict=True)
    ]
    await ask(collector, "POST", f"/dex/entries/{entries[0]['id']}/toggle_favorite/", json={})
    return entries[0], entries[1], entries[2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [2, 0, 1]),
        ("&ordering=catch_date", [1, 0, 2]),
        ("&ordering=-catch_date", [2, 0, 1]),
        ("&ordering=created_at", [0, 1, 2]),
        ("&ordering=nonsense,-created_at", [2, 1, 0]),
        ("&visibility=private", [2, 0, 1]),
        ("&visibility=public", []),
        ("&is_favorite=true", [0]),
        ("&is_favorite=false", [2, 1]),
        ("&is_favorite=perhaps", [2, 0, 1]),
        ("&search=SAPPHIRE", [2, 0, 1]),
        ("&search=testudo", [2, 0, 1]),
        ("&search=baltic", [0]),
        ("&search=tortoise,sea", [0]),
        ("&search=tortoise%20baltic", [0]),
        ("&search=baltic%20rock", []),
        ("&search=100%25", [1]),
        ("&search=e_c", [1]),
        ("&page_size=1", [2, 0, 1]),
    ],
)
async def test_filters_search_and_order(
    ask: Ask, collector: Player, three: tuple[Json, ...], query: str, expected: list[int]
) -> None:
    answer = body_of(await ask(collector, "GET", f"/dex/entries/?animal={three[0]['animal']}{query}"))
    assert [each["id"] for each in answer["results"]] == [three[index]["id"] for index in expected]
    assert answer["count"] == len(expected)


@pytest.mark.parametrize(
    ("query", "status", "refusal"),
    [
        ("visibility=zz", 400, {"visibility": ["Select a valid choice. zz is not one of the available choices."]}),
        ("animal=zz", 400, {"animal": ["“zz” is not a valid UUID."]}),
        ("page=99", 404, {"detail": "Invalid page."}),
        ("page=0", 404, {"detail": "Invalid page."}),
        ("page=-1", 404, {"detail": "Invalid page."}),
        ("page=1e30", 404, {"detail": "Invalid page."}),
        ("page=koala", 404, {"detail": "Invalid page."}),
    ],
)
async def test_what_cannot_be_asked(ask: Ask, ada: Player, query: str, status: int, refusal: Any) -> None:
    refused(await ask(ada, "GET", f"/dex/entries/?{query}"), status, refusal)


async def test_nul_in_a_search_is_no_server_error(ask: Ask, ada: Player) -> None:
    assert (await ask(ada, "GET", "/dex/entries/?search=%00")).status_code in (200, 400)


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", "/dex/entries/"), 401, {"detail": "Authentication credentials were not provided."})
