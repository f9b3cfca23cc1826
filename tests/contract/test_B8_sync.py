"""B8: a device that syncs while others write misses nothing, and hears of every change that matters to it."""

import asyncio
import random
from contextlib import suppress
from uuid import uuid4

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import animal_named, befriended, catch, looked_at, new_animal, unheard_name
from tests.contract.test_D12_sync_entries import ids, sync
from tests.mesh import NewPlayer, until

WRITERS, WRITES = 6, 15


async def test_writing_and_syncing_at_the_same_time_miss_nothing(ask: Ask, new_player: NewPlayer) -> None:
    """Two devices sync step by step, each from its own last `server_time`, while six requests at a time write.

    In the end each device, which never asked for everything again, knows exactly the newest state.
    """
    eve = await new_player("eve")
    job = await looked_at(ask, eve)
    chance = random.Random(8)
    entries: list[str] = []
    writing = asyncio.Event()

    async def write(animals: list[Json]) -> None:
        for animal in animals:
            entries.append((await eve.catch(job, animal["id"]))["id"])
            entry = chance.choice(entries)
            if chance.random() < 0.5:
                await ask(eve, "POST", f"/dex/entries/{entry}/toggle_favorite/", json={})
            else:
                await ask(eve, "PATCH", f"/dex/entries/{entry}/", json={"notes": uuid4().hex})

    async def device() -> dict[str, Json]:
        known: dict[str, Json] = {}
        since = None
        while True:
            last_round = writing.is_set()
            synced = await sync(ask, eve, since)
            known.update((item["id"], item) for item in synced["entries"])
            since = synced["server_time"]
            if last_round:
                return known

    animals = [[await new_animal(ask, eve) for _ in range(WRITES)] for _ in range(WRITERS)]
    devices = [asyncio.create_task(device()) for _ in range(2)]
    await asyncio.gather(*(write(each) for each in animals))
    writing.set()
    everything = {item["id"]: item for item in (await sync(ask, eve))["entries"]}
    assert len(everything) == WRITERS * WRITES
    for known in await asyncio.gather(*devices):
        assert known == everything


async def test_a_fresh_server_time_brings_nothing(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    await catch(ask, eve, await new_animal(ask, eve))
    for _ in range(5):
        since = (await sync(ask, eve))["server_time"]
        assert (await sync(ask, eve, since))["entries"] == []


async def test_every_change_of_a_sync_item_syncs(ask: Ask, new_player: NewPlayer, staff: Player) -> None:
    """Favorite, visibility and animal by the owner; a rename of the animal by staff."""
    eve = await new_player("eve")
    animal, other = await new_animal(ask, eve), await new_animal(ask, eve)
    entry = await catch(ask, eve, animal)
    path = f"/dex/entries/{entry['id']}/"
    for method, body in (
        ("PATCH", {"is_favorite": True}),
        ("PATCH", {"visibility": "public"}),
        ("PUT", {"animal": other["id"]}),
    ):
        since = (await sync(ask, eve))["server_time"]
        body_of(await ask(eve, method, path, json=body))
        assert ids(await sync(ask, eve, since)) == [entry["id"]]

    since, name = (await sync(ask, eve))["server_time"], unheard_name()
    body_of(await ask(staff, "PATCH", f"/animals/{other['id']}/", json={"scientific_name": name}))

    async def renamed() -> bool:
        synced = await sync(ask, eve, since)
        return [each["scientific_name"] for each in synced["entries"]] == [name]

    await until(renamed, 5)


async def test_a_deleted_animal_takes_its_entries_along(ask: Ask, new_player: NewPlayer, staff: Player) -> None:
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    await catch(ask, eve, animal)
    kept = await catch(ask, eve, await new_animal(ask, eve))
    assert (await ask(staff, "DELETE", f"/animals/{animal['id']}/")).status_code == 204

    async def gone() -> bool:
        return ids(await sync(ask, eve)) == [kept["id"]]

    await until(gone, 5)


async def test_a_friend_hears_of_changes_and_of_nothing_private(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    lion = await animal_named(ask, ada, "Panthera leo")
    entry = await catch(ask, ada, lion)

    async def told(since: str | None) -> list[str]:
        request = {"user_id": ada.id, "last_sync": since or ""}
        found = body_of(await ask(ben, "POST", "/dex/entries/batch_sync/", json={"sync_requests": [request]}))
        return ids(found["results"][ada.id])

    async def server_time() -> str:
        moment: str = body_of(await ask(ben, "POST", "/dex/entries/batch_sync/", json={}))["server_time"]
        return moment

    await until(lambda: _is(told(None), [entry["id"]]), 5)
    since = await server_time()
    assert await told(since) == []
    await catch(ask, ada, lion, visibility="private")
    await ask(ada, "POST", f"/dex/entries/{entry['id']}/toggle_favorite/", json={})
    assert await told(since) == [entry["id"]]
    await ask(ada, "PATCH", f"/dex/entries/{entry['id']}/", json={"visibility": "private"})
    assert await told(None) == []


async def _is(found: object, expected: list[str]) -> bool:
    with suppress(KeyError):
        return bool(await found == expected)  # type: ignore[misc]
    return False
