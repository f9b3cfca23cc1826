"""G5: how ids, moments, decimals, files and text are written."""

import uuid
from datetime import UTC, datetime

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.mesh import Mesh, NewPlayer
from tests.shapes import computed_instant, date, fits, instant
from tests.shapes import uuid as lower_case_uuid

WRONG_FORMAT = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


async def test_stored_moments_have_six_digits_and_a_z(ask: Ask, ada: Player) -> None:
    me = body_of(await ask(ada, "GET", "/users/me/"))
    fits(me, {"id": lower_case_uuid, "created_at": instant, "updated_at": instant, "profile": {"join_date": date}})
    assert uuid.UUID(me["id"]).version == 4
    assert me["profile"]["join_date"] == me["created_at"][:10]


async def test_computed_moments_have_an_offset(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(ada, "GET", "/dex/entries/sync_entries/"))
    fits(body["server_time"], computed_instant)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(body["server_time"])).total_seconds()) < 60


async def test_moments_decimals_and_files_of_an_entry(ask: Ask, mesh: Mesh, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    given = {
        "2025-02-02T03:04:05+02:00": "2025-02-02T01:04:05.000000Z",
        "2025-02-02T03:04:05Z": "2025-02-02T03:04:05.000000Z",
        "2025-02-03T03:04:05.25": "2025-02-03T03:04:05.250000Z",
        "2025-02-04T03:04": "2025-02-04T03:04:00.000000Z",
    }
    for sent, stored in given.items():
        entry = await catch(ask, eve, animal, catch_date=sent, location_lat="12.345678", location_lon="-5.5")
        assert entry["catch_date"] == stored
        assert (entry["location_lat"], entry["location_lon"]) == ("12.345678", "-5.500000")
        assert entry["original_image"].startswith(f"{mesh.url}/media/")


@pytest.mark.parametrize("wrong", ["yesterday", "2025-13-01", "02/02/2025", "1700000000", "2025-02-30T00:00:00Z"])
async def test_what_is_no_moment(ask: Ask, ada: Player, wrong: str) -> None:
    animal = await new_animal(ask, ada)
    answer = await ask(ada, "POST", "/dex/entries/", json={"animal": animal["id"], "catch_date": wrong})
    assert body_of(answer, 400)["catch_date"][0] in (WRONG_FORMAT, "Datetime has wrong format.")
    if wrong == "yesterday":
        refused(answer, 400, {"catch_date": [WRONG_FORMAT]})


async def test_addresses_of_files_do_not_follow_the_host_header(ask: Ask, mesh: Mesh, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    await catch(ask, eve, await new_animal(ask, eve))
    lying = {"Host": "localhost:81", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    for path in ("/dex/entries/my_entries/", "/dex/entries/sync_entries/"):
        answer = await ask(eve, "GET", path, headers=lying)
        assert "evil.example" not in answer.text and "localhost:81" not in answer.text
        assert f"{mesh.url}/media/" in answer.text
    page = body_of(await ask(eve, "GET", "/animals/", headers=lying))
    assert page["next"] is None or page["next"].startswith(f"{mesh.url}/api/v1/animals/?")


async def test_text_is_utf_8(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    answer: httpx.Response = await ask(eve, "PATCH", "/users/me/", json={"bio": "Käuzchen 🦉 “owl”"})
    assert "Käuzchen 🦉 “owl”".encode() in answer.content
    assert body_of(answer)["bio"] == "Käuzchen 🦉 “owl”"


async def test_decimals_of_the_taxonomy_are_text(ask: Ask) -> None:
    for taxon in body_of(await ask(None, "GET", "/taxonomy/search/?genus=bison"))["results"]:
        assert isinstance(taxon["completeness_score"], str | None)
