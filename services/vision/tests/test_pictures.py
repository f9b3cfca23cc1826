"""Any upload becomes the one kind of picture that is served, or is refused (contract B4, I1)."""

import hashlib
import io
import zlib

import pytest
from PIL import Image, ImageCms

from services.vision import picture_formats
from services.vision.pictures import (
    BadPicture,
    Crop,
    Standardized,
    TooManyPixels,
    Undecodable,
    UnsupportedFormat,
    inspect,
    render_for_model,
    standardize,
)
from services.vision.tests.samples import (
    SECRET,
    chunk,
    decoded,
    encoded,
    gray_bomb,
    jpeg,
    picture,
    png,
    png_of,
    with_scans,
)

LIMIT = 50_000_000
DARK, LIGHT = (10, 20, 90), (220, 200, 40)


def made_of(data: bytes, rotation: int = 0, crop: Crop | None = None) -> Standardized:
    return standardize(data, rotation, crop, LIMIT)


def is_near(pixel: tuple[int, ...], expected: tuple[int, ...], tolerance: int = 25) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel[:3], expected, strict=True))


def test_jpeg_becomes_a_bare_rgb_png() -> None:
    made = made_of(jpeg(640, 480))
    served = decoded(made.png)
    assert (served.format, served.mode, served.size) == ("PNG", "RGB", (640, 480))
    assert (made.original_format, made.original_size, made.applied) == ("JPEG", (640, 480), {})
    assert decoded(made.rendition).format == "JPEG"
    assert not made.unchanged


@pytest.mark.parametrize(
    ("size", "expected"),
    [((4000, 1000), (2560, 640)), ((1000, 4000), (640, 2560)), ((2560, 2560), (2560, 2560)), ((9, 5), (9, 5))],
)
def test_longest_side_is_bounded_and_nothing_is_enlarged(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert decoded(made_of(jpeg(*size)).png).size == expected


@pytest.mark.parametrize("size", [(1, 9000), (9000, 1), (1, 1)])
def test_extreme_shapes_keep_a_pixel_each_way(size: tuple[int, int]) -> None:
    made = made_of(png(*size))
    assert min(decoded(made.png).size) >= 1
    assert min(decoded(made.rendition).size) >= 1


@pytest.mark.parametrize(("size", "target"), [((4000, 1500), (2560, 960)), ((3001, 2003), (2560, 1709))])
def test_a_large_picture_is_resized_as_one(size: tuple[int, int], target: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 90).convert("RGB")
    expected = image.resize(target, Image.Resampling.LANCZOS)
    assert decoded(made_of(encoded(image, "PNG")).png).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((3000, 1500), (256, 128)), ((100, 300), (85, 256)), ((90, 50), (90, 50)), ((1, 9000), (1, 256))],
)
def test_the_thumbnail_is_the_same_picture_small(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = decoded(made_of(png(*size)).thumbnail)
    assert (small.format, small.mode, small.size) == ("PNG", "RGB", expected)
    if min(size) > 1:
        assert is_near(small.getpixel((2, 2)), DARK)
        assert is_near(small.getpixel((expected[0] - 3, 2)), LIGHT)


def test_a_smaller_bound_is_kept_also_by_what_is_standard_otherwise() -> None:
    made = standardize(png(900, 600), 0, None, LIMIT, 512)
    assert (decoded(made.png).size, made.size, made.unchanged) == ((512, 341), (512, 341), False)
    assert standardize(png(512, 100), 0, None, LIMIT, 512).unchanged


def test_what_is_recorded_of_the_upload() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    original = jpeg(64, 48, exif=exif)
    made = made_of(original, crop=Crop(0, 0, 1000, 10))
    assert (made.orientation, made.original_sha256) == (8, hashlib.sha256(original).hexdigest())
    assert made.warnings == ["crop_outside"]
    assert made_of(png()).orientation == 1
    assert made_of(png()).warnings == []


def test_rendition_is_at_most_2048() -> None:
    assert max(decoded(made_of(jpeg(3000, 2000)).rendition).size) == 2048


# Where the dark left half of the stored pixels is seen, and the size it is seen at.
@pytest.mark.parametrize(
    ("orientation", "size", "dark_at", "degrees"),
    [
        (1, (64, 48), (5, 24), None),
        (2, (64, 48), (58, 24), 0),
        (3, (64, 48), (58, 24), 180),
        (4, (64, 48), (5, 24), 180),
        (5, (48, 64), (24, 5), 270),
        (6, (48, 64), (24, 5), 90),
        (7, (48, 64), (24, 58), 90),
        (8, (48, 64), (24, 58), 270),
        (0, (64, 48), (5, 24), None),
        (9, (64, 48), (5, 24), None),
    ],
)
def test_exif_orientation_is_applied(
    orientation: int, size: tuple[int, int], dark_at: tuple[int, int], degrees: int | None
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = made_of(jpeg(exif=exif, quality=95))
    served = decoded(made.png)
    assert served.size == made.size == size
    assert is_near(served.getpixel(dark_at), DARK)
    assert made.applied.get("exif_rotation") == degrees


@pytest.mark.parametrize(
    ("rotation", "size", "dark_at"),
    [(90, (48, 64), (24, 5)), (180, (64, 48), (58, 24)), (270, (48, 64), (24, 58))],
)
def test_rotation_is_clockwise(rotation: int, size: tuple[int, int], dark_at: tuple[int, int]) -> None:
    made = made_of(jpeg(quality=95), rotation)
    served = decoded(made.png)
    assert served.size == size
    assert is_near(served.getpixel(dark_at), DARK)
    assert made.applied == {"rotation": rotation}


def test_rotation_comes_after_exif_and_crop_after_both() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    # Upright it is dark on top; turned by 90 degrees more it is dark on the right.
    made = made_of(jpeg(quality=95, exif=exif), 90, Crop(40, 0, 20, 10))
    served = decoded(made.png)
    assert served.size == (20, 10)
    assert is_near(served.getpixel((10, 5)), DARK)
    assert made.applied == {
        "exif_rotation": 90,
        "rotation": 90,
        "crop": {"x": 40, "y": 0, "width": 20, "height": 10},
    }


@pytest.mark.parametrize("crop", [Crop(60, 0, 10, 10), Crop(-1, 0, 5, 5), Crop(0, 0, 0, 5), Crop(0, 0, 10**9, 5)])
def test_crop_outside_is_ignored_and_not_reported(crop: Crop) -> None:
    made = made_of(jpeg(), crop=crop)
    assert made.size == (64, 48)
    assert made.applied == {}


def test_garbage_exif_is_no_obstacle() -> None:
    assert made_of(jpeg(exif=b"Exif\x00\x00" + b"\xff" * 60_000)).size == (64, 48)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_becomes_white(mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert("LA" if mode == "LA" else "RGBA")
    if mode in ("P", "PA"):
        image = image.convert("P")
        image.info["transparency"] = image.getpixel((0, 0))
    served = decoded(made_of(encoded(image, "PNG")).png)
    assert served.mode == "RGB"
    assert served.getpixel((10, 10)) == (255, 255, 255)


def test_cmyk_keeps_its_colors() -> None:
    red = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    assert is_near(decoded(made_of(encoded(red, "JPEG", quality=95)).png).getpixel((10, 10)), (255, 0, 0), 40)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (32768, 128), (65535, 255)])
def test_sixteen_bits_are_scaled_not_clipped(value: int, expected: int) -> None:
    image = Image.new("I;16", (20, 20), value)
    pixel = decoded(made_of(encoded(image, "PNG")).png).getpixel((10, 10))
    assert all(abs(channel - expected) <= 1 for channel in pixel)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_poor_modes_become_rgb(mode: str) -> None:
    assert decoded(made_of(encoded(picture().convert(mode), "PNG")).png).mode == "RGB"


def test_color_profile_is_applied_and_left_behind() -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, swapped, b"garbage" * 700):
        made = made_of(jpeg(icc_profile=profile))
        assert "icc_profile" not in decoded(made.png).info
        assert "icc_profile" not in decoded(made.rendition).info


def _with_metadata(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    options = {"exif": exif}
    if format == "PNG":
        data = encoded(picture(), "PNG", **options)
        return data[:33] + chunk(b"tEXt", b"Comment\x00" + SECRET) + data[33:]
    if format in ("JPEG", "WEBP"):
        options["xmp"] = b"<x>" + SECRET + b"</x>"
    if format == "JPEG":
        options["comment"] = SECRET
    return encoded(picture(), format, **options)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_comes_out(format: str) -> None:
    data = _with_metadata(format)
    assert SECRET in data
    made = made_of(data)
    assert SECRET not in made.png
    assert SECRET not in made.rendition
    assert SECRET not in made.thumbnail
    assert not made.unchanged


@pytest.mark.parametrize("luggage", [b"<script>alert(1)</script>", b"PK\x03\x04 zipped"])
@pytest.mark.parametrize("original", [jpeg(), png()])
def test_polyglots_are_unpacked(original: bytes, luggage: bytes) -> None:
    made = made_of(original + luggage)
    assert luggage not in made.png
    assert luggage not in made.rendition


def test_standard_png_is_served_as_it_is() -> None:
    for mode in ("RGB", "RGBA"):
        data = encoded(picture(mode=mode), "PNG")
        made = made_of(data)
        assert made.unchanged
        assert made.png == data


@pytest.mark.parametrize(
    "data",
    [
        png(2600, 20),
        png(dpi=(72, 72))[:33] + chunk(b"tEXt", b"Author\x00me") + png(dpi=(72, 72))[33:],
        encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 128)), "PNG"),
        encoded(picture().convert("P"), "PNG"),
        png(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
        png() + b"tail",
    ],
)
def test_any_other_png_is_made_anew(data: bytes) -> None:
    made = made_of(data)
    assert not made.unchanged
    assert made.png != data


def test_first_frame_of_animations() -> None:
    frames = [picture(), picture(color=(255, 0, 0))]
    for format in ("PNG", "WEBP"):
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=100)
        made = made_of(data)
        assert is_near(decoded(made.png).getpixel((5, 24)), DARK, 40)
        assert made.warnings == ["further_frames"]


def test_heic_is_decoded() -> None:
    import pi_heif

    assert pi_heif.libheif_version()
    brands = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    assert picture_formats.sniff(brands) == picture_formats.HEIC
    with pytest.raises(Undecodable):
        made_of(brands + b"\x00" * 100)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (encoded(picture(), "GIF"), "image/gif"),
        (encoded(picture(), "BMP"), "image/bmp"),
        (encoded(picture(), "TIFF"), "image/tiff"),
        (encoded(picture(), "ICO"), "image/x-icon"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", "image/avif"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00avifmif1miaf", "image/avif"),
    ],
)
def test_other_kinds_are_named_and_refused(data: bytes, mime: str) -> None:
    with pytest.raises(UnsupportedFormat) as refused:
        inspect(data, LIMIT)
    assert refused.value.args == (mime,)


@pytest.mark.parametrize(
    "data",
    [
        b"just text",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        jpeg()[:20],
        jpeg(800, 600)[: len(jpeg(800, 600)) // 2],
        png(800, 600)[: len(png(800, 600)) // 2],
        encoded(picture(800, 600), "WEBP")[:300],
        png_of(0, 10),
        png_of(10, 10, pixels=b"not zlib"),
    ],
)
def test_what_is_no_whole_picture_is_refused_at_the_first_look(data: bytes) -> None:
    with pytest.raises(Undecodable):
        inspect(data, LIMIT)
    with pytest.raises(Undecodable):
        made_of(data)


@pytest.mark.parametrize(
    "data",
    [
        gray_bomb(13_000),
        png_of(65_000, 65_000, depth=1),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(1, 2**31 - 1),
        png_of(20_000, 20_000, color=2),
    ],
)
def test_too_many_pixels_are_refused_before_decoding(data: bytes) -> None:
    for look in (lambda: inspect(data, LIMIT), lambda: made_of(data), lambda: render_for_model(data, LIMIT)):
        with pytest.raises(TooManyPixels):
            look()


def test_patched_jpeg_header_is_refused() -> None:
    data = bytearray(jpeg())
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(TooManyPixels):
        inspect(bytes(data), LIMIT)


def test_endless_scans_are_refused_without_decoding() -> None:
    progressive = jpeg(600, 400, progressive=True)
    assert made_of(progressive).size == (600, 400)
    assert 1 < picture_formats.count_jpeg_scans(progressive) <= 15
    with pytest.raises(Undecodable):
        inspect(with_scans(progressive, 300), LIMIT)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_inflating_chunks_are_no_way_in(kind: bytes) -> None:
    bomb = chunk(kind, b"name\x00\x00" + zlib.compress(bytes(80_000_000), 9))
    data = png()
    with pytest.raises(BadPicture):
        made_of(data[:33] + bomb + data[33:])


def test_bytes_behind_the_pixels_do_not_cost_memory() -> None:
    extra = zlib.compress(bytes(1000), 9)
    pixels = zlib.compress(b"\x00" * 11 * 10)
    data = png_of(10, 10, chunk(b"IDAT", pixels), *[chunk(b"IDAT", extra)] * 200)
    assert made_of(data).size == (10, 10)


def test_model_rendition_of_a_picture_alone() -> None:
    rendition = decoded(render_for_model(jpeg(3000, 1500), LIMIT))
    assert (rendition.format, rendition.size) == ("JPEG", (2048, 1024))


def test_multi_picture_jpeg_of_a_phone_is_a_jpeg() -> None:
    written = io.BytesIO()
    picture().save(written, "MPO", save_all=True, append_images=[picture(color=(255, 0, 0))])
    made = made_of(written.getvalue())
    assert made.original_format == "JPEG"
    assert is_near(decoded(made.png).getpixel((5, 24)), DARK, 40)
