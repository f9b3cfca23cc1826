"""D2: a capture is kept, once, with a picture, or refused in the contract's words."""

import asyncio
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import catch, looked_at, new_animal, new_picture
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import NEW_ENTRY
from tests.contract.pictures import as_file, corners, encoded, served, upright
from tests.mesh import NewPlayer
from tests.shapes import fits

PATH = "/dex/entries/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="session")
async def job(ask: Ask, collector: Player) -> Json:
    return await looked_at(ask, collector)


@pytest.fixture(scope="session")
async def animal(ask: Ask, collector: Player) -> Json:
    return await new_animal(ask, collector)


async def test_from_a_job_as_the_client_does(ask: Ask, collector: Player, job: Json) -> None:
    """Also for an animal that the job did not detect: that is how players name one themselves."""
    animal = await new_animal(ask, collector)
    body = {"animal": animal["id"], "visibility": "friends", "source_vision_job": job["id"], "notes": "  By the lake. "}
    entry = body_of(await ask(collector, "POST", PATH, json=body), 201)
    fits(entry, NEW_ENTRY)
    assert (entry["animal"], entry["source_vision_job"]) == (animal["id"], job["id"])
    assert (entry["visibility"], entry["notes"], entry["location_name"]) == ("friends", "By the lake.", "")
    assert (entry["location_lat"], entry["location_lon"]) == (None, None)
    assert entry["original_image"] == job["dex_compatible_url"]


async def test_with_everything(ask: Ask, collector: Player) -> None:
    animal = await new_animal(ask, collector)
    entry = await catch(
        ask,
        collector,
        animal,
        location_lat="12.345678",
        location_lon="-5.5",
        location_name="Lac Rose",
        notes="Pink.",
        catch_date="2025-02-02T03:04:05+02:00",
        visibility="public",
    )
    fits(entry, NEW_ENTRY)
    assert entry["source_vision_job"] is None
    assert (entry["location_lat"], entry["location_lon"]) == ("12.345678", "-5.500000")
    assert (entry["location_name"], entry["notes"], entry["visibility"]) == ("Lac Rose", "Pink.", "public")
    assert entry["catch_date"] == "2025-02-02T01:04:05.000000Z"


async def test_an_uploaded_picture_becomes_a_png_without_luggage(ask: Ask, collector: Player, animal: Json) -> None:
    image = corners(120, 60)
    exif = image.getexif()
    exif[0x0112], exif[0x010E] = 8, "52.5200N 13.4050E"
    files = {"original_image": ("image.jpg", encoded(image, "JPEG", exif=exif, quality=95), "image/jpeg")}
    entry = body_of(await ask(collector, "POST", PATH, data={"animal": animal["id"]}, files=files), 201)
    png = await served(entry["original_image"])
    assert upright(png) == "GWRB"
    assert b"52.5200N" not in png
    synced = await collector.get("/dex/entries/sync_entries/")
    shown = next(each for each in synced["entries"] if each["id"] == entry["id"])
    assert (await served(shown["dex_compatible_url"])).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, {"non_field_errors": ["Either source_vision_job or original_image must be provided."]}),
        ({"visibility": "zzz"}, {"visibility": ['"zzz" is not a valid choice.']}),
        ({"source_vision_job": "koala"}, {"source_vision_job": ["Must be a valid UUID."]}),
        ({"source_vision_job": ""}, {"source_vision_job": ["Must be a valid UUID."]}),
        ({"source_vision_job": 7}, {"source_vision_job": ["Must be a valid UUID."]}),
        ({"animal": None}, {"animal": ["This field may not be null."]}),
        ({"animal": "zz"}, {"animal": ["“zz” is not a valid UUID."]}),
        ({"animal": UNKNOWN}, {"animal": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"notes": "n" * 10_001}, {"notes": ["Ensure this field has no more than 10000 characters."]}),
        ({"location_name": "n" * 201}, {"location_name": ["Ensure this field has no more than 200 characters."]}),
        ({"location_lat": "1.2345678"}, {"location_lat": ["Ensure that there are no more than 6 decimal places."]}),
        ({"location_lat": "north"}, {"location_lat": ["A valid number is required."]}),
        (
            {"catch_date": "yesterday"},
            {
                "catch_date": [
                    "Datetime has wrong format. Use one of these formats instead: "
                    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
                ]
            },
        ),
    ],
)
async def test_refused_bodies(ask: Ask, collector: Player, job: Json, animal: Json, body: Json, refusal: Json) -> None:
    given = {"animal": animal["id"]} | ({"source_vision_job": job["id"]} if body else {}) | body
    before = (await collector.get("/dex/entries/my_entries/"))["count"]
    refused(await ask(collector, "POST", PATH, json=given), 400, refusal)
    assert (await collector.get("/dex/entries/my_entries/"))["count"] == before


async def test_the_animal_is_required(ask: Ask, collector: Player, job: Json) -> None:
    answer = await ask(collector, "POST", PATH, json={"source_vision_job": job["id"]})
    refused(answer, 400, {"animal": ["This field is required."]})


@pytest.mark.parametrize("latitude", [91, -90.5, 1234, "NaN", "Infinity", 1e999])
async def test_places_that_are_nowhere(ask: Ask, collector: Player, job: Json, animal: Json, latitude: Any) -> None:
    text = '{"animal": "%s", "source_vision_job": "%s", "location_lat": %s}'
    value = f'"{latitude}"' if isinstance(latitude, str) else str(latitude).replace("inf", "1e999")
    content = text % (animal["id"], job["id"], value)
    answer = await ask(collector, "POST", PATH, content=content, headers={"Content-Type": "application/json"})
    assert isinstance(body_of(answer, 400)["detail"], str)


async def test_a_picture_that_is_none(ask: Ask, collector: Player, animal: Json) -> None:
    files = {"original_image": ("image.jpg", b"just some words", "image/jpeg")}
    body = body_of(await ask(collector, "POST", PATH, data={"animal": animal["id"]}, files=files), 400)
    assert body["detail"] == body["original_image"][0]
    answer = await ask(collector, "POST", PATH, json={"animal": animal["id"], "original_image": "koala.jpg"})
    assert "original_image" in body_of(answer, 400)


async def test_somebody_elses_job_is_none(ask: Ask, circle: Circle, collector: Player, koala_job: Json) -> None:
    body = {"animal": koala_job["identified_animal"], "source_vision_job": koala_job["id"]}
    answer = body_of(await ask(collector, "POST", PATH, json=body), 400)
    assert answer["detail"] == answer["source_vision_job"][0]
    unknown = body_of(await ask(collector, "POST", PATH, json=body | {"source_vision_job": UNKNOWN}), 400)
    assert unknown["source_vision_job"][0].replace(UNKNOWN, "…") == answer["source_vision_job"][0].replace(
        koala_job["id"], "…"
    )


async def test_a_failed_job_is_no_source(ask: Ask, collector: Player, animal: Json) -> None:
    job = await looked_at(ask, collector, cv_method="openai")
    answer = await ask(collector, "POST", PATH, json={"animal": animal["id"], "source_vision_job": job["id"]})
    assert "source_vision_job" in body_of(answer, 400)


async def test_a_replay_is_the_entry_there_is(ask: Ask, collector: Player, job: Json) -> None:
    animal = await new_animal(ask, collector)
    body = {"animal": animal["id"], "source_vision_job": job["id"]}
    answers = await asyncio.gather(*(ask(collector, "POST", PATH, json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    bodies = [answer.json() for answer in answers]
    assert bodies == [bodies[0]] * 5


async def test_the_same_moment_twice_is_refused(ask: Ask, collector: Player) -> None:
    animal = await new_animal(ask, collector)
    data = {"animal": animal["id"], "catch_date": "2026-01-01T10:00:00Z"}

    async def post() -> Any:
        files = {"original_image": as_file(new_picture())["image"]}
        return await ask(collector, "POST", PATH, data=data, files=files)

    answers = await asyncio.gather(post(), post(), post())
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400]
    for answer in answers:
        if answer.status_code == 400:
            body = body_of(answer, 400)
            assert body["detail"] == body["non_field_errors"][0]


async def test_only_ones_own_fields_are_taken(ask: Ask, collector: Player, job: Json, ben: Player) -> None:
    animal = await new_animal(ask, collector)
    foreign = {"owner": ben.id, "id": UNKNOWN, "created_at": "2001-01-01T00:00:00Z", "is_favorite": True}
    body = {"animal": animal["id"], "source_vision_job": job["id"], **foreign}
    entry = body_of(await ask(collector, "POST", PATH, json=body), 201)
    stored = await collector.get(f"/dex/entries/{entry['id']}/")
    assert entry["id"] != UNKNOWN
    assert (stored["owner"], stored["is_favorite"]) == (collector.id, False)
    assert stored["created_at"] > "2026"


async def test_an_animal_and_a_job_of_a_moment_ago(ask: Ask, new_player: NewPlayer) -> None:
    """No event need have arrived: a miss in a local copy is never the last word (contract E)."""
    eve = await new_player("eve")
    done = await looked_at(ask, eve)
    for _ in range(3):
        animal = await new_animal(ask, eve)
        entry = await eve.catch(done, animal["id"])
        assert entry["animal"] == animal["id"]
