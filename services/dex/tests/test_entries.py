"""A capture becomes an entry: what is kept, what is refused, and what a repeated request does (contract D2)."""

import asyncio
from uuid import UUID, uuid4

import pytest

from libs.contracts.dex import DexCreated
from services.dex.tests.neighbors import Neighbors
from services.dex.tests.story import ENTRIES, Story, identified, picture

NOBODY = "00000000-0000-4000-8000-000000000000"


async def post(story: Story, player, body, **options):
    return await story.client.post(ENTRIES, json=body, headers=player.headers, **options)


async def test_keeps_a_fox_and_tells_of_it(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes", "Red Fox")
    job = await story.job(ada, picture("fox"))
    body = {"animal": str(fox), "visibility": "public", "source_vision_job": str(job), "notes": " by the river "}
    answer = await post(story, ada, body)
    assert answer.status_code == 201
    entry = answer.json()
    assert entry == {
        "id": entry["id"],
        "animal": str(fox),
        "source_vision_job": str(job),
        "original_image": picture("fox").url,
        "location_lat": None,
        "location_lon": None,
        "location_name": "",
        "notes": "by the river",
        "catch_date": entry["catch_date"],
        "visibility": "public",
    }
    assert entry["catch_date"].endswith("Z") and len(entry["catch_date"]) == 27
    [told] = await story.told()
    assert isinstance(told, DexCreated)
    assert (told.id, told.version, told.owner_id, told.animal_id) == (UUID(entry["id"]), 1, ada.id, fox)
    assert told.picture == picture("fox")
    assert answer.headers["x-consistency-token"] == f"dex/{entry['id']}@1"


async def test_the_same_request_again_leads_to_the_same_entry(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    job = await story.job(ada)
    body = {"animal": str(fox), "source_vision_job": str(job)}
    first, again = await post(story, ada, body), await post(story, ada, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(await story.told()) == 1


async def test_parallel_repeats_make_one_row(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    body = {"animal": str(fox), "source_vision_job": str(await story.job(ada))}
    answers = await asyncio.gather(*(post(story, ada, body) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await story.get(ada, "my_entries/"))["count"] == 1
    assert len(await story.told()) == 1


async def test_parallel_entries_of_one_moment_make_one_row(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    jobs = [await story.job(ada) for _ in range(8)]
    moment = "2026-05-01T12:00:00Z"
    answers = await asyncio.gather(
        *(post(story, ada, {"animal": str(fox), "source_vision_job": str(job), "catch_date": moment}) for job in jobs)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    refused = next(answer.json() for answer in answers if answer.status_code == 400)
    assert refused["non_field_errors"] == [refused["detail"]]
    assert len(await story.told()) == 1


async def test_the_same_job_shows_another_animal_too(story: Story) -> None:
    """Manual identification uses the photo again for what the machine got wrong (contract C10)."""
    ada = await story.player("ada")
    job = await story.job(ada)
    fox, wolf = await story.animal("Vulpes vulpes"), await story.animal("Canis lupus")
    one = await story.catch(ada, fox, source_vision_job=job)
    other = await story.catch(ada, wolf, source_vision_job=job)
    assert one["id"] != other["id"]


async def test_places_and_dates_are_kept_as_given(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = await story.catch(
        ada,
        fox,
        location_lat=12.345678,
        location_lon="-5.5",
        location_name="Home",
        catch_date="2025-02-02T03:04:05+02:00",
    )
    assert (entry["location_lat"], entry["location_lon"]) == ("12.345678", "-5.500000")
    assert entry["catch_date"] == "2025-02-02T01:04:05.000000Z"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "animal", "This field is required."),
        ({"animal": "zz"}, "animal", "“zz” is not a valid UUID."),
        ({"animal": NOBODY}, "animal", f'Invalid pk "{NOBODY}" - object does not exist.'),
        ({"visibility": "zzz"}, "visibility", '"zzz" is not a valid choice.'),
        ({"source_vision_job": "zz"}, "source_vision_job", "Must be a valid UUID."),
        ({"source_vision_job": ""}, "source_vision_job", "Must be a valid UUID."),
        ({"location_lat": 1.2345678}, "location_lat", "Ensure that there are no more than 6 decimal places."),
        ({"location_lon": 181}, "location_lon", "Ensure this value is less than or equal to 180."),
        ({"location_lat": "NaN"}, "location_lat", "A valid number is required."),
        ({"location_name": "x" * 201}, "location_name", "Ensure this field has no more than 200 characters."),
        ({"notes": "x" * 10_001}, "notes", "Ensure this field has no more than 10000 characters."),
        ({"notes": "\x00"}, "notes", "Null characters are not allowed."),
        ({"notes": None}, "notes", "This field may not be null."),
        ({"original_image": "me.jpg"}, "original_image", None),
        ({"source_vision_job": None}, "non_field_errors", None),
    ],
)
async def test_refuses_in_the_words_of_the_contract(story: Story, body, field: str, message: str | None) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    good = {"animal": str(fox), "source_vision_job": str(await story.job(ada))}
    answer = await post(story, ada, {**good, **body} if body else {})
    assert answer.status_code == 400, answer.text
    if message is not None:
        assert answer.json()[field] == [message]
    assert answer.json()["detail"] == answer.json()[field][0]
    assert await story.told() == []


async def test_needs_a_picture(story: Story) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    answer = await post(story, ada, {"animal": str(fox)})
    assert answer.status_code == 400
    assert answer.json()["non_field_errors"] == ["Either source_vision_job or original_image must be provided."]


async def test_another_players_job_is_no_job(story: Story, neighbors: Neighbors) -> None:
    ada, bob, fox = await story.player("ada"), await story.player("bob"), await story.animal("Vulpes vulpes")
    answer = await post(story, ada, {"animal": str(fox), "source_vision_job": str(await story.job(bob))})
    assert answer.status_code == 400
    assert list(answer.json()) == ["source_vision_job", "detail"]
    assert neighbors.asked == []


async def test_asks_the_owner_of_an_animal_it_has_not_heard_of(story: Story, neighbors: Neighbors) -> None:
    ada, fox = await story.player("ada"), uuid4()
    neighbors.answers[f"/api/v1/animals/{fox}/"] = {
        "scientific_name": "Vulpes vulpes",
        "common_name": "Red Fox",
        "conservation_status": "LC",
        "creation_index": 7,
        "verified": True,
        "created_by": None,
    }
    await story.catch(ada, fox)
    await story.catch(ada, fox)
    assert neighbors.asked == [f"GET /api/v1/animals/{fox}/"]
    [one, _] = (await story.sync(ada))["entries"]
    assert (one["creation_index"], one["common_name"]) == (7, "Red Fox")


async def test_asks_about_a_job_that_was_completed_a_moment_ago(story: Story, neighbors: Neighbors) -> None:
    ada, fox, job = await story.player("ada"), await story.animal("Vulpes vulpes"), uuid4()
    body = {"animal": str(fox), "source_vision_job": str(job)}
    answer = {"id": str(job), "user_id": str(ada.id), "status": "processing", "picture": None}
    neighbors.answers[f"/internal/jobs/{job}/"] = answer
    assert (await post(story, ada, body)).status_code == 400
    answer |= {"status": "completed", "picture": picture("fox").model_dump(mode="json")}
    assert (await post(story, ada, body)).status_code == 201
    assert neighbors.asked == [f"GET /internal/jobs/{job}/"] * 2


async def test_a_job_with_its_upload_only_gets_its_picture_now(story: Story, neighbors: Neighbors) -> None:
    ada, fox, job = await story.player("ada"), await story.animal("Vulpes vulpes"), uuid4()
    await story.happened(identified(job, ada.id, None))
    completed = {"id": str(job), "user_id": str(ada.id), "status": "completed", "picture": None}
    neighbors.answers[f"/internal/jobs/{job}/"] = completed
    neighbors.answers[f"/internal/jobs/{job}/picture/"] = picture("made now").model_dump(mode="json")
    entry = await story.catch(ada, fox, source_vision_job=job)
    assert entry["original_image"] == picture("made now").url


@pytest.mark.parametrize("refusal", [(400, {"image": ["no"], "detail": "no"}), (404, {"detail": "Not found."})])
async def test_a_job_without_any_picture_makes_no_entry(story: Story, neighbors: Neighbors, refusal) -> None:
    ada, fox, job = await story.player("ada"), await story.animal("Vulpes vulpes"), uuid4()
    completed = {"id": str(job), "user_id": str(ada.id), "status": "completed", "picture": None}
    neighbors.answers[f"/internal/jobs/{job}/"] = completed
    neighbors.answers[f"/internal/jobs/{job}/picture/"] = refusal
    answer = await post(story, ada, {"animal": str(fox), "source_vision_job": str(job)})
    assert (answer.status_code, list(answer.json())) == (400, ["source_vision_job", "detail"])
    assert await story.told() == []


async def test_a_silent_neighbor_is_503_and_nothing_is_kept(story: Story, neighbors: Neighbors) -> None:
    ada, fox = await story.player("ada"), uuid4()
    neighbors.answers[f"/api/v1/animals/{fox}/"] = (500, {"detail": "Internal server error."})
    answer = await post(story, ada, {"animal": str(fox), "source_vision_job": str(uuid4())})
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert await story.told() == []


async def test_an_uploaded_picture_becomes_the_entrys_own(story: Story, neighbors: Neighbors) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    neighbors.answers["/internal/pictures/"] = (201, picture("upload").model_dump(mode="json"))
    answer = await story.client.post(
        ENTRIES, data={"animal": str(fox)}, files={"original_image": ("a.jpg", b"jpeg")}, headers=ada.headers
    )
    assert answer.status_code == 201, answer.text
    entry = await story.get(ada, f"{answer.json()['id']}/")
    assert entry["original_image"] == entry["processed_image"] == picture("upload").url
    [item] = (await story.sync(ada))["entries"]
    assert (item["dex_compatible_url"], item["image_checksum"]) == (picture("upload").url, picture("upload").sha256)


async def test_with_both_the_job_is_shown_and_the_upload_is_the_original(story: Story, neighbors: Neighbors) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    neighbors.answers["/internal/pictures/"] = (201, picture("upload").model_dump(mode="json"))
    body = {"animal": str(fox), "source_vision_job": str(await story.job(ada, picture("job")))}
    answer = await story.client.post(
        ENTRIES, data=body, files={"original_image": ("a.jpg", b"jpeg")}, headers=ada.headers
    )
    assert answer.json()["original_image"] == picture("upload").url
    [item] = (await story.sync(ada))["entries"]
    assert item["dex_compatible_url"] == picture("job").url


async def test_a_bad_upload_is_told_by_the_field_it_came_in(story: Story, neighbors: Neighbors) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    message = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
    neighbors.answers["/internal/pictures/"] = (400, {"image": [message], "detail": message})
    answer = await story.client.post(
        ENTRIES, data={"animal": str(fox)}, files={"original_image": ("a.jpg", b"text")}, headers=ada.headers
    )
    assert (answer.status_code, answer.json()) == (400, {"original_image": [message], "detail": message})


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [(b"[]", "application/json", 400), (b"{", "application/json", 400), (b"x", "text/plain", 415)],
)
async def test_a_body_that_is_no_object_is_refused(story: Story, content, content_type, status) -> None:
    ada = await story.player("ada")
    headers = {**ada.headers, "Content-Type": content_type}
    answer = await story.client.post(ENTRIES, content=content, headers=headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
