"""Hardening 2A, 1-31 and 37: every file is taken or refused, for little time and memory, and the next is not touched.

Each is given to a real decoder's child; the doors of the mesh are in `tests/hostile`.
"""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import psutil
import pytest
from PIL import Image

from services.vision.decoder import Decoder, lost_children
from services.vision.pictures import BadPicture, TooManyPixels, Undecodable, UnsupportedFormat
from services.vision.tests import hostile_files as files
from services.vision.tests import hostile_heic as heic
from services.vision.tests.samples import encoded, jpeg, picture, png, png_of, with_scans
from services.vision.tests.test_decoder import children, decoder_with

CUT_OFF: Final = 5.0
"""Seconds of processor time within which whatever costs too much is at an end (issue 4)."""
LITTLE_MEMORY: Final = 20
"""Megabytes that refusing may take (2A 1)."""


@pytest.fixture(scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    found = decoder_with(cpu_seconds=5, timeout_seconds=60.0)
    await found.inspect(jpeg())
    yield found
    await found.close()


def peak_mb(child: psutil.Process) -> float:
    """The most memory that a process ever held, in megabytes."""
    status = Path(f"/proc/{child.pid}/status")
    if not status.exists():
        return float(child.memory_info().rss / 1e6)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000


def cpu_seconds() -> float:
    """What the decoder's child has cost so far."""
    [child] = children()
    spent = child.cpu_times()
    return float(spent.user + spent.system)


def forget_peak(child: psutil.Process) -> None:
    """From here on the peak is measured anew, where the system can."""
    file = Path(f"/proc/{child.pid}/clear_refs")
    if file.exists():
        file.write_text("5")


async def refused(decoder: Decoder, data: bytes, reason: type[BadPicture]) -> None:
    """By the first look and by the conversion; the next picture is made by the same child as if nothing had been."""
    [before] = children()
    for attempt in (decoder.inspect(data), decoder.standardize(data, 0, None)):
        with pytest.raises(reason):
            await attempt
    assert (await decoder.standardize(jpeg(), 0, None)).size == (64, 48)
    [after] = children()
    assert after.pid == before.pid


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: files.black_png(65_000, 65_000, depth=1), id="1: 65000 square, one bit"),
        pytest.param(lambda: files.black_png(13_000, 13_000), id="2: 13000 square, gray"),
        pytest.param(lambda: files.black_png(20_000, 20_000, color=2), id="3: 20000 square, RGB"),
        pytest.param(lambda: png_of(2**31 - 1, 2**31 - 1), id="4: the largest header"),
        pytest.param(lambda: png_of(1, 2**31 - 1), id="4: the longest header"),
        pytest.param(lambda: files.patched_frame(65_535, 65_535), id="6: patched SOF"),
        pytest.param(lambda: heic.grid(2, 2, (20_000, 20_000)), id="18: HEIC bomb"),
        pytest.param(lambda: heic.grid(2, 2, (160, 120), (30_000, 30_000)), id="18: HEIC that claims"),
        pytest.param(lambda: files.animated_webp(16_384, 16_384, 300), id="20: canvas of a WebP"),
        pytest.param(lambda: files.animated_png(7_100, 3), id="20: APNG over the limit"),
    ],
)
async def test_too_many_pixels_cost_nothing(decoder: Decoder, make: Callable[[], bytes]) -> None:
    data = make()
    [child] = children()
    forget_peak(child)
    before = peak_mb(child)
    await refused(decoder, data, TooManyPixels)
    assert peak_mb(child) - before < LITTLE_MEMORY + 2 * len(data) / 1e6


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: png_of(0, 10), id="5: no width"),
        pytest.param(lambda: png_of(10, 0), id="5: no height"),
        pytest.param(lambda: with_scans(files.progressive(2000), 300), id="7: 300 scans"),
        pytest.param(lambda: files.with_hidden_scans(7000, 5000), id="7: hidden scans"),
        pytest.param(files.arithmetic_jpeg, id="7: arithmetic coding"),
        pytest.param(lambda: files.with_scans_to(10_000_000, 2000), id="8: 10 MB of scans"),
        pytest.param(lambda: files.with_chunk(b"zTXt", b"k\x00\x00" + files.zeros(200_000_000)), id="9: zTXt"),
        pytest.param(lambda: files.with_chunk(b"iCCP", b"k\x00\x00" + files.zeros(200_000_000)), id="9: iCCP"),
        pytest.param(lambda: files.with_many_texts(200, 900_000), id="10: 200 zTXt"),
        pytest.param(lambda: jpeg(800, 600)[: len(jpeg(800, 600)) // 2], id="12: half a JPEG"),
        pytest.param(lambda: png(800, 600)[: len(png(800, 600)) // 2], id="12: half a PNG"),
        pytest.param(lambda: encoded(picture(800, 600), "WEBP")[:300], id="12: half a WebP"),
        pytest.param(lambda: heic.REAL[:700], id="12: half a HEIC"),
        pytest.param(lambda: jpeg()[:20], id="13: 20 bytes"),
        pytest.param(lambda: b"", id="13: nothing"),
        pytest.param(lambda: b"only words", id="13: words"),
        pytest.param(lambda: b"<!DOCTYPE html><script>alert(1)</script>", id="14: HTML"),
        pytest.param(lambda: files.SVG, id="14: SVG"),
        pytest.param(lambda: b"%PDF-1.7\n%\xff\xff\xff\xff", id="14: PDF"),
        pytest.param(lambda: files.POSTSCRIPT, id="16: EPS"),
        pytest.param(lambda: heic.claiming(60_000, 60_000), id="18: HEIC that lies"),
        pytest.param(lambda: heic.grid(100, 100, (8000, 6000)), id="18: 10000 tiles"),
        pytest.param(lambda: heic.grid(30, 30, (2400, 1800), (80, 60)), id="18: more than announced"),
    ],
)
async def test_what_is_no_picture_is_refused_soon(decoder: Decoder, make: Callable[[], bytes]) -> None:
    data = make()
    began = cpu_seconds()
    await refused(decoder, data, Undecodable)
    assert cpu_seconds() - began < CUT_OFF


async def test_the_recipe_itself_558_kb_and_300_scans(decoder: Decoder) -> None:
    """7, finding 4: 9400 square, a file of some hundred kilobytes, ten seconds of processor time if it were decoded."""
    data = with_scans(files.progressive(9400), 300)
    assert 300_000 < len(data) < 600_000
    began = cpu_seconds()
    await refused(decoder, data, Undecodable)
    assert cpu_seconds() - began < CUT_OFF


def forever() -> None:
    """As a picture whose cost nobody foresaw."""
    while True:
        pass


async def test_what_costs_too_much_processor_time_is_cut_off_and_not_tried_again() -> None:
    """7: the net below the count of scans."""
    decoder = decoder_with(cpu_seconds=1, timeout_seconds=60.0)
    lost = lost_children.labels("cpu")._value
    try:
        before = lost.get()
        with pytest.raises(Undecodable):
            await decoder._run(forever)
        assert lost.get() == before + 1
        assert (await decoder.inspect(jpeg())).size == (64, 48)
    finally:
        await decoder.close()


@pytest.mark.parametrize("kind", files.other_kinds())
async def test_other_kinds_are_refused_without_a_decoder(
    decoder: Decoder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16, 17, 19, 20: with their name where they have one; Ghostscript would be found here, and is not started."""
    told = tmp_path / "started"
    for name in ("gs", "gswin64c"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {told}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert shutil.which("gs") == str(tmp_path / "gs")
    data = files.other_kinds()[kind]
    with pytest.raises((Undecodable, UnsupportedFormat)) as refusal:
        await decoder.inspect(data)
    if kind in ("GIF", "BMP", "TIFF", "ICO", "DDS", "QOI", "JPEG2000", "AVIF"):
        assert isinstance(refusal.value, UnsupportedFormat)
    assert not told.exists()


async def test_a_gif_is_refused_however_many_frames_it_has(decoder: Decoder) -> None:
    """20."""
    frames = [Image.new("P", (300, 300), number % 2) for number in range(3)]
    with pytest.raises(UnsupportedFormat):
        await decoder.inspect(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:] * 5))
