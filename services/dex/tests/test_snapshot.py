"""What dex tells of its entries at any time is what it has told of them."""

from uuid import UUID

from libs.common.db import Database
from libs.common.tests.snapshots import told_and_telling
from services.dex.snapshot import snapshot
from services.dex.tests.story import ENTRIES, Story

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
