"""What the users service tells of its records at any time is what it has told of them."""

from uuid import uuid4

from sqlalchemy import insert, select

from libs.common.forgetting import forget_events_of_user
from libs.common.outbox import forgotten_person, outbox
from libs.common.tests.snapshots import told_and_telling
from libs.contracts.users import UserDeleted
from services.users.snapshot import LAST_WORD, snapshot

accounts, tombstones = snapshot.parts


async def test_everybody_is_told_as_they_are(join, client, db):
    ada, ben = await join("Ada"), await join("Ben")
    await client.patch("/api/v1/users/me/", json={"bio": "Sees owls."}, headers=ada.headers)

    told, telling = await told_and_telling(db, accounts)

    assert telling == told
    assert {id: state["version"] for id, state in telling.items()} == {ada.id: 2, ben.id: 1}


async def test_who_has_gone_is_told_of_by_a_tombstone(join, client, db):
    ada = await join("Ada")
    assert (await client.delete("/api/v1/users/me/", headers=ada.headers)).status_code == 204
    async with db.transaction() as session:
        version = await session.scalar(select(outbox.c.version).where(outbox.c.subject == "user.deleted"))
        await forget_events_of_user(UserDeleted(id=ada.id, version=version), session)
        # Somebody whose tombstone has left the archive.
        await session.execute(insert(forgotten_person).values(id=(gone := uuid4())))

    _, telling = await told_and_telling(db, tombstones)
    _, living = await told_and_telling(db, accounts)

    assert telling == {ada.id: {"id": ada.id, "version": version}, gone: {"id": gone, "version": LAST_WORD}}
    assert living == {}
