"""Hardening 2A, 11, 15, 18, 20-33: odd files that are taken; what is made of them is plain, and costs little."""

from collections.abc import AsyncIterator, Callable

import pytest
from PIL import Image, ImageCms

from services.vision.decoder import Decoder
from services.vision.pictures import Standardized, Undecodable
from services.vision.tests import hostile_files as files
from services.vision.tests import hostile_heic as heic
from services.vision.tests.samples import decoded, encoded, jpeg, picture, png
from services.vision.tests.test_decoder import children, decoder_with
from services.vision.tests.test_hostile_pictures import LITTLE_MEMORY, forget_peak, peak_mb


@pytest.fixture(scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    found = decoder_with(cpu_seconds=5, timeout_seconds=60.0)
    await found.inspect(jpeg())
    yield found
    await found.close()


async def made(decoder: Decoder, data: bytes) -> Standardized:
    await decoder.inspect(data)
    found = await decoder.standardize(data, 0, None)
    assert decoded(found.png).mode == "RGB"
    return found


async def test_extra_pixels_cost_no_memory(decoder: Decoder) -> None:
    """11: half a gigabyte in the pixels of ten by ten."""
    [child] = children()
    forget_peak(child)
    before = peak_mb(child)
    assert (await made(decoder, files.with_endless_pixels(500_000_000))).size == (10, 10)
    assert peak_mb(child) - before < LITTLE_MEMORY


@pytest.mark.parametrize(
    "animated",
    [
        pytest.param(lambda frames: files.animated_png(2000, frames), id="APNG"),
        pytest.param(lambda frames: files.animated_webp(2000, 2000, frames), id="WebP"),
    ],
)
async def test_of_an_animation_only_the_first_frame_is_made(decoder: Decoder, animated: Callable[[int], bytes]) -> None:
    """20: three hundred frames take what one does."""
    one, many = animated(2), animated(300)
    [child] = children()
    peaks = []
    for data in (one, many):
        forget_peak(child)
        assert (await made(decoder, data)).warnings == ["further_frames"]
        peaks.append(peak_mb(child))
    assert peaks[1] < peaks[0] + LITTLE_MEMORY


async def test_a_real_heic_and_one_of_tiles(decoder: Decoder) -> None:
    """18: what an iPhone stores."""
    assert (await made(decoder, heic.REAL)).size == (80, 60)
    assert (await made(decoder, heic.grid(5, 4, (400, 240)))).size == (400, 240)


@pytest.mark.parametrize(
    "exif",
    [
        b"\xff" * 60_000,
        files.exif_of(5000, 65_000),
        files.exif_of(20_000, 1_500_000),
        b"II*\x00\x08\x00\x00\x00\xff\xff",
    ],
    ids=["ones", "one segment", "many segments", "cut off"],
)
async def test_garbage_about_the_picture_is_no_obstacle(exif: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """25: no crash, no refusal, and no line in the log for each of sixty thousand entries."""
    decoder = decoder_with()  # Its child writes where this test can read.
    try:
        for data in (files.jpeg_with_exif(exif), files.with_chunk(b"eXIf", exif)):
            assert (await made(decoder, data)).size == (64, 48)
    finally:
        await decoder.close()
    shown = capfd.readouterr()
    assert len(shown.out) + len(shown.err) < 1000


@pytest.mark.parametrize("profile", ["garbage", "of another kind", "cut off"])
async def test_a_color_profile_that_does_not_fit_is_ignored(decoder: Decoder, profile: str) -> None:
    """28, 24: in RGB, gray and CMYK."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    icc = {"garbage": b"\xff" * 5000, "of another kind": lab, "cut off": lab[:200]}[profile]
    for mode in ("RGB", "L", "CMYK"):
        plain = await made(decoder, encoded(picture(mode=mode), "JPEG", quality=95))
        odd = await made(decoder, encoded(picture(mode=mode), "JPEG", quality=95, icc_profile=icc))
        assert decoded(odd.png).tobytes() == decoded(plain.png).tobytes()


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (1, 1)])
async def test_lines_and_points(decoder: Decoder, size: tuple[int, int]) -> None:
    """29, 30: the contract names no smallest side."""
    found = await made(decoder, png(*size))
    assert min(found.size) == 1
    assert max(found.size) <= 2560
    assert min(decoded(found.thumbnail).size) == min(decoded(found.rendition).size) == 1


@pytest.mark.parametrize("luggage", [b"<script>alert(1)</script>", b"PK\x03\x04 zipped", b"52.5200N 13.4050E"])
async def test_nothing_rides_along_in_a_png_that_looks_plain(decoder: Decoder, luggage: bytes) -> None:
    """15, 26, 27: behind the pixels in their own chunk, or in a chunk that ought to be short."""
    plain = encoded(picture(), "PNG")
    hiding = [
        files.hidden_in_pixels(luggage),
        files.more_pixels_than_shown(luggage),
        files.with_chunk(b"pHYs", bytes(9) + luggage, plain),
        files.with_chunk(b"sRGB", b"\x00" + luggage, plain),
        files.with_chunk(b"PLTE", luggage.ljust(30), plain),
        plain + luggage,
        jpeg() + luggage,
        encoded(picture(), "WEBP") + luggage,
    ]
    for data in hiding:
        assert luggage in data
        try:
            found = await made(decoder, data)
        except Undecodable:
            continue
        assert not found.unchanged
        assert all(luggage not in served for served in (found.png, found.thumbnail, found.rendition))


async def test_a_picture_of_the_largest_phones(decoder: Decoder) -> None:
    """33: 48 megapixels as JPEG, and the same number of pixels where a decoder needs most memory for them."""
    phone = encoded(Image.effect_noise((504, 378), 60).resize((8064, 6048)), "JPEG", quality=80)
    assert len(phone) < 10 * 1024 * 1024
    assert (await made(decoder, phone)).size == (2560, 1920)
    for _ in range(3):  # Each in threads of its own, which must not keep addresses for themselves.
        await made(decoder, heic.grid(30, 30, (2400, 1800)))
    assert (await made(decoder, files.black_png(8064, 6048, color=6))).size == (2560, 1920)
