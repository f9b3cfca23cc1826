"""A player with two completed jobs and a failed one, for the lists of jobs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import looked_at
from tests.mesh import Mesh


@dataclass(frozen=True)
class JobsOfOne:
    """The jobs by their ids, in the order in which they were made."""

    player: Player
    first: str
    second: str
    failed: str


def ids(listed: Json) -> list[str]:
    return [each["id"] for each in listed["results"]]


@pytest.fixture(scope="session")
async def jobs_of_one(mesh: Mesh, ask: Ask) -> AsyncIterator[JobsOfOne]:
    async with Player(mesh.url, f"joan-{uuid4().hex[:8]}") as player:
        await player.sign_up()
        done = [await looked_at(ask, player), await looked_at(ask, player)]
        failed = await looked_at(ask, player, cv_method="openai")
        assert [job["status"] for job in (*done, failed)] == ["completed", "completed", "failed"]
        yield JobsOfOne(player, done[0]["id"], done[1]["id"], failed["id"])
