"""What the registry tells of its animals is what it has told of them; a counter that was set back is found."""

from typing import Any
from uuid import uuid4

from sqlalchemy import update

from libs.common.db import Database
from libs.common.recovery.audit import Surroundings
from libs.common.tests.snapshots import told_and_telling
from services.animals.audit import audit
from services.animals.editing import delete_animal
from services.animals.models import Animal, CreationCounter
from services.animals.registry import change
from services.animals.snapshot import snapshot
from services.animals.tests.test_registry import register

(registry,) = snapshot.parts


async def test_every_animal_is_told_as_it_is(db: Database) -> None:
    (fox, _), (wolf, _), (gone, _) = [await register(db, name, uuid4()) for name in ("Vulpes a", "Canis b", "Felis c")]
    async with db.transaction() as session:
        animal = await session.get_one(Animal, fox.id)
        await change(session, animal, {"common_name": "Reynard"})
        await delete_animal(session, gone.id)

    told, telling = await told_and_telling(db, registry)

    del told[gone.id]
    assert telling == told
    assert {id: state["version"] for id, state in telling.items()} == {fox.id: 2, wolf.id: 1}


async def test_a_counter_that_was_set_back_is_found(db: Database) -> None:
    await register(db, "Vulpes a")
    await register(db, "Vulpes b")
    assert await _found(db) == []
    async with db.transaction() as session:
        await session.execute(update(CreationCounter).values(last=1))
    assert await _found(db) == ["the counter stands at 1, but there is an animal no. 2"]


async def _found(db: Database) -> list[Any]:
    async with db.transaction() as session:
        return [sentence async for _, sentence in audit.findings(session, Surroundings())]
