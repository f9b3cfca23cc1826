"""Who sees which entry, wherever it might show (contract B7, D1)."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.dex.places import NOWHERE, Place, blurred, precision_for_others
from services.dex.tests.story import ENTRIES, Player, Story
from services.dex.visibility import may_see

SEES = {
    "owner": {"private", "friends", "public"},
    "friend": {"friends", "public"},
    "asked": {"public"},
    "blocked": {"public"},
    "stranger": {"public"},
    "staff": {"public"},
}


@pytest.mark.parametrize("relation", ["owner", "friend", "stranger"])
@pytest.mark.parametrize("visibility", ["private", "friends", "public"])
def test_the_pure_rule(relation, visibility) -> None:
    assert may_see(relation, visibility) == (visibility in SEES[relation])


class Meadow:
    """Ada's three entries of one animal, and everybody who might look at them."""

    def __init__(self, ada: Player, animal: UUID, entries: dict[str, str], viewers: dict[str, Player]) -> None:
        self.ada, self.animal, self.entries, self.viewers = ada, animal, entries, viewers

    def ids(self, relation: str) -> set[str]:
        return {self.entries[visibility] for visibility in SEES[relation]}


@pytest.fixture
async def meadow(story: Story) -> Meadow:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    viewers = {name: await story.player(name) for name in ("friend", "asked", "blocked", "stranger")}
    viewers |= {"owner": ada, "staff": await story.player("staff", is_staff=True)}
    await story.friends(ada, viewers["friend"])
    await story.friends(viewers["asked"], ada, "pending")
    await story.friends(viewers["blocked"], ada, "blocked")
    entries = {
        visibility: (await story.catch(ada, fox, visibility=visibility))["id"]
        for visibility in ("private", "friends", "public")
    }
    return Meadow(ada, fox, entries, viewers)


@pytest.mark.parametrize("relation", list(SEES))
async def test_every_list_and_sync_obeys(story: Story, meadow: Meadow, relation: str) -> None:
    viewer, expected = meadow.viewers[relation], meadow.ids(relation)

    def ids(items) -> set[str]:
        return {item["id"] for item in items}

    assert ids((await story.get(viewer, ""))["results"]) == expected
    assert ids((await story.get(viewer, f"by_animal/?animal_id={meadow.animal}"))["results"]) == expected
    assert ids((await story.get(viewer, f"user/{meadow.ada.id}/entries/"))["entries"]) == expected
    recent = ids((await story.get(viewer, "recent/"))["results"])
    assert recent == (expected if relation in ("owner", "friend") else set())
    body = {"sync_requests": [{"user_id": str(meadow.ada.id)}]}
    answer = await story.client.post(ENTRIES + "batch_sync/", json=body, headers=viewer.headers)
    [result] = answer.json()["results"].values()
    if relation in ("owner", "friend"):
        assert ids(result["entries"]) == expected and result["count"] == len(expected)
    else:
        assert result == {"error": "Not friends with this user"}


@pytest.mark.parametrize("relation", list(SEES))
async def test_a_single_entry(story: Story, meadow: Meadow, relation: str) -> None:
    viewer = meadow.viewers[relation]
    for visibility, entry in meadow.entries.items():
        visible = visibility in SEES[relation] or relation == "staff"
        answer = await story.client.get(f"{ENTRIES}{entry}/", headers=viewer.headers)
        if visible:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 404
            assert answer.json() == {"detail": "No DexEntry matches the given query."}
        for method, path in (("POST", "toggle_favorite/"), ("PATCH", ""), ("DELETE", "")):
            if relation == "owner":
                continue
            changed = await story.client.request(method, f"{ENTRIES}{entry}/{path}", headers=viewer.headers)
            assert changed.status_code == (403 if visible else 404), (method, visibility)
    assert len(await story.told()) == 3


async def test_own_lists_hold_nothing_of_others(story: Story, meadow: Meadow) -> None:
    friend = meadow.viewers["friend"]
    for path in ("my_entries/", "favorites/"):
        assert (await story.get(friend, path))["results"] == []
    assert (await story.sync(friend))["entries"] == []


async def test_the_overview_counts_what_friends_may_see(story: Story, meadow: Meadow) -> None:
    [friend] = (await story.get(meadow.viewers["friend"], "friends_overview/"))["friends"]
    assert friend["user_id"] == str(meadow.ada.id)
    assert (friend["username"], friend["total_entries"]) == ("ada", 2)
    assert friend["latest_update"].endswith("+00:00")
    for relation in ("asked", "blocked", "stranger", "staff"):
        assert (await story.get(meadow.viewers[relation], "friends_overview/"))["friends"] == []


async def test_superusers_are_left_out_of_the_overview(story: Story) -> None:
    ada, root = await story.player("ada"), await story.player("root", is_superuser=True)
    bob = await story.player("bob")
    await story.friends(ada, root)
    await story.friends(bob, ada)
    [friend] = (await story.get(ada, "friends_overview/"))["friends"]
    assert (friend["username"], friend["total_entries"], friend["latest_update"]) == ("bob", 0, None)


LAT, LON = "51.507351", "-0.127758"


@pytest.mark.parametrize(
    ("precision", "status", "name", "lat", "lon", "place"),
    [
        ("exact", "LC", "Vulpes vulpes", LAT, LON, "Home"),
        ("approximate", "LC", "Vulpes vulpes", "51.505000", "-0.125000", ""),
        ("coarse", "LC", "Vulpes vulpes", "51.550000", "-0.150000", ""),
        ("hidden", "LC", "Vulpes vulpes", None, None, ""),
        ("exact", "EN", "Panthera tigris", "51.550000", "-0.150000", ""),
        ("approximate", "VU", "Panthera leo", "51.550000", "-0.150000", ""),
        ("hidden", "CR", "Diceros bicornis", None, None, ""),
        ("exact", "LC", "Falco peregrinus", "51.550000", "-0.150000", ""),
    ],
)
async def test_others_learn_the_place_as_the_owner_wants(
    story: Story, precision, status, name, lat, lon, place
) -> None:
    ada, bob = await story.player("ada", location_precision=precision), await story.player("bob")
    animal = await story.animal(name, conservation_status=status)
    where = {"location_lat": LAT, "location_lon": LON, "location_name": "Home"}
    entry = await story.catch(ada, animal, visibility="public", **where)
    seen = await story.get(bob, f"{entry['id']}/")
    assert (seen["location_lat"], seen["location_lon"], seen["location_name"]) == (lat, lon, place)
    assert seen["location_coords"] == (None if lat is None else [float(lat), float(lon)])
    own = await story.get(ada, f"{entry['id']}/")
    assert (own["location_lat"], own["location_lon"], own["location_name"]) == (LAT, LON, "Home")
    assert own["location_coords"] == [float(LAT), float(LON)]


def test_grid_cells_do_not_leave_the_globe() -> None:
    pole = blurred(Place(Decimal(90), Decimal(180), "Pole"), "coarse")
    assert (pole.lat, pole.lon) == (Decimal("89.95"), Decimal("179.95"))
    other = blurred(Place(Decimal(-90), Decimal(-180), "Pole"), "coarse")
    assert (other.lat, other.lon) == (Decimal("-89.95"), Decimal("-179.95"))


def test_neighbors_in_a_cell_cannot_be_told_apart() -> None:
    places = [Place(Decimal(lat), Decimal("7.001"), "x") for lat in ("50.000000", "50.005", "50.009999")]
    assert len({blurred(place, "approximate") for place in places}) == 1
    assert blurred(Place(Decimal("50.01"), None, ""), "approximate").lat == Decimal("50.015")


def test_an_unknown_precision_tells_nothing() -> None:
    assert precision_for_others("whatever", "LC", "Vulpes vulpes") == "hidden"
    assert blurred(Place(Decimal(1), Decimal(2), "x"), "hidden") == NOWHERE


async def test_what_is_not_there_looks_like_what_may_not_be_seen(story: Story) -> None:
    ada = await story.player("ada")
    for id, detail in ((uuid4(), "No DexEntry matches the given query."), ("zz", "Not found.")):
        assert (await story.get(ada, f"{id}/", 404)) == {"detail": detail}


async def test_without_a_token_there_is_nothing(story: Story) -> None:
    for path in ("", "my_entries/", "sync_entries/", "friends_overview/"):
        answer = await story.client.get(ENTRIES + path)
        assert answer.status_code == 401
