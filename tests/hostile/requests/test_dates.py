"""2B 54, 67: dates that no calendar has, and a plus sign that was lost on its way."""

import pytest

from tests.answers import body_of
from tests.contract.captures import new_animal
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.verdicts import problem_of

IMPOSSIBLE = [
    *("10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T25:00:00Z", "1", "1e20"),
    *("-2026-11-20T10:00:00Z", "2026-11-20T10:00:00+99:00", "0000-01-01T00:00:00Z", "9" * 5000, "٢٠٢٦-11-20T10:00:00Z"),
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "now", "infinity", "epoch", "2026-11-20T10:00:00Zjunk"),
]
POSSIBLE = {
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
    "2026-11-20T10:00": "2026-11-20T10:00:00.000000Z",
    "2026-11-20T10:00:00+14:00": "2026-11-19T20:00:00.000000Z",
}


@pytest.mark.parametrize("date", [*IMPOSSIBLE, 1, 1e20, True, [], {}], ids=lambda date: str(date)[:20])
async def test_a_catch_that_was_never(target: Target, date: object) -> None:
    """2B 54: 400 in the contract's words, and no entry."""
    before = await target.state()
    entry = {"animal": target.ids["animal_id"], "source_vision_job": target.ids["job_id"], "catch_date": date}
    assert "catch_date" in body_of(await target.ask(target.player, "POST", "/dex/entries/", json=entry), 400)
    assert await target.state() == before


@pytest.mark.parametrize("date", list(POSSIBLE))
async def test_a_catch_at_the_edge_of_time(target: Target, date: str) -> None:
    """2B 54: years 1 to 9999, without a zone in UTC; every list and tree goes on with it."""
    animal = await new_animal(target.ask, target.player)
    entry = {"animal": animal["id"], "source_vision_job": target.ids["job_id"], "catch_date": date}
    made = body_of(await target.ask(target.player, "POST", "/dex/entries/", json=entry), 201)
    assert made["catch_date"] == POSSIBLE[date]
    for path in ("/dex/entries/my_entries/", "/dex/entries/sync_entries/", "/graph/tree/?mode=personal"):
        assert not problem_of(await target.ask(target.player, "GET", path), path, {200})
    assert (await target.ask(target.player, "DELETE", f"/dex/entries/{made['id']}/")).status_code == 204


@pytest.mark.parametrize("moment", [*IMPOSSIBLE, "%00", "%FF", "'; --"], ids=lambda moment: moment[:20])
async def test_a_last_sync_that_is_none(target: Target, moment: str) -> None:
    """2B 67: 400 in both lists; in a batch it asks for everything, or fails alone (contract D12, D15)."""
    for path in ("/dex/entries/sync_entries/", f"/dex/entries/user/{target.player.id}/entries/"):
        answer = await target.ask(target.player, "GET", f"{path}?last_sync={moment}")
        assert not problem_of(answer, f"{path} {moment[:20]}", {200, 400})
    batch = {"sync_requests": [{"user_id": "self", "last_sync": moment}, {"user_id": target.player.id}]}
    results = body_of(await target.ask(target.player, "POST", "/dex/entries/batch_sync/", json=batch))["results"]
    assert "entries" in results[target.player.id]


@pytest.mark.parametrize("zone", ["+00:00", "%2B00:00", "%2b00%3A00", "Z", ""])
async def test_a_plus_sign_may_get_lost(target: Target, zone: str) -> None:
    """2B 67: what Godot may send, encoded or not."""
    found = await target.ask(target.player, "GET", f"/dex/entries/sync_entries/?last_sync=2000-01-01T00:00:00{zone}")
    assert body_of(found)["count"] >= 1
    none = await target.ask(target.player, "GET", f"/dex/entries/sync_entries/?last_sync=2999-01-01T00:00:00{zone}")
    assert body_of(none)["count"] == 0
