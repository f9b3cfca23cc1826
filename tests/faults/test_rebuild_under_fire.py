"""The trees are made anew while players play and the running projectors are killed."""

import asyncio

import pytest

from deploy.commands.walk import PHOTOS
from tests.faults.armed import all_ready, hurry
from tests.faults.recovery import bdx, verified
from tests.mesh import Mesh, NewPlayer, until

KILLS = 5
pytestmark = pytest.mark.timeout(300)


@pytest.mark.long
async def test_projectors_die_during_a_rebuild(mesh: Mesh, new_player: NewPlayer) -> None:
    """F20: readers see no half-built tree, no catch is missing at any time, and the copies are as the log tells."""
    ada = await new_player("ada")
    entry = await ada.catch(await ada.identify(await ada.upload(PHOTOS / "koala.webp")))

    async def is_there() -> bool:
        return bool((await ada.tree("personal"))["stats"]["user_captures"] == 1)

    await until(is_there)
    known = await verified(mesh)
    over = asyncio.Event()
    looks = 0

    async def change_and_look() -> None:
        nonlocal looks
        while not over.is_set():
            wish = {"visibility": ("private", "friends", "public")[looks % 3]}
            await ada.ask("PATCH", f"/dex/entries/{entry['id']}/", json=wish)
            answer = await ada.raw("GET", "/graph/tree/?mode=personal&use_cache=false")
            if answer.status_code == 200:
                assert answer.json()["stats"]["user_captures"] == 1, "what was there is shown no more"
                looks += 1
            else:
                assert answer.status_code in (502, 503), answer.text
            await asyncio.sleep(0.05)

    async def kill_projectors() -> None:
        for number in range(KILLS):
            name = ("graph", "graph-2")[number % 2]
            process = mesh.process(name)
            process.kill()

            async def is_another(name: str = name, pid: int = process.pid) -> bool:
                return bool(mesh.topology["processes"][name]["pid"] != pid)

            await until(is_another)
            # Players only ask one of the two; in between it must be there to be asked.
            await until(lambda: all_ready(mesh), 60)

    async def rebuild_meanwhile(killing: asyncio.Task[None]) -> int:
        rebuilt = 0
        while not killing.done() or not rebuilt:
            code, said = await bdx(mesh, "graph", "rebuild")
            assert code == 0, said
            rebuilt += 1
        return rebuilt

    playing = asyncio.create_task(change_and_look())
    killing = asyncio.create_task(kill_projectors())
    try:
        assert await rebuild_meanwhile(killing) > 0
        await killing
    finally:
        over.set()
    await playing
    await until(lambda: all_ready(mesh), 60)
    await hurry(mesh)
    assert looks > 0
    assert await verified(mesh, patience=60) <= known
