"""The log of events is gone, folder and all (F12, H6): docs/runbooks/lost-event-log.md, step by step."""

import asyncio
import json
import shutil
import signal

from deploy.commands.walk import PHOTOS
from tests.faults.recovery import bdx, verified
from tests.mesh import Mesh, NewPlayer, until


async def test_a_lost_log_is_refilled_while_players_go_on(mesh: Mesh, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await ada.befriend(ben)
    jobs = [await ada.identify(await ada.upload(PHOTOS / f"{name}.webp")) for name in ("koala", "panda")]
    await ada.catch(jobs[0])

    async def ben_sees(count: int) -> bool:
        return bool((await ben.tree("friends"))["stats"]["friend_captures"] == count)

    await until(lambda: ben_sees(1))
    known = await verified(mesh)

    nats = mesh.process("nats")
    nats.send_signal(signal.SIGSTOP)
    shutil.rmtree(mesh.data_dir / "nats" / "jetstream")
    nats.kill()
    # Writes need no log.
    await ada.catch(jobs[1])

    async def is_back() -> bool:
        code, _ = await bdx(mesh, "bus", "provision")
        return code == 0 and mesh.process("nats").pid != nats.pid

    await until(is_back, 60)
    code, said = await bdx(mesh, "bus", "republish", "--all", "--json")
    assert code == 0
    counts = json.loads(said)
    assert min(counts[service] for service in ("users", "dex", "social", "vision", "animals")) > 0

    await until(lambda: ben_sees(2), 60)
    assert await verified(mesh, patience=60) <= known
    again, said = await bdx(mesh, "bus", "republish", "--all", "--json")
    assert (again, set(json.loads(said).values())) == (0, {0})
    code, said = await bdx(mesh, "bus", "snapshot", "--json")
    assert (code, set(json.loads(said).values())) == (0, {0})


async def test_the_trees_are_rebuilt_while_a_player_looks(mesh: Mesh, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    await ada.catch(await ada.identify(await ada.upload(PHOTOS / "koala.webp")))

    async def is_there() -> bool:
        return bool((await ada.tree("personal"))["stats"]["user_captures"] == 1)

    await until(is_there)
    over = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not over.is_set():
            assert await is_there()
            looks += 1
        return looks

    looking = asyncio.create_task(look())
    code, _ = await bdx(mesh, "graph", "rebuild")
    over.set()
    assert await looking > 0
    assert code == 0
    assert await is_there()
