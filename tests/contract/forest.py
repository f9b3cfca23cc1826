"""A player and a friend with real animals on several branches, for trees that have a shape."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import animal_named, befriended, looked_at
from tests.mesh import Mesh, until
from tests.shapes import number

OWN: Final = ("Panthera leo", "Panthera tigris", "Canis lupus", "Corvus corax", "Felis catus")
FRIENDS: Final = ("Panthera leo", "Vulpes vulpes")
SECRET: Final = "Lynx lynx"

RANKS: Final = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
PARENT_CHILD: Final = {"source": str, "target": str, "relationship": {"parent_child"}, "rank_transition": str}


def point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(number(each) for each in value)


def box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(number(each) for each in value)


TAX_NODE: Final = {
    "id": str,
    "type": {"taxonomic"},
    "node_type": {"taxonomic"},
    "rank": set(RANKS),
    "name": str,
    "scientific_name": str,
    "position": point,
    "captured_by_user": bool,
    "captured_by_friends": list,
    "capture_count": int,
    "children_count": int,
    "animal_count": int,
}
ANIMAL_NODE: Final = {
    "id": str,
    "type": {"animal"},
    "node_type": {"animal"},
    "scientific_name": str,
    "common_name": str,
    "creation_index": int,
    "taxonomy": dict.fromkeys(RANKS, str),
    "position": point,
    "captured_by_user": bool,
    "captured_by_friends": [{"user_id": str, "username": str, "captured_at": str}],
    "capture_count": int,
    "conservation_status": str,
    "verified": bool,
    "discoverer": dict,
}


@dataclass(frozen=True)
class Forest:
    player: Player
    friend: Player
    animals: dict[str, Json]
    """By scientific name. `FRIENDS` were caught by the friend, `SECRET` by the friend and kept private."""


@pytest.fixture(scope="session")
async def forest(mesh: Mesh, ask: Ask) -> AsyncIterator[Forest]:
    async with AsyncExitStack() as stack:
        names = [f"{name}-{uuid4().hex[:8]}" for name in ("freya", "frida")]
        player, friend = [await stack.enter_async_context(Player(mesh.url, name)) for name in names]
        for each in (player, friend):
            await each.sign_up()
        await befriended(ask, player, friend)
        animals = {name: await animal_named(ask, player, name) for name in {*OWN, *FRIENDS, SECRET}}
        for who, caught in ((player, OWN), (friend, FRIENDS)):
            job = await looked_at(ask, who)
            for name in caught:
                await who.catch(job, animals[name]["id"])
        await friend.catch(await looked_at(ask, friend), animals[SECRET]["id"], "private")

        async def grown() -> bool:
            stats = (await player.tree("friends"))["stats"]
            return (stats["user_captures"], stats["friend_captures"]) == (len(OWN), len(FRIENDS))

        await until(grown, 10)
        yield Forest(player, friend, animals)
