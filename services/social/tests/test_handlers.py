"""What social makes of others' events: late, twice, and out of order (contract E, U4)."""

from uuid import uuid4

from sqlalchemy import select

from libs.contracts.dex import DexDeleted, DexUpdated
from libs.contracts.social import FriendshipDeleted
from libs.contracts.users import UserDeleted
from services.social.models import RefUser
from services.social.tests.story import Story, caught, registered


async def counts(story: Story, ada) -> tuple[int, int]:
    [card] = (await story.get(ada, "friends/"))["friends"]
    return card["total_catches"], card["unique_species"]


async def test_counts_follow_the_newest_version_only(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.stand(ada, bob)
    fox, wolf, entry = uuid4(), uuid4(), uuid4()
    first = caught(bob.id, fox, entry, 1)
    moved = caught(bob.id, wolf, entry, 2, DexUpdated)
    gone = DexDeleted(id=entry, version=3, owner_id=bob.id)
    other = caught(bob.id, wolf)
    await story.happened(first, other, first)
    assert await counts(story, ada) == (2, 2)
    await story.happened(moved, first)
    assert await counts(story, ada) == (2, 1)
    for facts in ([gone, moved], [first], [moved, gone], [other]):
        await story.happened(*facts)
        assert await counts(story, ada) == (1, 1)


async def test_an_older_name_never_comes_back(story: Story) -> None:
    ada, bob = await story.player("ada"), await story.player("bob")
    await story.stand(ada, bob)
    await story.happened(registered(bob.id, "bob3", version=3), registered(bob.id, "bob2", version=2))
    [card] = (await story.get(ada, "friends/"))["friends"]
    assert card["username"] == "bob3"


async def test_a_deleted_player_leaves_no_friendship_behind(story: Story) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    ended = {await story.stand(ada, bob), await story.stand(eve, ada, "blocked")}
    kept = await story.stand(bob, eve)
    gone = UserDeleted(id=ada.id, version=2)
    await story.happened(gone, gone, registered(ada.id, "ada"))
    assert [item["id"] for item in (await story.get(bob, ""))["results"]] == [kept]
    told = [fact for fact in await story.told() if isinstance(fact, FriendshipDeleted)]
    assert {str(fact.id) for fact in told} == ended and len(told) == 2
    assert {(fact.version, fact.acting_user) for fact in told} == {(3, ada.id)}
    async with story.db.reading() as session:
        copy = await session.execute(
            select(RefUser.username, RefUser.friend_code, RefUser.avatar).where(RefUser.id == ada.id)
        )
    assert tuple(copy.one()) == ("", "", None)
    assert (await story.ask(bob, ada)).json()["user_id"] == ["No user found with this ID"]
