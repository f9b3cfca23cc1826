"""Spoiled files of every kind that is taken, by a seed: made or refused within the limits, and nobody dies of one."""

import random
from collections.abc import AsyncIterator
from typing import Final

import pytest

from services.vision.decoder import Decoder, lost_children
from services.vision.pictures import BadPicture
from services.vision.tests import hostile_files as files
from services.vision.tests import hostile_heic as heic
from services.vision.tests.samples import decoded, encoded, jpeg, picture, png
from services.vision.tests.test_decoder import decoder_with

SEED: Final = 20_261_120
CASES: Final = 120
"""Of each kind."""
MAX_PIXELS: Final = 4_000_000

WHOLE: Final = {
    "JPEG": jpeg(96, 80),
    "progressive JPEG": jpeg(96, 80, progressive=True, restart_marker_rows=1),
    "JPEG with EXIF": files.jpeg_with_exif(files.exif_of(40, 900)),
    "CMYK JPEG": encoded(picture(mode="CMYK"), "JPEG"),
    "PNG": png(60, 40),
    "PNG with a palette": encoded(picture(mode="RGBA").convert("P"), "PNG", transparency=0),
    "APNG": files.animated_png(30, 3),
    "lossy WebP": encoded(picture(), "WEBP"),
    "lossless WebP": encoded(picture(mode="RGBA"), "WEBP", lossless=True),
    "animated WebP": files.animated_webp(64, 64, 3),
    "HEIC": heic.REAL,
    "HEIC of tiles": heic.grid(2, 2, (160, 120)),
}


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled, moved, or numbers made large; the first ones mostly stay what they are."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if len(found) < 8:
            break
        at = chance.randrange(4 if chance.random() < 0.9 else 0, len(found))
        match chance.randrange(6):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                found[at] ^= 1 << chance.randrange(8)
            case 2:
                found[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)))
            case 3:
                del found[at : at + chance.randrange(1, 64)]
            case 4:
                found[at:at] = found[at : at + chance.randrange(1, 64)] * chance.randrange(1, 8)
            case 5:
                found = found[: max(5, at)]
    return bytes(found)


@pytest.fixture(scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    found = decoder_with(cpu_seconds=5, max_pixels=MAX_PIXELS)
    await found.inspect(jpeg())
    yield found
    await found.close()


def lost() -> dict[str, float]:
    """How many children were killed or have died so far, by reason."""
    return {sample.labels["reason"]: sample.value for sample in next(iter(lost_children.collect())).samples}


@pytest.mark.parametrize("kind", WHOLE)
async def test_no_spoiled_file_does_harm(decoder: Decoder, kind: str) -> None:
    chance = random.Random(f"{SEED} {kind}")
    before, taken = lost(), 0
    for _ in range(CASES):
        data = spoiled(WHOLE[kind], chance)
        try:
            made = await decoder.standardize(data, chance.choice((0, 90)), None)
        except BadPicture:
            continue
        taken += 1
        assert made.size[0] * made.size[1] <= MAX_PIXELS
        served = decoded(made.png)
        assert (served.format, served.mode, max(served.size) <= 2560) == ("PNG", "RGB", True)
    assert taken < CASES
    assert (await decoder.standardize(WHOLE[kind], 0, None)).size
    assert lost() == before
