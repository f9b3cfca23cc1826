"""Somebody with one thing of every kind, who may touch everything: so hostile values get as deep as they can."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, asking, body_of
from tests.contract.captures import befriended, looked_at, new_animal, new_picture
from tests.contract.test_I1_convert import convert
from tests.hostile.requests.operations import Operation, all_operations
from tests.hostile.requests.verdicts import patient
from tests.mesh import Mesh, signed_up


@dataclass(frozen=True)
class Target:
    """A staff player, and the ids of what is theirs by the names that the document uses."""

    player: Player
    ids: Json
    ask: Ask

    async def state(self) -> list[Json]:
        """All that a hostile request might have changed or added."""
        paths = (
            *("/users/me/", "/dex/entries/my_entries/", f"/dex/entries/{self.ids['entry_id']}/"),
            *(f"/vision/jobs/{self.ids['job_id']}/", f"/animals/{self.ids['animal_id']}/", "/social/friendships/"),
        )
        jobs = body_of(await self.ask(self.player, "GET", "/vision/jobs/"))
        # Of jobs only which: those of earlier tests may still be at work.
        return [
            *[body_of(await self.ask(self.player, "GET", path)) for path in paths],
            {"jobs": [job["id"] for job in jobs["results"]]},
        ]


@pytest.fixture(scope="session")
async def ask(mesh: Mesh) -> AsyncIterator[Ask]:
    async with asking(mesh.url) as found:
        yield patient(found)


@pytest.fixture(scope="session")
async def web(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    """For what lies outside of `/api/v1/`; no token, no redirects."""
    async with httpx.AsyncClient(base_url=mesh.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def operations(mesh: Mesh) -> list[Operation]:
    return all_operations(mesh.url)


@pytest.fixture(scope="session")
async def target(mesh: Mesh, ask: Ask, staff: Player) -> AsyncIterator[Target]:
    async with signed_up(mesh, "fay") as friend:
        friendship = await befriended(ask, friend, staff)
        job, animal = await looked_at(ask, staff), await new_animal(ask, staff)
        entry = await staff.catch(job, animal["id"])
        nowhere = str(uuid4())
        ids = {
            "animal_id": animal["id"],
            "conversion_id": (await convert(ask, staff, new_picture()))["id"],
            "entry_id": entry["id"],
            "friendship_id": friendship["id"],
            "either_id": nowhere,
            "id": staff.id,
            "job_id": job["id"],
            "source_id": nowhere,
            "taxon_id": nowhere,
            "user_id": staff.id,
            "x": 0,
            "y": 0,
        }
        yield Target(staff, ids, ask)
