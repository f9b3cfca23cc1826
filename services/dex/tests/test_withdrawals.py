"""What devices should no longer keep: deleted entries, and those that are not shown any more (contract B8)."""

from typing import Any

from services.dex.tests.story import ENTRIES, Story


async def change(story: Story, player: Any, entry: dict[str, Any], **values: Any) -> None:
    answer = await story.client.patch(f"{ENTRIES}{entry['id']}/", json=values, headers=player.headers)
    assert answer.status_code == 200, answer.text


async def of(story: Story, viewer: Any, owner: Any, since: str) -> list[str]:
    found: dict[str, Any] = await story.get(viewer, f"user/{owner.id}/entries/?last_sync={since.replace('+', '%2B')}")
    return list(found["withdrawn"])


async def test_the_owner_hears_what_is_deleted(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    kept, gone = await story.catch(ada, fox), await story.catch(ada, wolf)
    first = await story.sync(ada)
    assert first["deleted"] == []
    answer = await story.client.delete(f"{ENTRIES}{gone['id']}/", headers=ada.headers)
    assert answer.status_code == 204
    await change(story, ada, kept, visibility="private")
    second = await story.sync(ada, first["server_time"])
    assert second["deleted"] == [gone["id"]]
    assert [item["id"] for item in second["entries"]] == [kept["id"]]
    assert (await story.sync(ada, second["server_time"]))["deleted"] == []
    assert (await story.sync(ada))["deleted"] == []


async def test_a_merge_is_a_deletion(story: Story) -> None:
    ada, fox, wolf = await story.player("ada"), await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    stays, merged = await story.catch(ada, fox), await story.catch(ada, wolf)
    first = await story.sync(ada)
    await change(story, ada, merged, animal=str(fox))
    second = await story.sync(ada, first["server_time"])
    assert (second["deleted"], [item["id"] for item in second["entries"]]) == ([merged["id"]], [stays["id"]])


async def test_others_hear_only_of_what_they_could_see(story: Story) -> None:
    ada, bob, eve = await story.player("ada"), await story.player("bob"), await story.player("eve")
    await story.friends(ada, bob)
    fox = await story.animal("Vulpes vulpes")
    days = (f"2026-01-0{day}T00:00:00Z" for day in range(1, 5))
    public, friends, private, back = [
        await story.catch(ada, fox, visibility=level, catch_date=day)
        for level, day in zip(("public", "friends", "private", "public"), days, strict=True)
    ]
    began = (await story.sync(ada))["server_time"]
    for entry in (public, friends, private, back):
        await change(story, ada, entry, visibility="private")
    await change(story, ada, back, visibility="public")
    assert await of(story, bob, ada, began) == [public["id"], friends["id"]]
    assert await of(story, eve, ada, began) == [public["id"]]
    batch = await story.batch(bob, {"user_id": str(ada.id), "last_sync": began})
    assert batch["results"][str(ada.id)]["withdrawn"] == [public["id"], friends["id"]]
    later = (await story.sync(ada))["server_time"]
    assert await of(story, bob, ada, later) == []
