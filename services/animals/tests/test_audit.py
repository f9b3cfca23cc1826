"""Numbers that are lost or given twice, names that are there twice, and discoverers who have gone are found."""

from uuid import uuid4

import pytest

from libs.common.db import Database
from libs.common.tests.auditing import GONE, asked, history, told
from services.animals.audit import audit
from services.animals.editing import delete_animal
from services.animals.tests.test_registry import register

FREE_NUMBERS = "ALTER TABLE animals DROP CONSTRAINT uq_animals_creation_index"
FREE_NAMES = "DROP INDEX uq_animals_lower_scientific_name"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ((), []),
        (("UPDATE creation_counter SET last = 2",), [("I3", "counter/2")]),
        (("UPDATE creation_counter SET last = 4",), [("I3", "gap/4")]),
        (("DELETE FROM animals WHERE creation_index = 1",), [("I3", "gap/3")]),
        (("UPDATE animals SET creation_index = 0 WHERE creation_index = 1",), [("I3", "counter/3")]),
        ((FREE_NUMBERS, "UPDATE animals SET creation_index = 3"), [("I3", "twice/2")]),
        (("DELETE FROM outbox WHERE subject = 'animal.deleted'",), [("I3", "gap/3")]),
        ((FREE_NAMES, "UPDATE animals SET scientific_name = 'vulpes A' WHERE creation_index = 3"), [("I3", "{twins}")]),
        ((GONE,), [("U4", "animals/{first}"), ("U4", "animals/{second}")]),
    ],
)
async def test_each_damage_is_found(db: Database, damage: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    """Three numbers were given; the second animal is deleted."""
    ada = uuid4()
    fox, gone, wolf = [(await register(db, name, ada))[0] for name in ("Vulpes a", "Felis b", "Canis c")]
    async with db.transaction() as session:
        await delete_animal(session, gone.id)
    first, second = sorted((str(fox.id), str(wolf.id)))
    twins = f"twice/{first}, {second}"
    found = await asked(db, audit, *damage, gone=ada)
    assert found == [(invariant, key.format(twins=twins, first=first, second=second)) for invariant, key in expected]


async def test_animals_are_as_players_were_told(db: Database) -> None:
    fox, _ = await register(db, "Vulpes a", uuid4())
    created = told("animal.created", fox.id, None, scientific_name="Vulpes a", creation_index=1)
    assert await asked(db, audit, surroundings=history(created)) == []
    lost = told("animal.created", uuid4(), None, scientific_name="Canis c")
    renumbered = told("animal.created", fox.id, None, at=2, creation_index=2)
    for line in (lost, renumbered):
        assert await asked(db, audit, surroundings=history(created, line)) == [("I9", f"animal/{line.id}")]
