"""What dex tells of its entries at any time is what it has told of them; and entries without a picture are found."""

from uuid import UUID

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.recovery.audit import Surroundings
from libs.common.tests.snapshots import told_and_telling
from services.dex.audit import audit
from services.dex.snapshot import snapshot
from services.dex.tests.story import ENTRIES, Story, picture

(entries,) = snapshot.parts


async def test_every_entry_is_told_as_it_is(story: Story, db: Database) -> None:
    ada = await story.player("ada")
    fox = await story.animal("Vulpes vulpes")
    kept, changed, gone = [await story.catch(ada, fox) for _ in range(3)]
    news = {"visibility": "public"}
    await story.client.patch(f"{ENTRIES}{changed['id']}/", json=news, headers=ada.headers)
    await story.client.delete(f"{ENTRIES}{gone['id']}/", headers=ada.headers)

    told, telling = await told_and_telling(db, entries)

    del told[UUID(gone["id"])]
    assert telling == told
    assert {str(id): state["version"] for id, state in telling.items()} == {kept["id"]: 1, changed["id"]: 2}


async def test_an_entry_without_its_picture_is_found(story: Story, db: Database, blobs: Blobs) -> None:
    ada = await story.player("ada")
    entry = await story.catch(ada, await story.animal("Vulpes vulpes"))
    key = picture().url.removeprefix("http://testserver/")
    await blobs.put(key, b"a fox")

    async def lacking() -> list[str]:
        async with db.transaction() as session:
            return [key async for key, _ in audit.findings(session, Surroundings(blobs=blobs))]

    assert await lacking() == []
    await blobs.delete(key)
    assert await lacking() == [f"picture/{entry['id']}"]
