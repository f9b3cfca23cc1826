"""The registry: one animal a name, numbered without gaps, whoever comes at once (contract B1)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from libs.common.db import Database
from services.animals.candidates import Candidate
from services.animals.models import Animal
from services.animals.registry import fill_blanks, find, find_or_create


def candidate(name: str, *, common_name: str = "", verified: bool = False, **hierarchy: str) -> Candidate:
    return Candidate(name, common_name, hierarchy, verified=verified, method="taxonomy" if verified else "cv")


async def register(db: Database, name: str, by: UUID | None = None) -> tuple[Animal, bool]:
    async with db.transaction() as session:
        return await find_or_create(session, candidate(name), by)


async def test_the_same_name_at_once_makes_one_animal(db: Database, told: Any) -> None:
    spellings = ["Vulpes testus", "vulpes testus", "VULPES TESTUS"]
    found = await asyncio.gather(*(register(db, spellings[index % 3]) for index in range(20)))
    assert len({animal.id for animal, _ in found}) == 1
    assert [created for _, created in found].count(True) == 1
    assert [event["creation_index"] for event in await told("animal.created")] == [1]


async def test_different_names_at_once_get_consecutive_numbers(db: Database) -> None:
    found = await asyncio.gather(*(register(db, f"Vulpes {'abcdefghijklmnopqrst'[index]}us") for index in range(20)))
    assert sorted(animal.creation_index for animal, _ in found) == list(range(1, 21))


async def test_names_shared_and_own_at_once_leave_no_gap(db: Database) -> None:
    names = [f"Lupus {'abcdefg'[index % 7]}us" for index in range(21)]
    await asyncio.gather(*(register(db, name) for name in names))
    async with db.reading() as session:
        numbers = (await session.scalars(select(Animal.creation_index).order_by(Animal.creation_index))).all()
    assert numbers == list(range(1, 8))


async def test_a_rollback_gives_the_number_back(db: Database) -> None:
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with db.transaction() as session:
            await find_or_create(session, candidate("Vulpes una"), None)
            raise RuntimeError("changed my mind")
    animal, _ = await register(db, "Vulpes altera")
    assert animal.creation_index == 1


async def test_genus_and_species_are_filled_from_the_name(db: Database) -> None:
    animal, _ = await register(db, "Canis lupus familiaris")
    assert (animal.genus, animal.species, animal.kingdom) == ("Canis", "lupus", "Animalia")
    assert animal.common_name == "Canis lupus familiaris"


async def test_only_blank_fields_are_filled(db: Database, told: Any) -> None:
    animal, _ = await register(db, "Vulpes testus", uuid4())
    known = candidate(
        "Vulpes testus", common_name="test fox", verified=True, phylum="Chordata", genus="Other", species="x"
    )
    async with db.transaction() as session:
        found = await find(session, "Vulpes testus")
        assert found is not None
        await fill_blanks(session, found, known)
    assert (found.phylum, found.genus, found.common_name) == ("Chordata", "Vulpes", "Vulpes testus")
    assert found.verified
    assert found.version == animal.version + 1
    assert [event["phylum"] for event in await told("animal.updated")] == ["Chordata"]


async def test_filling_what_is_full_tells_nothing(db: Database, told: Any) -> None:
    known = candidate("Vulpes testus", verified=True, phylum="Chordata")
    for _ in range(2):
        async with db.transaction() as session:
            animal, _ = await find_or_create(session, known, None)
            await fill_blanks(session, animal, known)
    assert await told("animal.updated") == []


async def test_a_hand_made_record_stays_as_it_is(db: Database) -> None:
    async with db.transaction() as session:
        animal, _ = await find_or_create(session, candidate("Vulpes testus"), None)
        animal.verification_method = "manual"
    async with db.transaction() as session:
        found = await find(session, "Vulpes testus")
        assert found is not None
        await fill_blanks(session, found, candidate("Vulpes testus", verified=True, phylum="Chordata"))
    assert found.phylum == ""


async def test_what_the_taxonomy_backs_takes_nothing_from_less(db: Database) -> None:
    async with db.transaction() as session:
        await find_or_create(session, candidate("Vulpes testus", verified=True), None)
    async with db.transaction() as session:
        found = await find(session, "Vulpes testus")
        assert found is not None
        await fill_blanks(session, found, candidate("Vulpes testus", phylum="Nonsense"))
    assert found.phylum == ""
