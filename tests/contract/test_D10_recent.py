"""D10: the twenty newest entries of oneself and one's friends."""

from tests.answers import Ask, body_of, refused
from tests.contract.captures import befriended, catch, looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import LISTED_ENTRIES
from tests.contract.test_D7_my_entries import ids
from tests.mesh import NewPlayer, until
from tests.shapes import fits


async def test_recent_are_the_twenty_newest_of_oneself_and_friends(ask: Ask, new_player: NewPlayer) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    await befriended(ask, ada, ben)
    job, expected = await looked_at(ask, ada), []
    for number in range(22):
        animal = await new_animal(ask, ada)
        body = {"animal": animal["id"], "source_vision_job": job["id"], "catch_date": f"2025-01-{number + 1:02}T00:00Z"}
        expected.append(body_of(await ask(ada, "POST", "/dex/entries/", json=body), 201)["id"])
    hidden = await catch(ask, ada, animal, visibility="private", catch_date="2025-03-01T00:00Z")
    own = await catch(ask, ben, animal, catch_date="2025-02-01T00:00Z")

    async def ben_sees_them() -> bool:
        recent = body_of(await ask(ben, "GET", "/dex/entries/recent/"))
        fits(recent, LISTED_ENTRIES)
        return recent["count"] == 20 and ids(recent) == [own["id"], *expected[:2:-1]]

    await until(ben_sees_them, 5)
    assert ids(body_of(await ask(ada, "GET", "/dex/entries/recent/")))[:2] == [hidden["id"], own["id"]]


async def test_strangers_public_entries_are_not_recent(ask: Ask, circle: Circle) -> None:
    recent = body_of(await ask(circle.stranger, "GET", "/dex/entries/recent/"))
    assert circle.entries["public"]["id"] not in ids(recent)


async def test_nobody(ask: Ask) -> None:
    answer = await ask(None, "GET", "/dex/entries/recent/")
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
