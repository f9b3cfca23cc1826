"""What happens in the animals service when something happened elsewhere."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from libs.common.db import Database
from libs.contracts.dex import DexCreated, DexDeleted
from libs.contracts.event import Picture
from libs.contracts.users import UserDeleted, UserRegistered, UserUpdated
from libs.contracts.vision import DetectedName, ImageIdentified
from services.animals import handlers
from services.animals.backbone import TaxonomyNotFilled
from services.animals.models import Animal, DataSource, RefUser

TIME = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
PICTURE = Picture(url="http://testserver/media/a.png", sha256="ab" * 32, width=3, height=2, created_at=TIME)


def identified(
    *names: str | tuple[str, str], job: UUID | None = None, version: int = 2, by: UUID | None = None
) -> ImageIdentified:
    pairs = [(name, "") if isinstance(name, str) else name for name in names]
    return ImageIdentified(
        id=job or uuid4(),
        version=version,
        user_id=by or uuid4(),
        provider="fallback",
        model="a model",
        score_kind="raw",
        names=[DetectedName(scientific_name=name, common_name=called, score=0.5) for name, called in pairs],
        picture=PICTURE,
    )


async def handle(db: Database, event: Any, handler: Any = handlers.find_or_create_animals) -> None:
    async with db.transaction() as session:
        await handler(event, session)


async def animals_of(db: Database) -> list[Animal]:
    async with db.reading() as session:
        return list(await session.scalars(select(Animal).order_by(Animal.creation_index)))


async def test_names_become_animals_in_their_order(db: Database, told: Any) -> None:
    event = identified(("Panthera leo", "Lion"), ("Felis concolor", ""), ("Foo bar", "wolf"))
    await handle(db, event)
    [answer] = await told("animal.identified")
    assert (answer["id"], answer["version"], answer["user_id"]) == (str(event.id), 2, str(event.user_id))
    assert answer["picture"]["sha256"] == PICTURE.sha256
    found = [
        (item["scientific_name"], item["accepted_scientific_name"], item["creation_index"])
        for item in answer["animals"]
    ]
    assert found == [
        ("Panthera leo", "Panthera leo", 1),
        ("Felis concolor", "Puma concolor", 2),
        ("Foo bar", "Foo bar", 3),
    ]
    assert all(item["is_new"] and item["score"] == 0.5 for item in answer["animals"])
    lion, puma, foo = await animals_of(db)
    assert (lion.common_name, lion.family, lion.species, lion.conservation_status) == ("Lion", "Felidae", "leo", "VU")
    assert (lion.verified, lion.verification_method, lion.taxonomy_source) == (True, "taxonomy", "backbone")
    assert (puma.common_name, puma.created_by) == ("puma", event.user_id)
    assert (foo.verified, foo.verification_method, foo.common_name, foo.family) == (False, "cv", "wolf", "")


async def test_a_name_inside_other_words_counts_only_if_the_taxonomy_knows_it(db: Database, told: Any) -> None:
    names = ["Perhaps some", "Canis lupus", "Panthera fictionalis"]
    event = identified()
    event = event.model_copy(
        update={
            "names": [DetectedName(scientific_name=name, common_name="", score=None, in_form=False) for name in names]
        }
    )
    await handle(db, event)
    [answer] = await told("animal.identified")
    assert [item["scientific_name"] for item in answer["animals"]] == ["Canis lupus", "Panthera fictionalis"]


@pytest.mark.parametrize(
    ("name", "called"),
    [("Canis lupus familiaris", "domestic dog"), ("Canis familiaris", "dog"), ("Canis lupus domesticus", "")],
)
async def test_the_dog_is_never_the_wolf(db: Database, name: str, called: str) -> None:
    await handle(db, identified(("Canis lupus", "gray wolf")))
    await handle(db, identified((name, called)))
    wolf, dog = await animals_of(db)
    assert (wolf.scientific_name, dog.scientific_name) == ("Canis lupus", "Canis lupus familiaris")
    assert (dog.genus, dog.species) == ("Canis", "lupus")


async def test_the_same_event_again_changes_nothing(db: Database, told: Any) -> None:
    event = identified("Panthera leo", "Foo bar")
    for _ in range(3):
        await handle(db, event)
    assert len(await told("animal.identified")) == 1
    assert len(await told("animal.created")) == 2


async def test_the_same_event_twice_at_once_is_told_once(db: Database, told: Any) -> None:
    event = identified("Panthera leo")
    await asyncio.gather(*(handle(db, event) for _ in range(5)))
    assert len(await told("animal.identified")) == 1


async def test_a_newer_version_of_the_job_is_resolved_anew(db: Database, told: Any) -> None:
    first = identified("Panthera leo")
    await handle(db, first)
    await handle(db, identified("Panthera leo", "Puma concolor", job=first.id, version=3))
    await handle(db, identified("Foo bar", job=first.id, version=1))
    answers = await told("animal.identified")
    assert [answer["version"] for answer in answers] == [2, 3]
    # Both came into being by this job, whichever version of it.
    assert [item["is_new"] for item in answers[1]["animals"]] == [True, True]


async def test_an_animal_that_was_there_is_not_new(db: Database, told: Any) -> None:
    await handle(db, identified("Panthera leo"))
    await handle(db, identified("Panthera leo"))
    assert [answer["animals"][0]["is_new"] for answer in await told("animal.identified")] == [True, False]


async def test_two_names_of_one_animal_are_merged(db: Database, told: Any) -> None:
    await handle(db, identified("Felis concolor", "Panthera leo", "Puma concolor"))
    [answer] = await told("animal.identified")
    assert [item["scientific_name"] for item in answer["animals"]] == ["Felis concolor", "Panthera leo"]


@pytest.mark.parametrize("name", ["Felidae", "Mammalia", "wolf", "The image shows a dog", "<script>", ""])
async def test_what_is_no_genus_and_no_species_makes_no_animal(db: Database, told: Any, name: str) -> None:
    await handle(db, identified(name))
    [answer] = await told("animal.identified")
    assert answer["animals"] == []
    assert await animals_of(db) == []


async def test_a_genus_is_an_animal_and_nothing_below_it_is_invented(db: Database) -> None:
    await handle(db, identified(("Corvus", "crow")))
    [crow] = await animals_of(db)
    assert (crow.scientific_name, crow.genus, crow.species, crow.family) == ("Corvus", "Corvus", "", "Corvidae")


async def test_an_unknown_species_of_a_known_genus_has_the_ranks_of_its_genus(db: Database) -> None:
    await handle(db, identified("Panthera imaginaria"))
    [animal] = await animals_of(db)
    assert (animal.family, animal.genus, animal.species, animal.verified) == (
        "Felidae",
        "Panthera",
        "imaginaria",
        False,
    )
    assert animal.common_name == "Panthera imaginaria"


async def test_names_wait_until_the_taxonomy_is_filled(db: Database) -> None:
    with pytest.raises(TaxonomyNotFilled):
        async with db.transaction() as session:
            # Rolled back with the transaction.
            await session.execute(update(DataSource).values(release=""))
            await handlers.find_or_create_animals(identified("Panthera leo"), session)


async def test_many_jobs_at_once_share_their_animals(db: Database) -> None:
    jobs = [identified("Panthera leo", "Puma concolor", "Vulpes vulpes") for _ in range(5)]
    jobs += [identified("Vulpes vulpes", "Puma concolor", "Panthera leo", "Canis lupus") for _ in range(5)]
    await asyncio.gather(*(handle(db, job) for job in jobs))
    assert [animal.creation_index for animal in await animals_of(db)] == [1, 2, 3, 4]


def registered(user: UUID, name: str, version: int = 1, kind: type[Any] = UserRegistered) -> Any:
    return kind(
        id=user,
        version=version,
        username=name,
        friend_code="ABCD1234",
        avatar=None,
        is_staff=False,
        is_superuser=False,
        is_active=True,
        created_at=TIME,
    )


async def test_an_older_name_of_a_user_does_not_come_back(db: Database) -> None:
    ada = uuid4()
    await handle(db, registered(ada, "ada-lovelace", 2, UserUpdated), handlers.remember_user)
    await handle(db, registered(ada, "ada", 1), handlers.remember_user)
    async with db.reading() as session:
        assert await session.scalar(select(RefUser.username)) == "ada-lovelace"


async def test_a_deleted_user_discovered_nothing(db: Database, told: Any) -> None:
    ada = uuid4()
    await handle(db, identified("Panthera leo", by=ada))
    for _ in range(2):
        await handle(db, UserDeleted(id=ada, version=9), handlers.forget_user)
    await handle(db, identified("Puma concolor", by=ada))
    lion, puma = await animals_of(db)
    assert (lion.created_by, puma.created_by) == (None, None)
    assert [event["created_by"] for event in await told("animal.updated")] == [None]


async def test_discoveries_count_owners_and_captures_count_entries(db: Database, client: Any) -> None:
    await handle(db, identified("Panthera leo", "Puma concolor"))
    lion, puma = await animals_of(db)
    ada, entries = uuid4(), [uuid4() for _ in range(4)]
    for entry, owner in zip(entries, [ada, ada, uuid4(), uuid4()], strict=True):
        await handle(db, _entry(entry, owner, puma.id), handlers.remember_entry)
    await handle(db, DexDeleted(id=entries[3], version=2, owner_id=ada), handlers.forget_entry)
    await handle(db, _entry(entries[3], ada, puma.id), handlers.remember_entry)
    assert (await client.get(f"/api/v1/animals/{puma.id}/")).json()["discovery_count"] == 2
    popular = (await client.get("/api/v1/animals/popular/")).json()["results"]
    assert [(item["id"], item["capture_count"]) for item in popular] == [(str(puma.id), 3), (str(lion.id), 0)]


def _entry(entry: UUID, owner: UUID, animal: UUID) -> DexCreated:
    return DexCreated(
        id=entry,
        version=1,
        owner_id=owner,
        animal_id=animal,
        visibility="friends",
        picture=PICTURE,
        catch_date=TIME,
        created_at=TIME,
        updated_at=TIME,
        source_vision_job=None,
    )
