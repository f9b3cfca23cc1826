"""D12: one's own entries, whole or what changed since."""

import hashlib
from urllib.parse import quote

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import catch, looked_at, new_animal
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import SYNC
from tests.contract.pictures import served
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/dex/entries/sync_entries/"


async def sync(ask: Ask, player: Player, last_sync: str | None = None) -> Json:
    """As the client asks: no query the first time, then percent-encoded."""
    query = "" if last_sync is None else f"?last_sync={quote(last_sync, safe='')}"
    return body_of(await ask(player, "GET", f"{PATH}{query}"))


def ids(synced: Json) -> list[str]:
    return [each["id"] for each in synced["entries"]]


async def test_everything_of_every_visibility(ask: Ask, circle: Circle) -> None:
    synced = await sync(ask, circle.owner)
    fits(synced, SYNC)
    assert synced["count"] == len(synced["entries"]) == 3
    assert set(ids(synced)) == {entry["id"] for entry in circle.entries.values()}
    for item in synced["entries"]:
        visibility = next(name for name, entry in circle.entries.items() if entry["id"] == item["id"])
        animal = circle.animals[visibility]
        assert item["animal_id"] == animal["id"]
        for name in ("creation_index", "scientific_name", "common_name"):
            assert item[name] == animal[name]
        assert item["owner_username"] == circle.owner.name


async def test_the_checksum_is_of_the_bytes_behind_the_url(ask: Ask, circle: Circle) -> None:
    for item in (await sync(ask, circle.owner))["entries"]:
        png = await served(item["dex_compatible_url"])
        assert png.startswith(b"\x89PNG")
        assert hashlib.sha256(png).hexdigest() == item["image_checksum"]


async def test_by_number_then_by_catch_the_newest_last(ask: Ask, new_player: NewPlayer) -> None:
    """The client keeps one record per animal, and later items win (contract D1)."""
    eve = await new_player("eve")
    first, second = [await new_animal(ask, eve) for _ in range(2)]
    newest = await catch(ask, eve, first, catch_date="2025-06-01T00:00:00Z")
    other = await catch(ask, eve, second, catch_date="2023-06-01T00:00:00Z")
    oldest = await catch(ask, eve, first, catch_date="2024-06-01T00:00:00Z")
    assert ids(await sync(ask, eve)) == [oldest["id"], newest["id"], other["id"]]


async def test_only_what_changed_since(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    job = await looked_at(ask, eve)
    one = await eve.catch(job, (await new_animal(ask, eve))["id"])
    await eve.catch(job, (await new_animal(ask, eve))["id"])
    since = (await sync(ask, eve))["server_time"]
    quiet = await sync(ask, eve, since)
    assert (quiet["entries"], quiet["count"]) == ([], 0)
    await ask(eve, "PATCH", f"/dex/entries/{one['id']}/", json={"visibility": "public"})
    third = await eve.catch(job, (await new_animal(ask, eve))["id"])
    assert ids(await sync(ask, eve, since)) == [one["id"], third["id"]]
    item = (await sync(ask, eve, since))["entries"][0]
    assert ids(await sync(ask, eve, item["updated_at"])) == [third["id"]]


async def test_a_player_without_entries(ask: Ask, new_player: NewPlayer) -> None:
    empty = await sync(ask, await new_player("eve"))
    fits(empty, SYNC)
    assert (empty["entries"], empty["count"]) == ([], 0)


@pytest.mark.parametrize(
    "last_sync",
    [
        "",
        "2020-01-01T00:00:00+00:00",
        "2020-01-01T00:00:00 00:00",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00",
        "2020-01-01T00:00:00.123456+00:00",
    ],
)
async def test_moments_that_are_understood(ask: Ask, circle: Circle, last_sync: str) -> None:
    assert (await sync(ask, circle.owner, last_sync))["count"] == 3


async def test_a_plus_sign_that_nobody_encoded(ask: Ask, circle: Circle) -> None:
    since = (await sync(ask, circle.owner))["server_time"]
    assert "+" in since
    assert body_of(await ask(circle.owner, "GET", f"{PATH}?last_sync={since}"))["count"] == 0


@pytest.mark.parametrize(
    ("last_sync", "error"),
    [
        ("yesterday", "Invalid last_sync format. Use ISO 8601 datetime."),
        ("17", "Invalid last_sync format. Use ISO 8601 datetime."),
        ("2026-13-01T00:00:00Z", "Failed to parse last_sync: month must be in 1..12"),
    ],
)
async def test_moments_that_are_none(ask: Ask, ada: Player, last_sync: str, error: str) -> None:
    refused(await ask(ada, "GET", f"{PATH}?last_sync={quote(last_sync, safe='')}"), 400, {"error": error})


@pytest.mark.parametrize("last_sync", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "%00", "2026-02-30"])
async def test_odd_moments_are_no_server_error(ask: Ask, ada: Player, last_sync: str) -> None:
    answer = await ask(ada, "GET", f"{PATH}?last_sync={last_sync}")
    assert answer.status_code in (200, 400)
    body_of(answer, answer.status_code)


async def test_nobody(ask: Ask) -> None:
    refused(await ask(None, "GET", PATH), 401, {"detail": "Authentication credentials were not provided."})
