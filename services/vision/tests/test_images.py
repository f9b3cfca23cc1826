"""An upload is converted, looked at and downloaded (contract I1-I4)."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.testing import SignIn
from libs.common.values import now
from services.vision.models import ImageConversion, Picture
from services.vision.tests.samples import decoded, encoded, gray_bomb, jpeg, picture, png

CONVERT = "/api/v1/images/convert/"
INVALID = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."


@pytest.fixture
def player() -> UUID:
    return uuid4()


@pytest.fixture
def headers(sign_in: SignIn, player: UUID) -> dict[str, str]:
    return sign_in(player)


async def upload(
    client: httpx.AsyncClient, headers: dict[str, str], data: bytes, transformations: str | None = None
) -> httpx.Response:
    fields = {} if transformations is None else {"transformations": transformations}
    files = {"image": ("../../image.jpg", data, "image/jpeg")}
    return await client.post(CONVERT, headers=headers, files=files, data=fields)


async def count(db: Database) -> int:
    async with db.reading() as session:
        return await session.scalar(select(func.count()).select_from(ImageConversion)) or 0


async def convert_one(client: httpx.AsyncClient, headers: dict[str, str], width: int = 64) -> dict[str, Any]:
    """A conversion of a small picture, as the API tells of it."""
    answer = await upload(client, headers, jpeg(width))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def expire(db: Database, *, minutes: int = 0, but: str | None = None) -> None:
    """Lets all conversions have expired a moment, or so many minutes, ago."""
    past = now() - timedelta(minutes=minutes, seconds=1)
    async with db.transaction() as session:
        spared = ImageConversion.id != UUID(but) if but else True
        await session.execute(update(ImageConversion).where(spared).values(expires_at=past))


async def test_convert_look_and_download(client: httpx.AsyncClient, headers: dict[str, str], blobs: Blobs) -> None:
    answer = await upload(client, headers, png(640, 480), '{"rotation":90}')
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert set(body) == {"id", "download_url", "metadata", "created_at", "expires_at"}
    assert body["download_url"] == f"http://testserver{CONVERT}{body['id']}/download/"
    assert body["created_at"].endswith("Z")
    assert body["metadata"] == {
        "original_format": "PNG",
        "original_size": [640, 480],
        "converted_size": [480, 640],
        "transformations_applied": {"rotation": 90},
        "checksum": body["metadata"]["checksum"],
    }
    looked = await client.get(f"{CONVERT}{body['id']}/", headers=headers)
    assert (looked.status_code, looked.json()) == (200, body)

    download = await client.get(f"{CONVERT}{body['id']}/download/", headers=headers)
    assert download.status_code == 200
    assert download.headers["content-type"] == "image/png"
    assert int(download.headers["content-length"]) == len(download.content)
    assert download.headers["content-disposition"].startswith('inline; filename="')
    assert hashlib.sha256(download.content).hexdigest() == body["metadata"]["checksum"]
    assert decoded(download.content).size == (480, 640)


async def test_what_is_recorded_of_a_picture(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, blobs: Blobs
) -> None:
    original = png(640, 480)
    answer = await upload(client, headers, original, '{"rotation":90, "crop":{"x":0,"y":0,"width":9999,"height":1}}')
    assert answer.status_code == 201, answer.text
    async with db.reading() as session:
        kept = (await session.scalars(select(Picture))).one()
    assert kept.origin == {
        "source_type": "user_upload",
        "format": "PNG",
        "dimensions": {"width": 640, "height": 480},
        "checksum": hashlib.sha256(original).hexdigest(),
        "orientation": 1,
        "transformations": {"rotation": 90},
        "warnings": ["crop_outside"],
    }
    assert kept.thumbnail_key is not None
    assert kept.thumbnail_key.startswith("media/")
    assert kept.thumbnail_key != kept.key
    assert decoded(await blobs.get(kept.thumbnail_key)).size == (192, 256)


async def test_a_repeated_upload_is_the_same_conversion(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, sign_in: SignIn
) -> None:
    first = await upload(client, headers, jpeg(), '{"rotation": 90}')
    again = await upload(client, headers, jpeg(), '{"rotation": 90.0}')
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    for other in (
        await upload(client, headers, jpeg()),
        await upload(client, headers, jpeg(65, 48), '{"rotation":90}'),
        await upload(client, sign_in(uuid4()), jpeg(), '{"rotation":90}'),
    ):
        assert other.status_code == 201
    await expire(db)
    assert (await upload(client, headers, jpeg(), '{"rotation":90}')).status_code == 201
    assert await count(db) == 5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The submitted file is empty."),
        (b"just text", INVALID),
        (jpeg(800, 600)[:5000], INVALID),
        (encoded(picture(), "GIF"), "Unsupported image format: image/gif. Allowed formats: JPEG, PNG, WebP, HEIC."),
        (b"x" * (10 * 1024 * 1024 + 1), "Image file too large. Maximum size is 10.0MB."),
        (gray_bomb(13_000), "Image has too many pixels. Maximum is 50000000."),
    ],
)
async def test_what_is_no_picture_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, data: bytes, message: str
) -> None:
    answer = await upload(client, headers, data)
    assert (answer.status_code, answer.json()) == (400, {"image": [message], "detail": message})
    assert await count(db) == 0


@pytest.mark.parametrize("fields", [{}, {"image": ""}, {"transformations": "{}"}])
async def test_no_file(client: httpx.AsyncClient, headers: dict[str, str], fields: dict[str, str]) -> None:
    message = "No file was submitted."
    for answer in (
        await client.post(CONVERT, headers=headers, data=fields),
        await client.post(CONVERT, headers=headers, json=fields),
    ):
        assert (answer.status_code, answer.json()) == (400, {"image": [message], "detail": message})


ROTATION = "Rotation must be one of: 0, 90, 180, 270."
CROP_NUMBERS = "Crop values must be numbers."


@pytest.mark.parametrize(
    ("transformations", "message"),
    [
        ("{", "Value must be valid JSON."),
        ("NaN", "Value must be valid JSON."),
        ("[" * 5000, "Value must be valid JSON."),
        ("[]", "Transformations must be a JSON object."),
        ("null", "Transformations must be a JSON object."),
        ('"rotate"', "Transformations must be a JSON object."),
        ('{"rotation": 45}', ROTATION),
        ('{"rotation": -90}', ROTATION),
        ('{"rotation": 1e9}', ROTATION),
        ('{"rotation": "90"}', ROTATION),
        ('{"rotation": null}', ROTATION),
        ('{"rotation": false}', ROTATION),
        ('{"crop": [1,2,3,4]}', "Crop must be a JSON object."),
        ('{"crop": {"x": 1, "y": 2, "width": 3}}', "Crop must contain: x, y, width, height."),
        ('{"crop": {"x": "a", "y": 2, "width": 3, "height": 4}}', CROP_NUMBERS),
        ('{"crop": {"x": null, "y": 2, "width": 3, "height": 4}}', CROP_NUMBERS),
        ('{"crop": {"x": true, "y": 2, "width": 3, "height": 4}}', CROP_NUMBERS),
    ],
)
async def test_bad_transformations(
    client: httpx.AsyncClient, headers: dict[str, str], db: Database, transformations: str, message: str
) -> None:
    answer = await upload(client, headers, jpeg(), transformations)
    assert (answer.status_code, answer.json()) == (400, {"transformations": [message], "detail": message})
    assert await count(db) == 0


@pytest.mark.parametrize(
    ("transformations", "applied"),
    [
        ("", {}),
        ("{}", {}),
        ('{"rotation": 0.0}', {}),
        (
            '{"crop": {"x": 1.0, "y": 2, "width": 3.9, "height": 4}}',
            {"crop": {"x": 1, "y": 2, "width": 3, "height": 4}},
        ),
        ('{"crop": {"x": 1e300, "y": 2, "width": 3, "height": 4}}', {}),
        ('{"something": "else", "rotation": 270}', {"rotation": 270}),
    ],
)
async def test_good_transformations(
    client: httpx.AsyncClient, headers: dict[str, str], transformations: str, applied: dict[str, Any]
) -> None:
    answer = await upload(client, headers, jpeg(), transformations)
    assert answer.status_code == 201
    assert answer.json()["metadata"]["transformations_applied"] == applied


async def test_for_its_owner_only_and_for_half_an_hour(
    client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn, db: Database
) -> None:
    path = f"{CONVERT}{(await upload(client, headers, jpeg())).json()['id']}/"
    missing = {"detail": "No ImageConversion matches the given query."}
    for place in (path, f"{path}download/"):
        foreign = await client.get(place, headers=sign_in(uuid4()))
        assert (foreign.status_code, foreign.json()) == (404, missing)
        assert (await client.get(place)).status_code == 401
    await expire(db)
    gone = await client.get(f"{path}download/", headers=headers)
    text = "This conversion has expired"
    assert (gone.status_code, gone.json()) == (410, {"error": text, "detail": text})
    assert (await client.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("place", ["zz/", f"{uuid4()}/", "zz/download/", f"{uuid4()}/download/"])
async def test_unknown_conversions(client: httpx.AsyncClient, headers: dict[str, str], place: str) -> None:
    assert (await client.get(CONVERT + place, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("method", "place"), [("GET", ""), ("PUT", "x/"), ("PATCH", "x/"), ("DELETE", "x/"), ("POST", "x/download/")]
)
async def test_other_methods(client: httpx.AsyncClient, headers: dict[str, str], method: str, place: str) -> None:
    answer = await client.request(method, CONVERT + place.replace("x", str(uuid4())), headers=headers)
    assert (answer.status_code, answer.json()) == (405, {"detail": f'Method "{method}" not allowed.'})


async def test_as_the_client_sends_it(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Godot begins its multipart body with an empty line and ends it with another (contract C7)."""
    boundary = b"GodotBiologiDexBoundary"
    body = (
        b"\r\n--" + boundary + b'\r\nContent-Disposition: form-data; name="image"; filename="image.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + png() + b"\r\n--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="transformations"\r\n\r\n{"rotation":90}\r\n--' + boundary + b"--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=GodotBiologiDexBoundary"}
    answer = await client.post(CONVERT, headers={**headers, **kind}, content=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["metadata"]["original_format"] == "PNG"
    assert answer.json()["metadata"]["converted_size"] == [48, 64]
