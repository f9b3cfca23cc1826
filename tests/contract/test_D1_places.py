"""D1: where an animal was seen is its finder's to tell; everybody else gets the middle of a grid cell, or nothing."""

from dataclasses import dataclass

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, befriended, catch, new_animal
from tests.contract.objects_of_dex import DEX_ENTRY
from tests.mesh import Mesh, NewPlayer, until
from tests.shapes import fits

SEEN_AT = {"location_lat": "52.516275", "location_lon": "-13.377704", "location_name": "Behind the old oak"}
EXACT = {**SEEN_AT, "location_coords": [52.516275, -13.377704]}
APPROXIMATE = {
    "location_lat": "52.515000",
    "location_lon": "-13.375000",
    "location_name": "",
    "location_coords": [52.515, -13.375],
}
COARSE = {
    "location_lat": "52.550000",
    "location_lon": "-13.350000",
    "location_name": "",
    "location_coords": [52.55, -13.35],
}
HIDDEN = {"location_lat": None, "location_lon": None, "location_name": "", "location_coords": None}


@dataclass(frozen=True)
class Sighting:
    finder: Player
    friend: Player
    common: Json
    threatened: Json


@pytest.fixture
async def sighting(ask: Ask, new_player: NewPlayer) -> Sighting:
    """An animal of no concern and a threatened one, seen at the same place by somebody's friend."""
    finder, friend = await new_player("finn"), await new_player("fred")
    await befriended(ask, finder, friend)
    lion = await animal_named(ask, finder, "Panthera leo")
    assert lion["conservation_status"] == "VU"
    common = await catch(ask, finder, await new_animal(ask, finder), visibility="public", **SEEN_AT)
    threatened = await catch(ask, finder, lion, **SEEN_AT)
    return Sighting(finder, friend, common, threatened)


async def place(ask: Ask, viewer: Player, entry: Json) -> Json:
    found = body_of(await ask(viewer, "GET", f"/dex/entries/{entry['id']}/"))
    fits(found, DEX_ENTRY)
    return {name: found[name] for name in EXACT}


async def test_the_owners_wish_decides(mesh: Mesh, ask: Ask, sighting: Sighting) -> None:
    """By default `approximate`; a threatened animal never finer than `coarse`; the finder always sees all."""
    for wish, common, threatened in (
        (None, APPROXIMATE, COARSE),
        ("coarse", COARSE, COARSE),
        ("hidden", HIDDEN, HIDDEN),
        ("exact", EXACT, COARSE),
    ):
        if wish is not None:
            await ask(sighting.finder, "PATCH", "/users/me/", json={"location_precision": wish})

        async def as_wished(common: Json = common, threatened: Json = threatened) -> bool:
            seen = [await place(ask, sighting.friend, each) for each in (sighting.common, sighting.threatened)]
            return seen == [common, threatened]

        await until(as_wished, 5)
        for entry in (sighting.common, sighting.threatened):
            assert await place(ask, sighting.finder, entry) == EXACT


async def test_a_stranger_gets_it_no_finer(ask: Ask, sighting: Sighting, new_player: NewPlayer) -> None:
    assert await place(ask, await new_player("sten"), sighting.common) == APPROXIMATE


async def test_staff_gets_it_no_finer(ask: Ask, sighting: Sighting, staff: Player) -> None:
    assert await place(ask, staff, sighting.threatened) == COARSE


async def test_no_place_is_null(ask: Ask, collector: Player) -> None:
    entry = await catch(ask, collector, await new_animal(ask, collector))
    assert await place(ask, collector, entry) == HIDDEN
