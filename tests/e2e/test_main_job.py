"""The main job in a player's words: a photo becomes an animal, a dex entry and a branch of the tree."""

from pathlib import Path

import httpx
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.commands.walk import PHOTOS, walk
from tests.mesh import Mesh, NewPlayer, until


async def test_two_players_walk_through_it(mesh: Mesh) -> None:
    told: list[str] = []
    story = await walk(mesh.url, told.append)
    identified = [catch for catch in story.catches if catch.entry]
    assert len(identified) >= 7
    numbers = [catch.animal["creation_index"] for catch in identified]
    assert len(set(numbers)) == len(numbers)
    assert any("Dex #" in line for line in told)


async def test_the_events_are_seen_by_a_plain_subscriber(mesh: Mesh, new_player: NewPlayer, listener: Client) -> None:
    seen: list[Msg] = []

    async def note(message: Msg) -> None:
        seen.append(message)

    await listener.subscribe(">", cb=note)
    await listener.flush()
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "koala.webp"))
    entry = await ada.catch(job)

    wanted = ["user.registered", "image.uploaded", "image.identified", "animal.identified", "dex.created"]

    async def all_seen() -> bool:
        return set(wanted) <= {message.subject for message in seen}

    await until(all_seen)
    events = {message.subject: message for message in seen if message.subject in wanted}
    assert orjson.loads(events["dex.created"].data)["id"] == entry["id"]
    assert orjson.loads(events["image.uploaded"].data)["id"] == job["id"]
    for subject, message in events.items():
        headers = message.headers or {}
        assert headers["ce-type"] == subject
        assert headers["ce-specversion"] == "1.0"
        assert headers["traceparent"]
        assert b"@example.com" not in message.data


async def test_a_job_is_complete_as_the_client_needs_it(new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "panda.webp"))
    assert job["status"] == "completed", job["error_message"]
    first = job["detected_animals"][0]
    assert first["scientific_name"] == "Ailuropoda melanoleuca"
    assert job["animal_details"]["id"] == first["animal_id"] == job["identified_animal"]
    assert job["animal_details"]["creation_index"] == first["creation_index"]
    assert job["outcome"] == "identified"
    assert job["cost_usd"] in (None, "0.000000")
    picture = httpx.get(job["dex_compatible_url"])
    assert picture.status_code == 200
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


async def test_what_is_not_known_is_not_made_up(new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    job = await ada.identify(await ada.upload(PHOTOS / "narwhal.webp"))
    assert job["status"] == "completed"
    assert job["detected_animals"] == []
    assert job["outcome"] in ("uncertain", "no_animal")


async def test_a_player_reads_their_own_writes_at_once(new_player: NewPlayer) -> None:
    """Save, and ask for everything that shows it, without waiting anywhere."""
    ada, ben = await new_player("ada"), await new_player("ben")
    await ada.befriend(ben)
    assert [friend["id"] for friend in (await ben.get("/social/friendships/friends/"))["friends"]] == [ada.id]
    photos: list[Path] = [PHOTOS / name for name in ("koala.webp", "jaguar.webp", "lemur.webp")]
    for number, photo in enumerate(photos, start=1):
        job = await ada.identify(await ada.upload(photo))
        entry = await ada.catch(job)
        tree = await ada.tree("personal")
        assert tree["stats"]["user_captures"] == number
        assert job["identified_animal"] in {node["id"] for node in tree["nodes"]}
        mine = await ada.get("/dex/entries/my_entries/")
        assert entry["id"] in [each["id"] for each in mine["results"]]
        me = await ada.get("/users/me/")
        assert me["profile"]["total_catches"] == number
        assert me["profile"]["unique_species"] == number
        synced = await ada.get("/dex/entries/sync_entries/")
        assert synced["count"] == number

    async def ben_sees_it() -> bool:
        return (await ben.tree("friends"))["stats"]["friend_captures"] == len(photos)

    await until(ben_sees_it, 5)
    card = (await ben.get("/social/friendships/friends/"))["friends"][0]
    assert (card["total_catches"], card["unique_species"]) == (3, 3)
