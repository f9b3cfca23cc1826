"""Many friends synced in one request (contract D15)."""

from uuid import uuid4

import pytest

from services.dex.tests.story import ENTRIES, Story


async def test_a_batch_answers_for_each_key_exactly_as_sent(story: Story) -> None:
    ada, bob, eve = [await story.player(name) for name in ("ada", "bob", "eve")]
    await story.friends(bob, ada)
    fox = await story.animal("Vulpes vulpes")
    mine, his = await story.catch(ada, fox, visibility="private"), await story.catch(bob, fox)
    before = "2026-01-01T00:00:00Z"
    keys = ["self", str(ada.id), str(bob.id), str(bob.id).upper(), str(eve.id), str(uuid4()), "zz"]
    answer = await story.batch(ada, *({"user_id": key, "last_sync": before} for key in keys))
    assert list(answer["results"]) == keys
    by_key = answer["results"]
    assert [item["id"] for item in by_key["self"]["entries"]] == [mine["id"]] and by_key["self"]["count"] == 1
    assert by_key[keys[1]] == by_key["self"]
    assert [item["id"] for item in by_key[keys[2]]["entries"]] == [his["id"]]
    assert by_key[keys[3]] == by_key[keys[2]]
    assert by_key[keys[4]] == {"error": "Not friends with this user"}
    assert by_key[keys[5]] == by_key["zz"] == {"error": "User not found"}


async def test_one_owner_under_two_names_and_times(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    now = (await story.sync(ada))["server_time"]
    answer = await story.batch(ada, {"user_id": "self", "last_sync": now}, {"user_id": str(ada.id)})
    assert [answer["results"][key]["count"] for key in ("self", str(ada.id))] == [0, 1]


@pytest.mark.parametrize(
    ("last_sync", "result"),
    [
        ("yesterday", 1),
        (5, 1),
        (None, 1),
        ("", 1),
        ("2026-13-01T00:00:00Z", {"error": "month must be in 1..12"}),
    ],
)
async def test_a_batch_takes_odd_moments_per_user(story: Story, last_sync, result) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    await story.catch(ada, fox)
    found = (await story.batch(ada, {"user_id": "self", "last_sync": last_sync}))["results"]["self"]
    assert (found if isinstance(result, dict) else found["count"]) == result


async def test_batches_without_requests_and_bad_ones(story: Story) -> None:
    ada = await story.player("ada")

    async def post(body):
        return await story.client.post(ENTRIES + "batch_sync/", json=body, headers=ada.headers)

    for body in ({}, {"sync_requests": []}):
        answer = await post(body)
        assert answer.status_code == 200 and answer.json()["results"] == {}
    many = [{"user_id": str(uuid4())}] * 501
    for bad in (None, "self", {"user_id": "self"}, ["self"], [{}], [{"user_id": None}], [{"user_id": 5}], many):
        answer = await post({"sync_requests": bad})
        assert answer.status_code == 400 and isinstance(answer.json()["detail"], str), bad
    assert (await post([])).status_code == 400


async def test_five_hundred_users_at_once(story: Story) -> None:
    ada = await story.player("ada")
    answer = await story.batch(ada, *({"user_id": str(uuid4())} for _ in range(500)))
    assert len(answer["results"]) == 500
