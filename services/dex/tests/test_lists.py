"""The short lists: shapes, order, filters, and one statement each (contract D3, D7, D8, D10, D11, G6)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.dex.tests.story import Story, picture

DAY = datetime(2026, 3, 1, tzinfo=UTC)


async def keep_days(story: Story, player, animal, count: int) -> list[str]:
    """Entries on successive days; their ids, newest first."""
    days = [(DAY + timedelta(days=day)).isoformat() for day in range(count)]
    return [(await story.catch(player, animal, catch_date=day))["id"] for day in days][::-1]


async def test_my_entries_as_the_client_reads_them(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    newest, oldest = await keep_days(story, ada, fox, 2)
    page = await story.get(ada, "my_entries/")
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    assert [item["id"] for item in page["results"]] == [newest, oldest]
    assert page["results"][1] == {
        "id": oldest,
        "owner_username": "ada",
        "animal": str(fox),
        "animal_name": "Red Fox",
        "original_image": picture().url,
        "catch_date": "2026-03-01T00:00:00.000000Z",
        "visibility": "friends",
        "is_favorite": False,
    }


async def test_my_entries_is_one_statement_however_many_there_are(story: Story, statements) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    counts = []
    for more in (1, 52):
        await keep_days(story, ada, fox if more == 1 else await story.animal("Canis lupus"), more)
        with statements() as seen:
            page = await story.get(ada, "my_entries/")
        counts.append(len(seen))
    assert counts == [1, 1]
    assert (page["count"], len(page["results"])) == (53, 50)
    assert page["next"] == "http://testserver/api/v1/dex/entries/my_entries/?page=2"
    second = await story.get(ada, "my_entries/?page=2")
    assert (second["count"], len(second["results"]), second["next"]) == (53, 3, None)
    ids = [item["id"] for item in page["results"] + second["results"]]
    assert len(set(ids)) == 53


@pytest.mark.parametrize("page", ["0", "-1", "2", "1e18", "x", "9" * 5000])
async def test_a_page_that_is_not_there(story: Story, page: str) -> None:
    ada = await story.player("ada")
    assert await story.get(ada, f"my_entries/?page={page}", 404) == {"detail": "Invalid page."}


async def test_filters_search_and_order(story: Story) -> None:
    ada = await story.player("ada")
    fox, wolf = await story.animal("Vulpes vulpes", "Red Fox"), await story.animal("Canis lupus", "100% Wolf")
    one = await story.catch(ada, fox, visibility="public", notes="by the river", catch_date="2026-01-01T00:00:00Z")
    two = await story.catch(ada, wolf, visibility="private", catch_date="2025-01-01T00:00:00Z")
    one, two = one["id"], two["id"]
    await story.client.post(f"/api/v1/dex/entries/{two}/toggle_favorite/", json={}, headers=ada.headers)
    for query, expected in {
        "": [one, two],
        f"animal={fox}": [one],
        "visibility=private": [two],
        "is_favorite=true": [two],
        "is_favorite=False": [one],
        "is_favorite=perhaps": [one, two],
        "search=vulpes": [one],
        "search=FOX,river": [one],
        "search=fox wolf": [],
        "search=%25": [two],
        "search=_": [],
        "ordering=catch_date": [two, one],
        "ordering=-created_at": [two, one],
        "ordering=password,catch_date": [two, one],
        "ordering=drop table": [one, two],
    }.items():
        assert [item["id"] for item in (await story.get(ada, f"?{query}"))["results"]] == expected, query


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("visibility=zz", "visibility", "Select a valid choice. zz is not one of the available choices."),
        ("animal=zz", "animal", "“zz” is not a valid UUID."),
        ("search=%00", "search", "Null characters are not allowed."),
    ],
)
async def test_filters_that_make_no_sense(story: Story, query: str, field: str, message: str) -> None:
    ada = await story.player("ada")
    assert await story.get(ada, f"?{query}", 400) == {field: [message], "detail": message}


async def test_favorites_are_ones_own_favorites(story: Story) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    await story.friends(ada, bob)
    for player in (ada, bob):
        entry = await story.catch(player, fox)
        await story.client.post(f"/api/v1/dex/entries/{entry['id']}/toggle_favorite/", json={}, headers=player.headers)
    assert (await story.get(ada, "favorites/"))["count"] == 1


async def test_recent_holds_the_twenty_newest(story: Story) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    await story.friends(bob, ada)
    ids = await keep_days(story, bob, fox, 22)
    found = await story.get(ada, "recent/")
    assert (found["count"], [item["id"] for item in found["results"]]) == (20, ids[:20])


async def test_by_animal_wants_an_animal(story: Story) -> None:
    ada = await story.player("ada")
    text = "animal_id parameter required"
    assert await story.get(ada, "by_animal/", 400) == {"error": text, "detail": text}
    assert (await story.get(ada, "by_animal/?animal_id=zz", 400))["animal_id"] == ["“zz” is not a valid UUID."]
    assert await story.get(ada, f"by_animal/?animal_id={uuid4()}") == {"count": 0, "results": []}
