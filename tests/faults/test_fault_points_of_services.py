"""The real services are killed at their fault points while players play: each write is there once, and told once."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import psutil
import pytest

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player, Refused
from tests.faults.armed import all_ready, are_back, arm, hurry, unanswered
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.mesh import Mesh, NewPlayer, signed_up, until

SEED = 20_261_120
AWAY = re.compile(r" answered 50[234]:")
HOPELESS = 3
"""So many starts after the first would be a crash loop."""
pytestmark = pytest.mark.timeout(300)
POINTS = {
    "users": "consumer.before_commit:2",
    "animals": "relay.after_ack_before_mark:1",
    "dex": "relay.mid_publish:2",
    "dex-2": "consumer.after_commit_before_ack:2",
    "social": "relay.after_mark_before_commit:1",
    "vision": "relay.after_select:2",
    "graph": "consumer.before_commit:2",
    "graph-2": "consumer.after_commit_before_ack:2",
}
REQUESTS = {
    "dex": "api.after_commit:1",
    "vision": "api.after_commit:1",
    "social": "api.after_domain_write:1",
    "users": "api.after_domain_write:1",
}


@pytest.fixture
async def nobody_yet(mesh: Mesh) -> AsyncIterator[Player]:
    """Somebody who has not registered."""
    async with Player(mesh.url, f"carl-{uuid4().hex[:8]}") as player:
        yield player


@pytest.mark.long
async def test_a_request_without_an_answer_is_repeated(mesh: Mesh, new_player: NewPlayer, nobody_yet: Player) -> None:
    """F1, F2: killed before the commit or after it; the client says the same again, and it has happened once."""
    ada, ben = await new_player("ada"), await new_player("ben")
    job = await ada.identify(await ada.upload(PHOTOS / "koala.webp"))
    conversion = await ada.upload(PHOTOS / "panda.webp")
    known = await verified(mesh)
    entry = {"animal": job["detected_animals"][0]["animal_id"], "source_vision_job": job["id"]}
    carl = nobody_yet
    account = {"username": carl.name, "email": f"{carl.name}@example.com"}
    secret = {"password": "a photo of a tawny owl", "password_confirm": "a photo of a tawny owl"}
    asked = {
        "dex": (ada, "/dex/entries/", entry),
        "vision": (ada, "/vision/jobs/", {"conversion_id": conversion}),
        "social": (ada, "/social/friendships/send_request/", {"friend_code": ben.friend_code}),
        "users": (carl, "/users/", account | secret),
    }
    pids = await arm(mesh, REQUESTS)

    async def ask(service: str) -> httpx.Response:
        player, path, body = asked[service]
        return await player.raw("POST", path, json=body)

    async def ask_to_death(service: str) -> None:
        """A busy machine may refuse before the request has reached its service: then it is asked again."""
        while psutil.pid_exists(pids[service]):
            assert unanswered(await ask(service))

    # The worker waits, too: of a job that has ended the same request makes another one (contract V5).
    with paused(mesh.process("vision-worker")):
        await asyncio.gather(*(ask_to_death(service) for service in asked))
        await until(lambda: are_back(mesh, pids), 60)
        again = dict(zip(asked, await asyncio.gather(*(ask(service) for service in asked)), strict=True))

    answers = {service: answer.status_code for service, answer in again.items()}
    # What was kept is found; what was not is done now, and nobody is told that it is there already.
    assert answers == {"dex": 200, "vision": 200, "social": 201, "users": 201}
    await carl.sign_in()
    assert (await ada.get("/dex/entries/my_entries/"))["count"] == 1
    assert (await ada.get("/vision/jobs/"))["count"] == 2
    assert (await ben.get("/social/friendships/pending/"))["count"] == 1
    await ada.finished(again["vision"].json()["id"])
    await hurry(mesh)
    assert await verified(mesh, patience=60) <= known


@pytest.mark.long
async def test_every_service_is_killed_at_a_point_of_its_own(mesh: Mesh) -> None:
    """F3, F13, H1, H3: relays and consumers die between any two steps; players only see that somebody is away."""
    known = await verified(mesh)
    chance = random.Random(SEED)
    pids = await arm(mesh, POINTS)
    over = asyncio.Event()

    async def play(number: int) -> None:
        while not over.is_set():
            try:
                async with signed_up(mesh, f"ada-{number}") as ada, signed_up(mesh, f"ben-{number}") as ben:
                    photo = chance.choice(("koala.webp", "panda.webp", "lemur.webp"))
                    await ada.befriend(ben)
                    await ada.catch(await ada.identify(await ada.upload(PHOTOS / photo)))
                    await ben.tree("friends")
            except Refused as refused:
                assert AWAY.search(str(refused)), refused
                await asyncio.sleep(0.2)

    players = [asyncio.create_task(play(number)) for number in range(2)]

    async def all_were_killed() -> bool:
        processes = mesh.topology["processes"]
        return all(processes[name]["pid"] != pid for name, pid in pids.items())

    try:
        await until(all_were_killed, 90)
    finally:
        over.set()
        await asyncio.gather(*players)
    await until(lambda: all_ready(mesh), 60)
    await hurry(mesh)
    assert await verified(mesh, patience=60) <= known


@pytest.mark.long
async def test_everything_is_killed_at_once(mesh: Mesh, new_player: NewPlayer) -> None:
    """H23: all servers and services die together and start in any order; nobody gives up, nothing is lost."""
    ada = await new_player("ada")
    entry = await ada.catch(await ada.identify(await ada.upload(PHOTOS / "koala.webp")))
    known = await verified(mesh)
    names = list(mesh.topology["processes"])
    random.Random(SEED).shuffle(names)
    old = {name: mesh.process(name).pid for name in names}
    before = mesh.log("stack")
    for name in names:
        mesh.process(name).kill()

    async def is_back() -> bool:
        processes = mesh.topology["processes"]
        return all(processes[name]["pid"] != pid for name, pid in old.items()) and await all_ready(mesh)

    await until(is_back, 60)
    said = mesh.log("stack").removeprefix(before)
    for name in names:
        assert 1 <= said.count(f" {name}: started") <= 1 + HOPELESS, name
    assert [each["id"] for each in (await ada.get("/dex/entries/my_entries/"))["results"]] == [entry["id"]]
    await ada.catch(await ada.identify(await ada.upload(PHOTOS / "panda.webp")))
    await hurry(mesh)
    assert await verified(mesh, patience=60) <= known
