"""Two friendships of one pair, blocks by a third, and what is left of players are found."""

import pytest

from libs.common.db import Database
from libs.common.tests.auditing import GONE, asked, history, told
from services.social.audit import audit
from services.social.tests.story import Story

MIRRORED = """
INSERT INTO friendships SELECT (jsonb_populate_record(known, jsonb_build_object(
    'id', '00000000-0000-0000-0000-000000000001', 'from_user', known.to_user, 'to_user', known.from_user))).*
FROM friendships AS known
"""
WITH_ONESELF = (
    "ALTER TABLE friendships DROP CONSTRAINT ck_friendships_never_with_oneself",
    "UPDATE friendships SET to_user = from_user",
)
NOBODY = (
    "ALTER TABLE friendships DROP CONSTRAINT ck_friendships_blocked_by_somebody",
    "UPDATE friendships SET status = 'blocked'",
)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ((), []),
        (
            ("DROP INDEX uq_friendships_pair", MIRRORED),
            [("I3", "twice/00000000-0000-0000-0000-000000000001, {id}")],
        ),
        (WITH_ONESELF, [("I3", "self/{id}")]),
        (NOBODY, [("I3", "blocker/{id}")]),
        (("UPDATE friendships SET status = 'blocked', blocker = gen_random_uuid()",), [("I3", "blocker/{id}")]),
        (("UPDATE friendships SET status = 'blocked', blocker = to_user",), []),
        ((GONE,), [("U4", "friendships/{id}")]),
    ],
)
async def test_each_damage_is_found(
    story: Story, db: Database, damage: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    ada = await story.player("ada")
    friendship = await story.stand(ada, await story.player("ben"))
    found = await asked(db, audit, *damage, gone=ada.id)
    assert found == [(invariant, key.format(id=friendship)) for invariant, key in expected]


async def test_friendships_are_as_both_were_told(story: Story, db: Database) -> None:
    ada, ben, eve = [await story.player(name) for name in ("ada", "ben", "eve")]
    friendship = await story.stand(ada, ben)
    came = [told("user.registered", player.id, player.id) for player in (ada, ben, eve)]
    asked_for = told("friendship.requested", friendship, ada.id, other=str(ben.id))
    accepted = told("friendship.accepted", friendship, ben.id, at=2, other=str(ada.id))

    async def found(*lines: object) -> list[tuple[str, str]]:
        return await asked(db, audit, surroundings=history(*came, *lines))  # type: ignore[arg-type]

    wrong = [("I9", f"friendship/{friendship}")]
    assert await found(asked_for, accepted) == []
    assert await found(told("friendship.accepted", friendship, ada.id, at=2, other=str(ben.id))) == []
    assert await found(asked_for) == wrong
    assert await found(asked_for, told("friendship.accepted?", friendship, ben.id, at=2, other=str(ada.id))) == []
    assert await found(asked_for, accepted, told("friendship.ended", friendship, ada.id, at=3)) == wrong
    assert await found(told("friendship.accepted", friendship, eve.id, other=str(ben.id))) == wrong
    # Of what a history never speaks it does not say that there is none.
    assert await found() == []
    assert await found(told("friendship.ended?", eve.id, eve.id)) == wrong
    assert await found(told("friendship.requested?", "a wish", ada.id, other=str(ben.id))) == []
    lost = told("friendship.requested", ada.id, eve.id, other=str(ada.id))
    assert await found(asked_for, accepted, lost) == [("I9", f"friendship/{ada.id}")]
    assert await found(asked_for, accepted, lost, told("user.deleted?", eve.id, eve.id)) == []
