"""What social tells of friendships at any time is what it has told of them, whatever became of them."""

from uuid import UUID

import pytest

from libs.common.db import Database
from libs.common.tests.snapshots import told_and_telling
from services.social.snapshot import snapshot
from services.social.tests.story import Story

(friendships,) = snapshot.parts


@pytest.mark.parametrize("status", ["pending", "accepted", "rejected", "blocked"])
async def test_a_friendship_is_told_as_it_is(story: Story, db: Database, status: str) -> None:
    friendship = await story.stand(await story.player("ada"), await story.player("ben"), status)

    told, telling = await told_and_telling(db, friendships)

    assert telling == told
    assert telling[UUID(friendship)]["status"] == status
