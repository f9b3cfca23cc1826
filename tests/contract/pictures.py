"""Pictures for the tests: four colored corners that tell how they were turned, and files with luggage."""

import io
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image

PHOTOS: Final = Path(__file__).parents[1] / "photos"
HEIC: Final = Path(__file__).parent / "corners.heic"
"""`corners(80, 60)` as an iPhone would store it: made with libheif for these tests, with a position in its EXIF."""

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 180, 20), (20, 20, 220), (255, 255, 255)
NAMES: Final = {"R": RED, "G": GREEN, "B": BLUE, "W": WHITE}


def corners(width: int = 80, height: int = 60, mode: str = "RGB") -> Image.Image:
    """Red and green above, blue and white below: "RGBW" when upright."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode)


def plain(color: tuple[int, int, int] = (40, 90, 160), width: int = 48, height: int = 36) -> bytes:
    """A small PNG of one color: the cheapest picture that the mesh takes."""
    return encoded(Image.new("RGB", (width, height), color), "PNG")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), png[:20]
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def upright(png: bytes) -> str:
    """The four corners of a picture by name, line by line: "RGBW" if nothing was turned."""
    image = decoded(png)
    across, down = image.width // 4, image.height // 4
    places = [(across, down), (3 * across, down), (across, 3 * down), (3 * across, 3 * down)]
    return "".join(_nearest(image.getpixel(place)) for place in places)


def _nearest(pixel: Any) -> str:
    return min(NAMES, key=lambda name: sum((a - b) ** 2 for a, b in zip(NAMES[name], pixel, strict=True)))


def as_file(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    """The form field as the client sends it: always this name and type, whatever the picture is (contract I1)."""
    return {"image": ("image.jpg", data, "image/jpeg")}


async def served(url: str) -> bytes:
    """A picture as feed and dex download it: no token, no redirect, PNG (contract 0.2 rule 6)."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return answer.content
