"""B4: whatever is uploaded, what is served is an upright PNG with nothing but its pixels."""

import struct
import zlib
from typing import Any, Final

import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from PIL import Image

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import looked_at, new_animal
from tests.contract.luggage import SECRET, assert_bare, with_luggage
from tests.contract.objects_of_vision import JOB
from tests.contract.pictures import HEIC, as_file, corners, decoded, encoded, served, upright
from tests.contract.test_I1_convert import convert
from tests.mesh import Mesh, until
from tests.shapes import fits

ORIENTATION: Final = 0x0112
BY_ORIENTATION: Final = {
    1: "RGBW",
    2: "GRWB",
    3: "WBGR",
    4: "BWRG",
    5: "RBGW",
    6: "BRWG",
    7: "WGBR",
    8: "GWRB",
}
"""How `corners()` has to be shown when a file with this EXIF orientation holds them."""


async def converted(ask: Ask, player: Player, picture: bytes, transformations: Any = None) -> bytes:
    found = await convert(ask, player, picture, transformations)
    png = (await ask(player, "GET", f"/images/convert/{found['id']}/download/")).content
    assert list(decoded(png).size) == found["metadata"]["converted_size"]
    assert decoded(png).mode == "RGB"
    return png


def turned_by_exif(orientation: int, kind: str = "JPEG") -> bytes:
    image = corners(96, 64)
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    return encoded(image, kind, exif=exif)


@pytest.mark.parametrize("orientation", BY_ORIENTATION)
async def test_exif_orientation(ask: Ask, ada: Player, orientation: int) -> None:
    png = await converted(ask, ada, turned_by_exif(orientation))
    assert upright(png) == BY_ORIENTATION[orientation]
    assert decoded(png).size == ((64, 96) if orientation >= 5 else (96, 64))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_exif_orientation_of_other_formats(ask: Ask, ada: Player, kind: str) -> None:
    assert upright(await converted(ask, ada, turned_by_exif(6, kind))) == "BRWG"


@pytest.mark.parametrize(("rotation", "shown"), [(90, "BRWG"), (180, "WBGR"), (270, "GWRB")])
async def test_rotation_is_clockwise_on_a_larger_canvas(ask: Ask, ada: Player, rotation: int, shown: str) -> None:
    png = await converted(ask, ada, encoded(corners(100, 40), "JPEG"), {"rotation": rotation})
    assert upright(png) == shown
    assert decoded(png).size == ((100, 40) if rotation == 180 else (40, 100))


async def test_exif_then_rotation_then_crop(ask: Ask, ada: Player) -> None:
    """Orientation 6 shows "BRWG" on 64×96; turned by 90 "WBGR" on 96×64; of that the right half is "B" and "R"."""
    wish = {"rotation": 90, "crop": {"x": 48, "y": 0, "width": 48, "height": 64}}
    png = await converted(ask, ada, turned_by_exif(6), wish)
    assert decoded(png).size == (48, 64)
    assert upright(png) == "BBRR"


@pytest.mark.parametrize(
    "crop",
    [
        {"x": 90, "y": 0, "width": 20, "height": 10},
        {"x": -1, "y": 0, "width": 20, "height": 10},
        {"x": 0, "y": 0, "width": 0, "height": 10},
        {"x": 1e300, "y": 0, "width": 1, "height": 1},
    ],
)
async def test_a_crop_outside_is_ignored(ask: Ask, ada: Player, crop: dict[str, float]) -> None:
    assert decoded(await converted(ask, ada, encoded(corners(96, 64), "PNG"), {"crop": crop})).size == (96, 64)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
async def test_what_is_transparent_becomes_white(ask: Ask, ada: Player, mode: str) -> None:
    image = Image.new("RGBA", (40, 40), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (20, 0, 40, 40))
    options = {}
    if mode == "P":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE)
        options["transparency"] = image.getpixel((30, 20))
    png = decoded(await converted(ask, ada, encoded(image.convert(mode), "PNG", **options)))
    assert png.getpixel((30, 20)) == (255, 255, 255)
    assert png.getpixel((10, 20)) != (255, 255, 255)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 1000), (2560, 640)), ((1000, 4000), (640, 2560)), ((30, 20), (30, 20))]
)
async def test_the_longest_side_is_2560_at_most(
    ask: Ask, ada: Player, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    png = await converted(ask, ada, encoded(corners(*size), "JPEG"))
    assert decoded(png).size == expected
    assert upright(png) == "RGBW"


async def test_heic_comes_in(ask: Ask, ada: Player) -> None:
    png = await converted(ask, ada, HEIC.read_bytes())
    assert upright(png) == "RGBW"
    assert SECRET.encode() not in png


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
async def test_no_served_byte_tells_where(ask: Ask, ada: Player, collector: Player, kind: str) -> None:
    """The conversion, the picture of a multipart job, and the one of an entry."""
    picture = HEIC.read_bytes() if kind == "HEIC" else with_luggage(kind)
    assert SECRET.encode() in picture
    assert_bare(await converted(ask, ada, picture))
    job = await looked_at(ask, ada, picture)
    assert job["image_conversion_status"] == "completed"
    for url in (job["image"], job["dex_compatible_url"]):
        assert_bare(await served(url))
    animal = await new_animal(ask, collector)
    files = {"original_image": as_file(picture)["image"]}
    answer = await ask(collector, "POST", "/dex/entries/", data={"animal": animal["id"]}, files=files)
    assert_bare(await served(body_of(answer, 201)["original_image"]))


async def test_bytes_behind_the_picture_are_left_behind(ask: Ask, ada: Player) -> None:
    luggage = b"<script>alert(1)</script>PK\x03\x04"
    for kind in ("JPEG", "PNG"):
        png = await converted(ask, ada, encoded(corners(92, 60), kind) + luggage)
        assert luggage not in png
        assert_bare(png)


async def test_a_plain_png_is_served_as_it_came(ask: Ask, ada: Player) -> None:
    picture = encoded(corners(84, 62), "PNG", compress_level=1)
    job = await looked_at(ask, ada, picture)
    assert job["image_conversion_status"] == "unnecessary"
    assert await served(job["dex_compatible_url"]) == picture


@pytest.mark.parametrize(
    "picture",
    [encoded(corners(2600, 20), "PNG"), encoded(corners(50, 40, "L"), "PNG"), turned_by_exif(3, "PNG")],
    ids=["too large", "gray", "turned"],
)
async def test_any_other_png_is_made_anew(ask: Ask, ada: Player, picture: bytes) -> None:
    job = await looked_at(ask, ada, picture)
    fits(job, JOB)
    assert job["image_conversion_status"] == "completed"
    png = await served(job["dex_compatible_url"])
    assert_bare(png)
    assert decoded(png).mode == "RGB"
    assert max(decoded(png).size) <= 2560


async def test_a_multipart_job_is_turned_as_asked(ask: Ask, ada: Player) -> None:
    job = await looked_at(ask, ada, encoded(corners(86, 60), "PNG"), transformations='{"rotation":90}')
    assert job["image_conversion_status"] == "completed"
    assert upright(await served(job["dex_compatible_url"])) == "BRWG"


@pytest.mark.parametrize("path", ["/images/convert/", "/vision/jobs/"])
@pytest.mark.parametrize("size", [(13_000, 13_000), (65_000, 65_000), (2**31 - 1, 1)])
async def test_pixels_are_counted_before_decoding(ask: Ask, ada: Player, path: str, size: tuple[int, int]) -> None:
    header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(99)))
    body = body_of(await ask(ada, "POST", path, files=as_file(picture + _chunk(b"IEND", b""))), 400)
    assert body["detail"] == body["image"][0]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


async def test_names_tell_nothing_and_stay(ask: Ask, ada: Player, ben: Player) -> None:
    """One picture of two players has two names; a job made from a conversion keeps its picture's bytes and name."""
    picture = encoded(corners(82, 58), "JPEG")
    urls = {(await looked_at(ask, who, picture))["dex_compatible_url"] for who in (ada, ben)}
    assert len(urls) == 2
    for url in urls:
        name = url.rpartition("/")[2]
        assert len(name.partition(".")[0]) >= 22
        assert "image" not in name
    conversion = await convert(ask, ada, picture)
    jobs = [
        await ada.finished(
            body_of(await ask(ada, "POST", "/vision/jobs/", json={"conversion_id": conversion["id"]}), 201)["id"]
        )
        for _ in range(2)
    ]
    assert jobs[0]["dex_compatible_url"] == jobs[1]["dex_compatible_url"]


async def test_the_upload_itself_is_nowhere_to_be_had(mesh: Mesh, ask: Ask, ada: Player, listener: Client) -> None:
    """Its storage key is in the event; under no path does it lead anywhere."""
    seen: list[Msg] = []

    async def note(message: Msg) -> None:
        seen.append(message)

    await listener.subscribe("image.uploaded", cb=note)
    await listener.flush()
    job = await looked_at(ask, ada, with_luggage("JPEG"))

    async def told() -> bool:
        return any(orjson.loads(message.data)["id"] == job["id"] for message in seen)

    await until(told, 10)
    event = next(found for message in seen if (found := orjson.loads(message.data))["id"] == job["id"])
    key = event["storage_key"]
    assert key
    for path in (f"/media/{key}", f"/{key}", f"/media/../{key}", f"/media/%2e%2e/{key}", f"/media/media/../{key}"):
        answer = await ask(None, "GET", f"{mesh.url}{path}")
        assert answer.status_code == 404, path
        assert SECRET.encode() not in answer.content
    refused(await ask(None, "GET", f"{mesh.url}/media/{key}"), 404, {"detail": "Not found."})
