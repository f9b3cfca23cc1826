"""D6: an owner deletes an entry; it is gone everywhere at once for its owner, and soon for all."""

from deploy.local.player import Player
from tests.answers import Ask, refused
from tests.contract.captures import befriended, catch, new_animal
from tests.contract.pictures import served
from tests.mesh import NewPlayer, until

GONE = {"detail": "No DexEntry matches the given query."}


async def test_it_is_gone(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    entry = await catch(ask, ada, await new_animal(ask, ada))
    kept = await catch(ask, ada, await new_animal(ask, ada))

    async def ben_counts(expected: int) -> bool:
        tree = await ben.tree("friends")
        overview = (await ben.get("/dex/entries/friends_overview/"))["friends"]
        return [tree["stats"]["friend_captures"], overview[0]["total_entries"]] == [expected, expected]

    await until(lambda: ben_counts(2), 5)
    answer = await ask(ada, "DELETE", f"/dex/entries/{entry['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(await ask(ada, "GET", f"/dex/entries/{entry['id']}/"), 404, GONE)
    refused(await ask(ada, "DELETE", f"/dex/entries/{entry['id']}/"), 404, GONE)
    for path in ("my_entries/", "", "recent/"):
        listed = await ada.get(f"/dex/entries/{path}")
        assert entry["id"] not in [each["id"] for each in listed["results"]]
    assert [each["id"] for each in (await ada.get("/dex/entries/sync_entries/"))["entries"]] == [kept["id"]]
    assert (await ada.tree("personal"))["stats"]["user_captures"] == 1
    assert (await ada.get("/users/me/"))["profile"]["total_catches"] == 1
    await until(lambda: ben_counts(1), 5)
    assert await served(kept["original_image"])


async def test_the_same_can_be_caught_again(ask: Ask, collector: Player) -> None:
    animal, moment = await new_animal(ask, collector), "2025-03-04T05:06:07Z"
    entry = await catch(ask, collector, animal, catch_date=moment)
    await ask(collector, "DELETE", f"/dex/entries/{entry['id']}/")
    again = await catch(ask, collector, animal, catch_date=moment)
    assert again["id"] != entry["id"]
