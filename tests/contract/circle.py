"""A player and everybody who may stand to her in some way, with one entry of each visibility."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import befriended, looked_at, new_animal, requested, respond
from tests.contract.pictures import PHOTOS
from tests.mesh import Mesh, signed_up, until


@dataclass(frozen=True)
class Circle:
    """Nobody in it changes anything, so it serves the whole session."""

    owner: Player
    friend: Player
    ex_friend: Player
    blocked: Player
    stranger: Player
    staff: Player
    friendship: Json
    animals: dict[str, Json]
    """By the visibility of the owner's only entry of it; nobody else has caught any."""
    entries: dict[str, Json]
    jobs: dict[str, Json]
    """Those that the entries were made from."""

    def player(self, role: str) -> Player | None:
        """The player who stands so to the owner; None for nobody."""
        found: Player | None = None if role == "nobody" else getattr(self, role)
        return found


@pytest.fixture(scope="session")
async def collector(mesh: Mesh) -> AsyncIterator[Player]:
    """A player without friends for tests that write and that mind no other entries of hers."""
    async with signed_up(mesh, "cora") as player:
        yield player


@pytest.fixture(scope="session")
async def superuser(mesh: Mesh) -> AsyncIterator[Player]:
    """A superuser who knows nobody."""
    async with signed_up(mesh, "sue") as player:
        database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
        await database.execute("UPDATE users.users SET is_superuser = true WHERE id = $1", UUID(player.id))
        await database.close()
        await player.sign_in()
        # A change of the profile tells the other services, too.
        await player.ask("PATCH", "/users/me/", json={"bio": "Everywhere and nowhere."})
        yield player


@pytest.fixture(scope="session")
async def circle(mesh: Mesh, ask: Ask, staff: Player) -> AsyncIterator[Circle]:
    """The owner and her circle; see `Circle`."""
    async with AsyncExitStack() as stack:

        async def player(name: str) -> Player:
            return await stack.enter_async_context(signed_up(mesh, name))

        owner, friend, ex_friend = await player("olive"), await player("fern"), await player("xena")
        blocked, stranger = await player("blake"), await player("stan")
        friendship = await befriended(ask, owner, friend)
        ended = await befriended(ask, owner, ex_friend)
        await ask(owner, "DELETE", f"/social/friendships/{ended['id']}/unfriend/")
        await respond(ask, owner, await requested(ask, blocked, owner), "block")
        animals = {each: await new_animal(ask, owner) for each in ("private", "friends", "public")}
        jobs = {each: await looked_at(ask, owner) for each in animals}
        entries = {each: await owner.catch(jobs[each], animal["id"], each) for each, animal in animals.items()}

        async def friends_know() -> bool:
            overview = await friend.get("/dex/entries/friends_overview/")
            tree = await friend.tree("friends")
            strange = await ex_friend.tree("friends")
            counts = [each["total_entries"] for each in overview["friends"]]
            return counts == [2] and tree["stats"]["friend_captures"] == 2 and strange["stats"]["friend_captures"] == 0

        await until(friends_know, 10)
        yield Circle(owner, friend, ex_friend, blocked, stranger, staff, friendship, animals, entries, jobs)


@pytest.fixture(scope="session")
async def koala_job(ask: Ask, circle: Circle) -> Json:
    """The owner's completed job in which a koala was found: made once, as it takes the model's time."""
    job = await looked_at(ask, circle.owner, (PHOTOS / "koala.webp").read_bytes())
    assert [each["scientific_name"] for each in job["detected_animals"]] == ["Phascolarctos cinereus"]
    return job
