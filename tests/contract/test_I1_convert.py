"""I1: an upload becomes the PNG that the dex would show, or the reason why not."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.captures import new_picture
from tests.contract.objects_of_vision import CONVERSION
from tests.contract.pictures import as_file, corners, encoded, plain
from tests.shapes import fits

PATH = "/images/convert/"


async def convert(ask: Ask, player: Player, picture: bytes, transformations: Any = None) -> Json:
    """The conversion; the client takes 200, which a repeat is answered with, as well as 201."""
    data = {} if transformations is None else {"transformations": json.dumps(transformations)}
    answer = await ask(player, "POST", PATH, files=as_file(picture), data=data)
    return body_of(answer, 200 if answer.status_code == 200 else 201)


async def test_the_answer_is_the_contracts_object(ask: Ask, ada: Player) -> None:
    answer = await ask(ada, "POST", PATH, files=as_file(encoded(corners(80, 60), "JPEG", quality=91)))
    found = body_of(answer, 201)
    fits(found, CONVERSION)
    assert found["metadata"]["original_format"] == "JPEG"
    assert found["metadata"]["original_size"] == found["metadata"]["converted_size"] == [80, 60]
    assert found["metadata"]["transformations_applied"] == {}
    lifetime = datetime.fromisoformat(found["expires_at"]) - datetime.fromisoformat(found["created_at"])
    assert lifetime == timedelta(minutes=30)


async def test_the_download_url_and_the_checksum_are_those_of_the_png(ask: Ask, ada: Player) -> None:
    found = await convert(ask, ada, encoded(corners(), "JPEG", quality=92))
    assert found["download_url"].endswith(f"/api/v1/images/convert/{found['id']}/download/")
    png = await ask(ada, "GET", f"/images/convert/{found['id']}/download/")
    assert hashlib.sha256(png.content).hexdigest() == found["metadata"]["checksum"]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "PNG"), ("WEBP", "WEBP"), ("JPEG", "JPEG")])
async def test_the_bytes_tell_the_format_not_the_label(ask: Ask, ada: Player, kind: str, name: str) -> None:
    found = await convert(ask, ada, encoded(corners(70, 52), kind))
    assert found["metadata"]["original_format"].upper() == name


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "koala.exe", "ö" * 300])
async def test_the_file_name_is_nobodys_business(ask: Ask, ada: Player, name: str) -> None:
    files = {"image": (name or "image", new_picture(), "text/html")}
    found = body_of(await ask(ada, "POST", PATH, files=files), 201)
    assert "passwd" not in found["download_url"]


@pytest.mark.parametrize(
    ("asked", "applied"),
    [
        ({"rotation": 90}, {"rotation": 90}),
        ({"rotation": 180.0}, {"rotation": 180}),
        ({"rotation": 0}, {}),
        ({}, {}),
        (
            {"crop": {"x": 4, "y": 4.0, "width": 20, "height": 10}},
            {"crop": {"x": 4, "y": 4, "width": 20, "height": 10}},
        ),
        ({"crop": {"x": 60, "y": 0, "width": 40, "height": 10}}, {}),
        ({"rotation": 270, "flavor": "lemon"}, {"rotation": 270}),
    ],
)
async def test_what_was_done_is_told(ask: Ask, ada: Player, asked: Json, applied: Json) -> None:
    found = await convert(ask, ada, new_picture(), asked)
    assert {key: value for key, value in found["metadata"]["transformations_applied"].items() if value} == applied


async def test_exif_rotation_is_told(ask: Ask, ada: Player) -> None:
    image = corners(90, 62)
    exif = image.getexif()
    exif[0x0112] = 6
    found = await convert(ask, ada, encoded(image, "JPEG", exif=exif))
    assert isinstance(found["metadata"]["transformations_applied"]["exif_rotation"], int)
    assert found["metadata"]["converted_size"] == [62, 90]


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (None, "No file was submitted."),
        (b"", "The submitted file is empty."),
        (
            b"just some words",
            "Upload a valid image. The file you uploaded was either not an image or a corrupted image.",
        ),
        (
            encoded(corners(), "JPEG")[:500],
            "Upload a valid image. The file you uploaded was either not an image or a corrupted image.",
        ),
        (encoded(corners(), "GIF"), "Unsupported image format: image/gif. Allowed formats: JPEG, PNG, WebP, HEIC."),
        (b"\xff\xd8\xff\xe0" + bytes(10 * 1024 * 1024 + 1), "Image file too large. Maximum size is 10.0MB."),
    ],
    ids=["missing", "empty", "text", "cut off", "gif", "too large"],
)
async def test_what_is_no_picture_to_take(ask: Ask, ada: Player, picture: bytes | None, message: str) -> None:
    files = None if picture is None else as_file(picture)
    refused(await ask(ada, "POST", PATH, files=files, data={"a": "b"}), 400, {"image": [message]})


async def test_text_in_place_of_the_file_is_no_file(ask: Ask, ada: Player) -> None:
    body = body_of(await ask(ada, "POST", PATH, json={"image": "koala.jpg"}), 400)
    assert body["detail"] == body["image"][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{rotation", "Value must be valid JSON."),
        ("[90]", "Transformations must be a JSON object."),
        ("90", "Transformations must be a JSON object."),
        ('{"rotation": 45}', "Rotation must be one of: 0, 90, 180, 270."),
        ('{"rotation": -90}', "Rotation must be one of: 0, 90, 180, 270."),
        ('{"rotation": 90.5}', "Rotation must be one of: 0, 90, 180, 270."),
        ('{"rotation": true}', "Rotation must be one of: 0, 90, 180, 270."),
        ('{"rotation": [90]}', "Rotation must be one of: 0, 90, 180, 270."),
        ('{"crop": 7}', "Crop must be a JSON object."),
        ('{"crop": {"x": 1, "y": 1, "width": 5}}', "Crop must contain: x, y, width, height."),
    ],
)
async def test_transformations_that_are_none(ask: Ask, ada: Player, text: str, message: str) -> None:
    answer = await ask(ada, "POST", PATH, files=as_file(plain()), data={"transformations": text})
    refused(answer, 400, {"transformations": [message]})


@pytest.mark.parametrize("value", ['"a"', "null", "true", "[1]"])
async def test_crop_values_are_numbers(ask: Ask, ada: Player, value: str) -> None:
    text = f'{{"crop": {{"x": {value}, "y": 1, "width": 5, "height": 5}}}}'
    body = body_of(await ask(ada, "POST", PATH, files=as_file(plain()), data={"transformations": text}), 400)
    assert body["transformations"][0] == body["detail"]


async def test_a_repeat_is_answered_with_the_same_conversion(ask: Ask, ada: Player, ben: Player) -> None:
    picture = new_picture()
    first = await convert(ask, ada, picture, {"rotation": 90})
    again = await ask(ada, "POST", PATH, files=as_file(picture), data={"transformations": '{"rotation":90.0}'})
    assert body_of(again, 200)["id"] == first["id"]
    assert (await convert(ask, ada, picture, {"rotation": 180}))["id"] != first["id"]
    assert (await convert(ask, ben, picture, {"rotation": 90}))["id"] != first["id"]


async def test_it_needs_a_player(ask: Ask) -> None:
    answer = await ask(None, "POST", PATH, files=as_file(plain()))
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
