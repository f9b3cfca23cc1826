"""G6: pages of fifty, filters, search and order."""

from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import unheard_name
from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.mesh import Mesh
from tests.shapes import fits, page_of

HOW_MANY = 53
FAMILY = unheard_name().split()[1].capitalize()


@pytest.fixture(scope="module")
async def animals(ask: Ask, ada: Player) -> list[Json]:
    """A family of fifty-three, found by Ada."""
    made = []
    for number in range(HOW_MANY):
        letters = chr(97 + number // 26) + chr(97 + number % 26)
        name = {"scientific_name": f"{FAMILY} {letters}", "common_name": f"Pagefowl {letters}", "family": FAMILY}
        made.append(body_of(await ask(ada, "POST", "/animals/lookup_or_create/", json=name), 201)["animal"])
    return made


async def listed(ask: Ask, query: str = "") -> Json:
    return body_of(await ask(None, "GET", f"/animals/?family={FAMILY}{query}"))


async def test_two_pages(ask: Ask, mesh: Mesh, animals: list[Json]) -> None:
    first = await listed(ask)
    fits(first, page_of(ANIMAL_LIST_ITEM))
    assert (first["count"], len(first["results"]), first["previous"]) == (HOW_MANY, 50, None)
    assert first["next"].startswith(f"{mesh.url}/api/v1/animals/?")
    second = body_of(await ask(None, "GET", first["next"]))
    assert (second["count"], len(second["results"]), second["next"]) == (HOW_MANY, 3, None)
    assert body_of(await ask(None, "GET", second["previous"])) == first
    assert [each["id"] for each in first["results"] + second["results"]] == [each["id"] for each in animals]


async def test_the_page_size_is_fifty_whatever_is_asked(ask: Ask, animals: list[Json]) -> None:
    assert len((await listed(ask, "&page_size=1000"))["results"]) == 50


@pytest.mark.parametrize("page", ["0", "3", "-1", "abc", "1.5", "99999999999999999999"])
async def test_a_page_that_is_not_there(ask: Ask, animals: list[Json], page: str) -> None:
    refused(await ask(None, "GET", f"/animals/?family={FAMILY}&page={page}"), 404, {"detail": "Invalid page."})


async def test_an_empty_list_has_a_first_page(ask: Ask) -> None:
    body = body_of(await ask(None, "GET", "/animals/?family=Nobodyidae"))
    assert body == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("ordering", "key", "reverse"),
    [
        ("creation_index", "creation_index", False),
        ("-creation_index", "creation_index", True),
        ("scientific_name", "scientific_name", False),
        ("-scientific_name,creation_index", "scientific_name", True),
        ("zzz", "creation_index", False),
        ("zzz,-scientific_name", "scientific_name", True),
        ("password_hash", "creation_index", False),
    ],
)
async def test_ordering(ask: Ask, animals: list[Json], ordering: str, key: str, reverse: bool) -> None:
    found = [each["id"] for each in (await listed(ask, f"&ordering={ordering}"))["results"]]
    assert found == [each["id"] for each in sorted(animals, key=lambda each: each[key], reverse=reverse)][:50]


@pytest.mark.parametrize("separator", ["%20", ",", "%20,%20"])
async def test_every_term_of_a_search_must_be_contained(ask: Ask, animals: list[Json], separator: str) -> None:
    found = (await listed(ask, f"&search=pageFOWL%20az{separator}{FAMILY.lower()}"))["results"]
    assert [each["common_name"] for each in found] == ["Pagefowl az"]


async def test_a_search_takes_nothing_for_a_wildcard(ask: Ask, animals: list[Json]) -> None:
    for term in ("%25", "_", "%5C", "'"):
        assert (await listed(ask, f"&search=Pagefowl%20{term}"))["count"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/animals/?conservation_status=zz",
            {"conservation_status": ["Select a valid choice. zz is not one of the available choices."]},
        ),
        (
            "/dex/entries/?visibility=zz",
            {"visibility": ["Select a valid choice. zz is not one of the available choices."]},
        ),
        ("/dex/entries/?animal=zz", {"animal": ["“zz” is not a valid UUID."]}),
        ("/vision/jobs/?status=zz", {"status": ["Select a valid choice. zz is not one of the available choices."]}),
    ],
)
async def test_a_choice_that_is_none(ask: Ask, ada: Player, path: str, body: dict[str, Any]) -> None:
    refused(await ask(ada, "GET", path), 400, body)


async def test_a_boolean_that_is_none_is_ignored(ask: Ask, animals: list[Json]) -> None:
    assert (await listed(ask, "&verified=perhaps"))["count"] == HOW_MANY
    assert (await listed(ask, "&verified=false"))["count"] == HOW_MANY
    assert (await listed(ask, "&verified=true"))["count"] == 0


async def test_filters_are_exact(ask: Ask, animals: list[Json]) -> None:
    assert body_of(await ask(None, "GET", f"/animals/?family={FAMILY[:-1]}"))["count"] == 0


@pytest.mark.parametrize(
    "path",
    [
        *("/animals/recent/", "/animals/popular/", "/dex/entries/favorites/", "/dex/entries/recent/"),
        *("/vision/jobs/pending/", "/vision/jobs/processing/", "/vision/jobs/failed/"),
    ],
)
async def test_lists_without_pages(ask: Ask, ada: Player, path: str) -> None:
    body = body_of(await ask(ada, "GET", path))
    assert set(body) == {"count", "results"}
    assert body["count"] == len(body["results"])


@pytest.mark.parametrize(
    "path",
    [
        *("/animals/", "/dex/entries/", "/dex/entries/my_entries/", "/vision/jobs/", "/vision/jobs/completed/"),
        *("/social/friendships/", "/taxonomy/", "/sources/"),
    ],
)
async def test_lists_with_pages(ask: Ask, ada: Player, path: str) -> None:
    body = body_of(await ask(ada, "GET", path))
    assert set(body) == {"count", "next", "previous", "results"}
    assert len(body["results"]) <= 50
    refused(await ask(ada, "GET", f"{path}?page=100000"), 404, {"detail": "Invalid page."})
