"""Hardening 2E 130: fields that are not for the sender change nothing, on every route that writes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import befriended, looked_at, new_animal, new_picture, requested
from tests.contract.pictures import as_file
from tests.contract.test_I1_convert import convert
from tests.hostile.requests.operations import all_operations, body_with
from tests.mesh import Mesh, NewPlayer, signed_up

MARK = "0000dead-dead-4ead-8ead-deaddeaddead"
NUMBER = 987_654_321
WORD = "hacked-by-mass-assignment"
MOMENT = "2001-02-03T04:05:06Z"

PROTECTED: Json = {
    **dict.fromkeys(("is_staff", "is_superuser", "verified", "is_active"), True),
    **dict.fromkeys(("id", "owner", "owner_id", "user", "user_id", "created_by", "discovered_by", "from_user"), MARK),
    **dict.fromkeys(("to_user", "family", "job", "picture_id", "identified_animal"), MARK),
    **dict.fromkeys(("creation_index", "total_catches", "unique_species", "version", "retry_count"), NUMBER),
    **dict.fromkeys(("input_tokens", "output_tokens", "processing_time", "image_width", "confidence_score"), NUMBER),
    **dict.fromkeys(("friend_code", "status", "parsed_prediction", "raw_response", "error_message"), WORD),
    **dict.fromkeys(("model_name", "password_hash", "cost_usd", "sha256", "key", "avatar_url", "image_url"), WORD),
    **dict.fromkeys(("username_key", "email_key", "dex_compatible_url", "checksum", "username", "email"), WORD),
    **dict.fromkeys(("created_at", "updated_at", "join_date", "last_login", "deleted_at", "completed_at"), MOMENT),
    "badges": [WORD],
    "detected_animals": [{"animal_id": MARK, "scientific_name": WORD}],
}
TRACES = (MARK, str(NUMBER), WORD, "2001-02-03", "987.65", "9876543")


@dataclass(frozen=True)
class Writer:
    """An ordinary player with one thing of each kind, by the names that the document uses."""

    player: Player
    ids: Json


@pytest.fixture(scope="module")
async def writer(mesh: Mesh, ask: Ask) -> AsyncIterator[Writer]:
    async with signed_up(mesh, "mia") as player, signed_up(mesh, "max") as friend, signed_up(mesh, "moe") as asker:
        job, animal = await looked_at(ask, player), await new_animal(ask, player)
        entry = await player.catch(job, animal["id"])
        await befriended(ask, player, friend)
        ids = {
            "animal_id": animal["id"],
            "entry_id": entry["id"],
            "job_id": job["id"],
            "conversion_id": (await convert(ask, player, new_picture()))["id"],
            "friendship_id": (await requested(ask, asker, player))["id"],
            "either_id": friend.id,
            "id": player.id,
            "user_id": player.id,
        }
        yield Writer(player, ids)


async def told_of(ask: Ask, writer: Writer) -> str:
    """All that the player can see that is theirs."""
    ids = writer.ids
    paths = (
        *("/users/me/", "/dex/entries/my_entries/", f"/dex/entries/{ids['entry_id']}/", "/vision/jobs/"),
        *(f"/vision/jobs/{ids['job_id']}/", f"/animals/{ids['animal_id']}/", "/social/friendships/"),
        *(f"/images/convert/{ids['conversion_id']}/", "/animals/recent/", "/dex/entries/sync_entries/"),
    )
    return "".join([(await ask(writer.player, "GET", path)).text for path in paths])


async def test_130_what_is_not_for_the_sender_is_kept_nowhere(mesh: Mesh, ask: Ask, writer: Writer) -> None:
    """Each route that writes, with a good body and all the fields besides that it does not name."""
    writes = [each for each in all_operations(mesh.url) if each.method in ("POST", "PUT", "PATCH")]
    assert len(writes) > 20
    player = writer.player
    for operation in writes:
        hostile = {name: value for name, value in PROTECTED.items() if name not in operation.fields}
        body = body_with(operation, writer.ids, **hostile)
        answer = await ask(player, operation.method, operation.at(writer.ids | {"x": 0, "y": 0}), json=body)
        assert answer.status_code < 500, (str(operation), answer.text)
        # An answer of 4xx may repeat a name; what was written must not.
        if answer.status_code < 300:
            assert [trace for trace in TRACES if trace in answer.text] == [], (str(operation), answer.text)
    seen = await told_of(ask, writer)
    assert [trace for trace in TRACES if trace in seen] == []


async def test_130_a_form_with_a_picture_writes_no_more_than_json(ask: Ask, writer: Writer) -> None:
    """Multipart goes another way into the same shapes."""
    # Badges are a field of the profile, and must be a list there; the test above has them.
    everything = [(name, str(value)) for name, value in PROTECTED.items() if name not in ("model_name", "badges")]
    routes: tuple[tuple[str, str, Json, str], ...] = (
        ("POST", "/vision/jobs/", {}, "image"),
        ("POST", "/images/convert/", {}, "image"),
        ("POST", "/dex/entries/", {"animal": writer.ids["animal_id"]}, "original_image"),
        ("PATCH", "/users/me/", {}, "avatar"),
    )
    for method, path, extra, name in routes:
        # A form has a limit of fields.
        for part in (everything[::2], everything[1::2]):
            files = {name: as_file(new_picture())["image"]}
            answer = await ask(writer.player, method, path, data={**dict(part), **extra}, files=files)
            assert answer.status_code in (200, 201), (path, answer.text)
            assert [trace for trace in TRACES if trace in answer.text] == [], (path, answer.text)


async def test_130_nobody_registers_as_staff(mesh: Mesh, ask: Ask, new_player: NewPlayer) -> None:
    """Nor becomes it by any write; the table itself is looked at, as flags are shown nowhere."""
    eve = await new_player("eve")
    account = {"username": f"{eve.name}x", "email": f"{eve.name}x@example.com"}
    secret = {"password": "a photo of a tawny owl", "password_confirm": "a photo of a tawny owl"}
    hostile = {name: value for name, value in PROTECTED.items() if name not in account}
    created = body_of(await ask(None, "POST", "/users/", json={**hostile, **account, **secret}), 201)
    for method in ("PATCH", "PUT"):
        await ask(eve, method, "/users/me/", json=PROTECTED)
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        for user_id in (created["id"], eve.id):
            row: Any = await database.fetchrow("SELECT * FROM users.users WHERE id = $1", UUID(user_id))
            values = dict(row)
            assert (values["is_staff"], values["is_superuser"], values["is_active"]) == (False, False, True)
            assert [trace for trace in TRACES if trace in str(values)] == []
    finally:
        await database.close()
    await eve.sign_in()
    assert (await ask(eve, "GET", "/users/")).status_code == 403


async def test_131_an_animal_of_a_player_is_unverified(ask: Ask, writer: Writer) -> None:
    """And stays so, whatever the player sends; changing and deleting is for staff."""
    animal = await new_animal(ask, writer.player)
    path = f"/animals/{animal['id']}/"
    for method, body in (("PUT", {"verified": True}), ("PATCH", {"verified": True}), ("DELETE", None)):
        assert (await ask(writer.player, method, path, json=body)).status_code == 403
    found = body_of(await ask(None, "GET", path))
    assert (found["verified"], found["creation_index"]) == (False, animal["creation_index"])
