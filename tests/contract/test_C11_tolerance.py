"""C11: what a validator must not reject. (Floats, spaces and unknown keys are with G2, CRLFs with the double.)"""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import catch, new_animal
from tests.contract.pictures import HEIC, PHOTOS, as_file, plain
from tests.mesh import NewPlayer

EMPTY = {"content": b"{}", "headers": {"Content-Type": "application/json"}}
CLIENT = {"X-Client-Version": "1f2e3d", "X-Client-Build": "7", "X-Client-Platform": "Web"}


async def test_an_empty_last_sync_is_none(ask: Ask, ada: Player) -> None:
    for query in ("", "?last_sync=", "?last_sync=%20"):
        assert body_of(await ask(ada, "GET", f"/dex/entries/sync_entries/{query}"))["count"] == 0
    sent = {"sync_requests": [{"user_id": "self", "last_sync": ""}]}
    assert body_of(await ask(ada, "POST", "/dex/entries/batch_sync/", json=sent))["results"]["self"]["count"] == 0


async def test_an_empty_object_where_nothing_is_needed(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    entry = await catch(ask, eve, await new_animal(ask, eve))
    for path in (f"/dex/entries/{entry['id']}/toggle_favorite/", "/graph/tree/invalidate/", "/users/me/update_stats/"):
        body_of(await ask(eve, "POST", path, **EMPTY))
        body_of(await ask(eve, "POST", path))


@pytest.mark.parametrize("path", ["/animals/", "/users/me/", "/dex/entries/sync_entries/", "/version/"])
async def test_the_clients_own_headers(ask: Ask, ada: Player, path: str) -> None:
    answer = await ask(ada, "GET", path, headers=CLIENT | {"Content-Type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "picture", [plain(), HEIC.read_bytes(), (PHOTOS / "cat.webp").read_bytes()], ids=["png", "heic", "webp"]
)
async def test_every_picture_is_called_a_jpeg(ask: Ask, ada: Player, picture: bytes) -> None:
    answer = await ask(ada, "POST", "/images/convert/", files=as_file(picture))
    assert body_of(answer, answer.status_code)["metadata"]["original_format"] in ("PNG", "HEIC", "HEIF", "WEBP", "WebP")
    assert answer.status_code in (200, 201)


async def test_an_entry_without_notes_and_with_empty_texts(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    assert (await catch(ask, eve, animal, catch_date="2025-01-01T00:00:00Z"))["notes"] == ""
    entry = await catch(ask, eve, animal, catch_date="2025-01-02T00:00:00Z", notes="", location_name="")
    assert (entry["notes"], entry["location_name"]) == ("", "")
