"""What dex and users ask vision, with the player's token (contract D2, U8, B4)."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.testing import SignIn
from libs.contracts.event import Picture
from services.vision.models import Picture as StoredPicture
from services.vision.tests.conftest import MakeJob, job_of
from services.vision.tests.samples import decoded, gray_bomb, jpeg, png
from services.vision.tests.test_images import INVALID


@pytest.fixture
def player() -> UUID:
    return uuid4()


async def store(client: httpx.AsyncClient, headers: dict[str, str], data: bytes) -> httpx.Response:
    return await client.post("/internal/pictures/", headers=headers, files={"image": ("image", data)})


async def test_a_picture_that_comes_with_an_entry(client: httpx.AsyncClient, sign_in: SignIn, blobs: Blobs) -> None:
    answer = await store(client, sign_in(), jpeg(4000, 1000))
    assert answer.status_code == 201, answer.text
    picture = Picture.model_validate(answer.json())
    assert (picture.width, picture.height) == (2560, 640)
    stored = await blobs.get(picture.url.removeprefix("http://testserver/"))
    assert decoded(stored).format == "PNG"


async def give_face(
    client: httpx.AsyncClient, headers: dict[str, str], user_id: UUID, data: bytes | None = None
) -> httpx.Response:
    files = {"image": ("image", data or jpeg(2000, 1000))}
    return await client.post(f"/internal/avatars/{user_id}/", headers=headers, files=files)


async def test_an_avatar_is_small_and_its_players_own(
    client: httpx.AsyncClient, sign_in: SignIn, player: UUID, db: Database, blobs: Blobs
) -> None:
    answers = [
        await give_face(client, sign_in(player), player),
        await give_face(client, sign_in(is_staff=True), player),
        await give_face(client, sign_in(player), player, png(300, 200)),
    ]
    for answer, size in zip(answers, [(512, 256), (512, 256), (300, 200)], strict=True):
        made = Picture.model_validate(answer.json())
        assert (answer.status_code, (made.width, made.height)) == (201, size)
        assert decoded(await blobs.get(made.url.removeprefix("http://testserver/"))).size == size
    async with db.reading() as session:
        kept = (await session.scalars(select(StoredPicture))).all()
    assert {picture.user_id for picture in kept} == {player}, "so that it goes with its player"
    assert {picture.origin["source_type"] for picture in kept} == {"avatar"}
    foreign = await give_face(client, sign_in(), player)
    assert (foreign.status_code, foreign.json()) == (404, {"detail": "No User matches the given query."})


@pytest.mark.parametrize("data", [b"text", gray_bomb(13_000)])
async def test_what_is_no_picture(client: httpx.AsyncClient, sign_in: SignIn, player: UUID, data: bytes) -> None:
    for answer in (await store(client, sign_in(), data), await give_face(client, sign_in(player), player, data)):
        assert answer.status_code == 400
        assert list(answer.json()) == ["image", "detail"]


async def test_needs_a_token(client: httpx.AsyncClient) -> None:
    assert (await store(client, {}, jpeg())).status_code == 401
    assert (await give_face(client, {}, uuid4())).status_code == 401
    assert (await client.get(f"/internal/jobs/{uuid4()}/")).status_code == 401


async def ask(client: httpx.AsyncClient, headers: dict[str, str], job_id: UUID) -> Any:
    answer = await client.get(f"/internal/jobs/{job_id}/", headers=headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


async def test_a_job_and_its_picture(
    client: httpx.AsyncClient, sign_in: SignIn, player: UUID, make_job: MakeJob, db: Database
) -> None:
    job_id = await make_job(jpeg(), user_id=player, status="completed", run_at=None, image_conversion_status="failed")
    headers = sign_in(player)
    known = {"id": str(job_id), "user_id": str(player), "status": "completed"}
    assert await ask(client, headers, job_id) == {**known, "picture": None}
    assert await ask(client, sign_in(uuid4()), job_id) == 404

    path = f"/internal/jobs/{job_id}/picture/"
    assert (await client.post(path, headers=sign_in(uuid4()))).status_code == 404
    made = (await client.post(path, headers=headers)).json()
    assert (made["width"], made["height"]) == (64, 48)
    assert (await client.post(path, headers=headers)).json() == made
    assert await ask(client, headers, job_id) == {**known, "picture": made}
    assert (await job_of(db, job_id)).image_conversion_status == "completed"


async def test_a_job_without_a_usable_picture(
    client: httpx.AsyncClient, sign_in: SignIn, player: UUID, make_job: MakeJob
) -> None:
    job_id = await make_job(b"text", user_id=player, status="completed", run_at=None)
    answer = await client.post(f"/internal/jobs/{job_id}/picture/", headers=sign_in(player))
    assert (answer.status_code, answer.json()["image"]) == (400, [INVALID])
