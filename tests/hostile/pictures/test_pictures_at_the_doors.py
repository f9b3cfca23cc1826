"""Hardening 2A at every door of the gateway: refused in the contract's words, nothing kept, the next one is taken."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import httpx
import psutil
import pytest

from deploy.local.player import Player
from services.vision.tests import hostile_files as files
from services.vision.tests import hostile_heic as heic
from services.vision.tests.samples import encoded, jpeg, picture, png, png_of, with_scans
from tests.answers import Ask, body_of
from tests.contract.captures import new_picture
from tests.contract.luggage import SECRET, assert_bare, with_luggage
from tests.hostile.pictures.doors import AVATAR, CONVERT, DOORS, JOB, Door, knock, refusal, shown, stored
from tests.mesh import Mesh

INVALID: Final = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
TOO_MANY: Final = "Image has too many pixels. Maximum is 50000000."
UNSUPPORTED: Final = "Unsupported image format: {}. Allowed formats: JPEG, PNG, WebP, HEIC."
TOO_LARGE: Final = "Image file too large. Maximum size is 10.0MB."
MAX_UPLOAD: Final = 10 * 1024 * 1024

REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "1: 65000 square, one bit": (lambda: files.black_png(65_000, 65_000, depth=1), TOO_MANY),
    "2: 13000 square, gray": (lambda: files.black_png(13_000, 13_000), TOO_MANY),
    "3: 20000 square, RGB": (lambda: files.black_png(20_000, 20_000, color=2), TOO_MANY),
    "4: the largest header": (lambda: png_of(2**31 - 1, 2**31 - 1), TOO_MANY),
    "5: no width": (lambda: png_of(0, 10), INVALID),
    "6: patched SOF": (lambda: files.patched_frame(65_535, 65_535), TOO_MANY),
    "7: 300 scans": (lambda: with_scans(files.progressive(9400), 300), INVALID),
    "7: hidden scans": (lambda: files.with_hidden_scans(7000, 5000), INVALID),
    "8: 10 MB of scans": (lambda: files.with_scans_to(10_000_000, 9400), INVALID),
    "9: zTXt": (lambda: files.with_chunk(b"zTXt", b"k\x00\x00" + files.zeros(200_000_000)), INVALID),
    "10: 200 zTXt": (lambda: files.with_many_texts(200, 900_000), INVALID),
    "12: half a JPEG": (lambda: jpeg(800, 600)[: len(jpeg(800, 600)) // 2], INVALID),
    "13: 20 bytes": (lambda: jpeg()[:20], INVALID),
    "13: nothing": (lambda: b"", "The submitted file is empty."),
    "14: SVG": (lambda: files.SVG, INVALID),
    "16: EPS": (lambda: files.POSTSCRIPT, INVALID),
    "17: TIFF": (lambda: encoded(picture(), "TIFF"), UNSUPPORTED.format("image/tiff")),
    "18: HEIC bomb": (lambda: heic.grid(2, 2, (20_000, 20_000)), TOO_MANY),
    "19: AVIF": (lambda: encoded(picture(), "AVIF"), UNSUPPORTED.format("image/avif")),
    "20: GIF": (lambda: encoded(picture(), "GIF"), UNSUPPORTED.format("image/gif")),
    "32: one byte too many": (lambda: jpeg() + bytes(MAX_UPLOAD + 1 - len(jpeg())), TOO_LARGE),
}


def decoders(mesh: Mesh) -> list[psutil.Process]:
    """The children in which the service decodes; nothing else may have been started by it."""
    ours = []
    for child in mesh.process("vision").children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # One that has just ended, and whose parent has not looked yet.
            words = child.cmdline()
            if "--multiprocessing-fork" in words:
                ours.append(child)
            else:
                assert "resource_tracker" in " ".join(words)
    return ours


@pytest.mark.parametrize("case", REFUSED)
async def test_refused_at_every_door(mesh: Mesh, ask: Ask, ben: Player, case: str) -> None:
    make, sentence = REFUSED[case]
    data, began = make(), time.time()
    for door in DOORS:
        assert refusal(await knock(ask, ben, door, data), door.field) == sentence
    assert body_of(await knock(ask, ben, CONVERT, new_picture()), 201)
    assert not [path for path in stored(mesh, began) if path.stat().st_size == len(data) and path.read_bytes() == data]
    assert len(decoders(mesh)) <= 2


async def test_nothing_is_left_of_what_was_refused(ask: Ask, ben: Player) -> None:
    """After the tests above: no job, no entry, no face."""
    assert body_of(await ask(ben, "GET", "/vision/jobs/"))["count"] == 0
    assert body_of(await ask(ben, "GET", "/dex/entries/my_entries/"))["count"] == 0
    assert body_of(await ask(ben, "GET", "/users/me/"))["avatar"] is None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: files.with_endless_pixels(500_000_000), id="11: half a gigabyte of extra pixels"),
        pytest.param(lambda: files.animated_png(600, 100), id="20: APNG"),
        pytest.param(lambda: files.animated_webp(600, 600, 300), id="20: WebP of 300 frames"),
        pytest.param(lambda: heic.grid(5, 4, (400, 240)), id="18: HEIC of tiles"),
        pytest.param(lambda: files.jpeg_with_exif(b"\xff" * 60_000), id="25: EXIF of ones"),
        pytest.param(lambda: jpeg(icc_profile=b"\xff" * 5000), id="28: garbage for a color profile"),
        pytest.param(lambda: png(1, 20_000), id="29: a line"),
        pytest.param(lambda: png(1, 1), id="30: a point"),
        pytest.param(lambda: files.hidden_in_pixels(b"<script>" + SECRET.encode()), id="15: hidden in the pixels"),
        pytest.param(lambda: jpeg() + b"<script>alert(1)</script>PK\x03\x04", id="15: JPEG and page and archive"),
        pytest.param(lambda: with_luggage("JPEG"), id="26: JPEG that tells where"),
        pytest.param(lambda: with_luggage("PNG"), id="26: PNG that tells where"),
        pytest.param(lambda: with_luggage("WEBP"), id="26: WebP that tells where"),
        pytest.param(lambda: heic.REAL, id="26: HEIC that tells where"),
        pytest.param(lambda: files.photoshop_jpeg(SECRET.encode()), id="26: IPTC and maker notes"),
    ],
)
async def test_taken_at_every_door_and_bare(mesh: Mesh, ask: Ask, ada: Player, make: Callable[[], bytes]) -> None:
    """No served byte has anything of what rode along; nor has any file that could be served."""
    began = time.time()
    seen = await shown(ask, ada, make())
    for data in seen[:-1]:
        assert_bare(data)
    for data in [*seen, *(path.read_bytes() for path in stored(mesh, began, "media"))]:
        assert SECRET.encode() not in data
        assert b"<script" not in data


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_a_body_over_the_limit_is_not_read(ask: Ask, ben: Player, door: Door) -> None:
    """32: also without a length; above the framing's room it is the gateway that says no (contract G2)."""

    async def endless():
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="image.jpg"\r\n\r\n'
        for _ in range(170):
            yield bytes(65_536)

    answer = await knock(ask, ben, door, bytes(MAX_UPLOAD + 70_000), animal="0")
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    chunked = await ask(ben, door.method, door.path, content=endless(), headers=headers)
    for each in (answer, chunked):
        assert isinstance(body_of(each, 413)["detail"], str)


@pytest.mark.parametrize(
    "text",
    [
        '{"rotation": 45}',
        '{"rotation": -90}',
        '{"rotation": 1e9}',
        '{"rotation": 1e999}',
        '{"rotation": "90"}',
        '{"rotation": NaN}',
        '{"rotation": ' + "9" * 5000 + "}",
        "[" * 1000 + "]" * 1000,
        '{"rotation": ' + "[" * 900 + "]" * 900 + "}",
        '{"crop": {"x": "1", "y": 0, "width": 1, "height": 1}}',
        '{"crop": [0, 0, 1, 1]}',
        "rotation",
        '{"rotation": 90',
        '{"\\ud800": 1, "rotation": 1}',
        "null and void",
    ],
    ids=lambda text: text[:40],
)
async def test_wishes_that_are_none(ask: Ask, ben: Player, text: str) -> None:
    """36."""
    for door in (CONVERT, JOB):
        answer = await knock(ask, ben, door, new_picture(), transformations=text)
        body = body_of(answer, 400)
        assert isinstance(body["detail"], str)
    assert body_of(await ask(ben, "GET", "/vision/jobs/"))["count"] == 0


async def test_text_in_place_of_a_picture_is_not_fetched(ask: Ask, ben: Player, visited: list[str]) -> None:
    """140: an address is no picture, at no door, in no kind of body."""
    address = visited[0]
    for door in DOORS:
        for body in ({"json": {door.field: address}}, {"data": {door.field: address}}):
            assert (await ask(ben, door.method, door.path, **body)).status_code == 400
    described = {"avatar_url": address, "image_url": address, "bio": address}
    assert (await ask(ben, "PATCH", AVATAR.path, json=described)).status_code == 200
    assert visited[1:] == []


async def test_a_name_and_a_type_are_nobodys_business(ask: Ask, ada: Player) -> None:
    """31: judged by the bytes alone; the name under which it is stored is ours."""
    for name, kind in (("a.png", "image/png"), ("../../x.html", "text/html"), ("a\x01b.svg", "image/svg+xml")):
        sent = {"image": (name, jpeg(70, 50), kind)}
        answer: httpx.Response = await ask(ada, "POST", CONVERT.path, files=sent)
        assert answer.status_code in (200, 201)
        assert answer.json()["metadata"]["original_format"] == "JPEG"
        png_of_it = await ask(ada, "GET", f"/images/convert/{answer.json()['id']}/download/")
        assert png_of_it.headers["content-type"] == "image/png"
        assert "html" not in png_of_it.headers["content-disposition"]
