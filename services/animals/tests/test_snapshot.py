"""What the registry tells of its animals is what it has told of them."""

from uuid import uuid4

from libs.common.db import Database
from libs.common.tests.snapshots import told_and_telling
from services.animals.editing import delete_animal
from services.animals.models import Animal
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
