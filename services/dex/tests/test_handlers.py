"""What dex makes of others' events: late, twice, and out of order (contract E, U4)."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from libs.contracts.animals import AnimalDeleted, AnimalUpdated
from libs.contracts.dex import DexDeleted, DexUpdated
from libs.contracts.social import FriendshipDeleted
from libs.contracts.users import UserDeleted, UserUpdated
from libs.contracts.vision import ImageReplaced
from services.dex.entries import create_entry
from services.dex.handlers import forget_animal, forget_user, replace_picture
from services.dex.models import DexEntry, RefJob, RefUser
from services.dex.schemas import NewEntry
from services.dex.tests.story import ENTRIES, Story, befriended, identified, named, picture, registered


async def test_an_older_name_never_comes_back(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    newer = UserUpdated.model_validate(registered(ada.id, "ada3", 3).model_dump())
    older = UserUpdated.model_validate(registered(ada.id, "ada2", 2).model_dump())
    for fact in (newer, older, newer):
        await story.happened(fact)
    assert [item["owner_username"] for item in (await story.sync(ada))["entries"]] == ["ada3"]


async def test_a_repeated_event_sends_nothing_again(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    renamed = registered(ada.id, "ada2", 2)
    moved = named(fox, "Vulpes fulvus", version=2, kind=AnimalUpdated)
    for fact in (renamed, moved):
        await story.happened(fact)
    last_sync = (await story.sync(ada))["server_time"]
    for fact in (renamed, moved):
        await story.happened(fact)
    assert (await story.sync(ada, last_sync))["entries"] == []


async def test_a_friendship_that_ended_stays_ended(story: Story) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    accepted = befriended(uuid4(), ada.id, bob.id, version=2)
    ended = FriendshipDeleted(id=accepted.id, version=3, from_user=ada.id, to_user=bob.id, acting_user=bob.id)
    await story.happened(accepted)
    assert (await story.get(bob, ""))["count"] == 1
    for fact in (ended, accepted, ended):
        await story.happened(fact)
        assert (await story.get(bob, ""))["count"] == 0


async def test_an_end_that_arrives_first(story: Story) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    accepted = befriended(uuid4(), ada.id, bob.id, version=2)
    ended = FriendshipDeleted(id=accepted.id, version=3, from_user=ada.id, to_user=bob.id, acting_user=bob.id)
    for fact in (ended, accepted):
        await story.happened(fact)
    assert (await story.get(bob, ""))["count"] == 0


async def test_a_replaced_picture_shows_in_the_entries_made_with_the_job(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    job = await story.job(ada, picture("old"))
    for animal in (fox, wolf):
        await story.catch(ada, animal, source_vision_job=job)
    await story.catch(ada, fox)
    replaced = ImageReplaced(id=job, version=5, user_id=ada.id, picture=picture("new"))
    for fact in (replaced, replaced):
        await story.happened(fact)
    urls = [item["dex_compatible_url"] for item in (await story.sync(ada))["entries"]]
    assert sorted(urls) == sorted([picture("new").url] * 2 + [picture().url])
    updates = [fact for fact in await story.told() if isinstance(fact, DexUpdated)]
    assert [(fact.version, fact.picture) for fact in updates] == [(2, picture("new"))] * 2


async def test_a_replacement_before_the_job_it_replaces(story: Story) -> None:
    ada, fox, job = await story.player("ada"), await story.animal("Vulpes vulpes"), uuid4()
    await story.happened(ImageReplaced(id=job, version=5, user_id=ada.id, picture=picture("new")))
    await story.happened(identified(job, ada.id, picture("old"), version=3))
    entry = await story.catch(ada, fox, source_vision_job=job)
    assert entry["original_image"] == picture("new").url


async def test_a_deleted_animal_takes_its_entries_along(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    fox, wolf = await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    foxes = {UUID((await story.catch(player, fox))["id"]) for player in (ada, bob)}
    kept = await story.catch(ada, wolf)
    gone = AnimalDeleted(id=fox, version=2)
    for fact in (gone, gone, named(fox, "Vulpes vulpes")):
        await story.happened(fact)
    assert [item["id"] for item in (await story.sync(ada))["entries"]] == [kept["id"]]
    assert (await story.sync(bob))["entries"] == []
    deleted = [fact for fact in await story.told() if isinstance(fact, DexDeleted)]
    assert {fact.id for fact in deleted} == foxes and {fact.version for fact in deleted} == {2}
    body = {"animal": str(fox), "source_vision_job": str(await story.job(ada))}
    answer = await story.client.post(ENTRIES, json=body, headers=ada.headers)
    assert answer.json()["animal"] == [f'Invalid pk "{fox}" - object does not exist.']


@pytest.mark.parametrize("gone", ["animal", "owner"])
async def test_an_entry_in_flight_does_not_survive_what_it_belongs_to(story: Story, app, gone: str) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    wish = NewEntry(animal=fox, source_vision_job=await story.job(ada))
    player = type("Writer", (), {"id": ada.id, "token": ""})
    fact = AnimalDeleted(id=fox, version=2) if gone == "animal" else UserDeleted(id=ada.id, version=2)
    async with story.db.transaction() as session:
        await create_entry(session, app.state.service.calls, player, wish)
        erasing = asyncio.create_task(story.happened(fact))
        await story.somebody_waits()
    await erasing
    async with story.db.reading() as session:
        assert await session.scalar(select(func.count(DexEntry.id))) == 0


async def test_a_deleted_player_leaves_nothing_behind(story: Story) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox, visibility="public")
    his = await story.catch(bob, fox, visibility="public")
    job = await story.job(ada)
    gone = UserDeleted(id=ada.id, version=2)
    late = [identified(uuid4(), ada.id, picture("late")), identified(job, ada.id, picture("late"), version=9)]
    for fact in (gone, gone, registered(ada.id, "ada"), *late):
        await story.happened(fact)
    assert [item["id"] for item in (await story.get(bob, ""))["results"]] == [his["id"]]
    deleted = [fact for fact in await story.told() if isinstance(fact, DexDeleted)]
    assert [fact.owner_id for fact in deleted] == [ada.id]
    async with story.db.reading() as session:
        copy = (await session.execute(select(RefUser.username, RefUser.friend_code).where(RefUser.id == ada.id))).one()
        jobs = (await session.scalars(select(RefJob).where(RefJob.user_id == ada.id))).all()
    assert (tuple(copy), jobs) == (("", ""), [])
    body = {"animal": str(fox), "source_vision_job": str(job)}
    assert (await story.client.post(ENTRIES, json=body, headers=ada.headers)).status_code == 400


async def test_the_name_of_a_player_unknown_so_far_arrives_later(story: Story, sign_in) -> None:
    fox, ada = await story.animal("Vulpes vulpes"), uuid4()
    player = type("Player", (), {"id": ada, "headers": sign_in(ada)})
    await story.catch(player, fox)
    first = await story.sync(player)
    assert first["entries"][0]["owner_username"] == ""
    await story.happened(registered(ada, "ada"))
    [item] = (await story.sync(player, first["server_time"]))["entries"]
    assert item["owner_username"] == "ada"


@pytest.mark.parametrize("gone", ["animal", "owner"])
async def test_an_entry_that_waits_for_an_erasure_is_not_kept(story: Story, gone: str) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    body = {"animal": str(fox), "source_vision_job": str(await story.job(ada))}
    async with story.db.transaction() as session:
        if gone == "animal":
            await forget_animal(AnimalDeleted(id=fox, version=2), session)
        else:
            await forget_user(UserDeleted(id=ada.id, version=2), session)
        posting = asyncio.create_task(story.client.post(ENTRIES, json=body, headers=ada.headers))
        await story.somebody_waits()
    answer = await posting
    if gone == "animal":
        assert answer.json()["animal"] == [f'Invalid pk "{fox}" - object does not exist.']
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "user_not_found")
    assert await story.told() == []


async def test_news_of_a_player_that_no_item_shows_sends_nothing(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    last_sync = (await story.sync(ada))["server_time"]
    await story.happened(registered(ada.id, "ada", 2, location_precision="exact"))
    assert (await story.sync(ada, last_sync))["entries"] == []


async def test_an_entry_that_waits_for_a_new_picture_shows_it(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    job = await story.job(ada, picture("old"))
    async with story.db.transaction() as session:
        await replace_picture(ImageReplaced(id=job, version=5, user_id=ada.id, picture=picture("new")), session)
        catching = asyncio.create_task(story.catch(ada, fox, source_vision_job=job))
        await story.somebody_waits()
    assert (await catching)["original_image"] == picture("new").url
