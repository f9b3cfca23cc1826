"""B14: nothing that was sent in confidence is in any log, and hostile values are 4xx everywhere."""

import json
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json
from tests.contract.captures import catch, looked_at, new_animal
from tests.mesh import Mesh, NewPlayer

SERVICES = ("gateway", "users", "animals", "dex", "social", "vision", "vision-worker", "graph")
NOWHERE = "00000000-0000-4000-8000-000000000000"


async def test_the_logs_tell_no_secrets(mesh: Mesh, ask: Ask, new_player: NewPlayer) -> None:
    """A player signs up, catches an animal at a place and looks at it; then the logs are read."""
    eve = await new_player("eve")
    place = {"location_lat": "48.207611", "location_lon": "16.373819", "location_name": "Behind the third willow"}
    entry = await catch(ask, eve, await new_animal(ask, eve), notes="A secret note of Eve.", **place)
    await ask(eve, "GET", f"/dex/entries/{entry['id']}/?token={eve.authorization.partition(' ')[2]}")
    await ask(None, "POST", "/auth/login/", json={"username": eve.name, "password": "an open secret of Eve"})
    await looked_at(ask, eve, cv_method="openai")
    secrets = (
        eve.authorization.partition(" ")[2],
        "a photo of a tawny owl",
        "an open secret of Eve",
        f"{eve.name}@example.com",
        "A secret note of Eve",
        "48.207611",
        "third willow",
        eve.friend_code,
    )
    for service in SERVICES:
        log = mesh.log(service)
        assert log
        assert [secret for secret in secrets if secret in log] == [], service


HOSTILE: list[Any] = [
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 100_000,
    2**63,
    -(2**70),
    1e308,
    True,
    [],
    [[[[]]]],
    {"a": {"b": {}}},
    None,
    "2026-99-99T99:99:99Z",
    "' OR 1=1 --",
    "%00",
    "../../etc/passwd",
]
WRITES: list[tuple[str, str, tuple[str, ...]]] = [
    ("POST", "/dex/entries/", ("animal", "source_vision_job", "original_image", "location_lat", "catch_date", "notes")),
    ("POST", "/dex/entries/batch_sync/", ("sync_requests",)),
    ("POST", "/vision/jobs/", ("conversion_id", "image", "transformations", "post_conversion_transformations")),
    ("POST", "/vision/jobs/", ("cv_method", "model_name", "detail_level")),
    ("POST", "/images/convert/", ("image", "transformations")),
    ("POST", "/social/friendships/send_request/", ("friend_code", "user_id", "to_user_id")),
    ("POST", f"/social/friendships/{NOWHERE}/respond/", ("action",)),
    ("POST", f"/vision/jobs/{NOWHERE}/select_animal/", ("animal_index", "animal_id")),
    ("POST", f"/vision/jobs/{NOWHERE}/retry/", ("transformations",)),
    ("PATCH", f"/dex/entries/{NOWHERE}/", ("animal", "notes", "customizations", "is_favorite")),
    ("POST", "/graph/tree/invalidate/", ("scope",)),
]


@pytest.mark.parametrize(("method", "path", "fields"), WRITES, ids=[f"{each[1]} {each[2][0]}" for each in WRITES])
async def test_hostile_values(ask: Ask, ada: Player, method: str, path: str, fields: tuple[str, ...]) -> None:
    """Each in each field; the answer is an object with a detail, and never a 5xx."""
    for field in fields:
        for value in HOSTILE:
            content = _json({"animal": NOWHERE, "source_vision_job": NOWHERE, field: value})
            answer = await ask(ada, method, path, content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code in (200, 400, 403, 404), (field, str(value)[:50], answer.text[:200])
            body = answer.json()
            assert isinstance(body, dict)
            assert answer.status_code == 200 or isinstance(body["detail"], str)


def _json(body: Json) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/dex/entries/?animal={}",
        "/dex/entries/?search={}",
        "/dex/entries/?ordering={}",
        "/dex/entries/?page={}",
        "/dex/entries/by_animal/?animal_id={}",
        "/dex/entries/sync_entries/?last_sync={}",
        "/dex/entries/user/{}/entries/",
        "/dex/entries/{}/",
        "/vision/jobs/{}/",
        "/vision/jobs/?status={}",
        "/images/convert/{}/",
        "/social/friendships/check/?user_id={}",
        "/social/friendships/{}/unfriend/",
        "/graph/tree/?mode={}",
        "/graph/tree/?mode=selected&friend_ids={}",
        "/graph/tree/search/?q={}",
        "/graph/tree/search/?q=a&limit={}",
        "/graph/tree/chunk/{}/0/",
    ],
)
@pytest.mark.parametrize(
    "value", ["%00", "%ED%A0%80", "%FF", "-1", "1e999", "9" * 40, "x" * 2000, "%F0%9F%A6%8A", "%25"]
)
async def test_hostile_addresses(ask: Ask, ada: Player, path: str, value: str) -> None:
    answer = await ask(ada, "GET", path.format(value))
    assert answer.status_code in (200, 400, 404), answer.text[:200]
    assert isinstance(answer.json(), dict)
