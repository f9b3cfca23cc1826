"""2C 82-89: multipart bodies that are cut, doubled, endless or misnamed."""

from typing import Any

import httpx
import pytest

from tests.answers import body_of
from tests.contract.captures import new_picture
from tests.hostile.requests.conftest import Target

PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="image.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
END = b"\r\n--b--\r\n"
TYPE = "multipart/form-data; boundary=b"
PATHS = ("/images/convert/", "/vision/jobs/")
PICTURE = new_picture()


async def send(target: Target, path: str, content: bytes, kind: str = TYPE) -> httpx.Response:
    return await target.ask(target.player, "POST", path, content=content, headers={"Content-Type": kind})


def text_part(name: bytes, value: bytes = b"1") -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)


BROKEN = {
    "82 no boundary": (PART + PICTURE + END, "multipart/form-data"),
    "82 empty boundary": (PART + PICTURE + END, "multipart/form-data; boundary="),
    "82 wrong boundary": (PART + PICTURE + END, "multipart/form-data; boundary=c"),
    "82 boundary of 7 KB": (PART + PICTURE + END, "multipart/form-data; boundary=" + "b" * 7000),
    "82 empty body": (b"", TYPE),
    "83 no end": (PART + PICTURE, TYPE),
    "83 no last dashes": (PART + PICTURE + b"\r\n--b\r\n", TYPE),
    "83 cut in a part's head": (PART[:60], TYPE),
    "83 cut in the boundary": (PART + PICTURE + b"\r\n--", TYPE),
    "84 two pictures": (PART + PICTURE + b"\r\n" + PART + PICTURE + END, TYPE),
    "85 1500 fields": (PART + PICTURE + b"\r\n" + text_part(b"a") * 1500 + b"--b--\r\n", TYPE),
    "85 1500 files": ((PART + b"x\r\n") * 1500 + b"--b--\r\n", TYPE),
    "86 text of 2 MB": (PART + PICTURE + b"\r\n" + text_part(b"a", b"x" * 2_000_000) + b"--b--\r\n", TYPE),
    "86 part's header of 1 MB": (PART.replace(b"image/jpeg", b"x" * 1_000_000) + PICTURE + END, TYPE),
    "86 file name of 100 KB": (PART.replace(b"image.jpg", b"x" * 100_000) + PICTURE + END, TYPE),
    "86 a thousand headers": (PART[:-2] + b"X: y\r\n" * 5000 + b"\r\n" + PICTURE + END, TYPE),
    "89 base64": (PART[:-2] + b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=" + END, TYPE),
    "82 no name": (PART.replace(b'; name="image"', b"") + PICTURE + END, TYPE),
    "82 no disposition": (b"--b\r\nContent-Type: image/png\r\n\r\n" + PICTURE + END, TYPE),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", list(BROKEN))
async def test_broken(target: Target, path: str, kind: str) -> None:
    """2C 82-86, 89: 400, and no picture or job of it."""
    before = await target.state()
    body_of(await send(target, path, *BROKEN[kind]), 400)
    assert await target.state() == before


@pytest.mark.parametrize("end", [b"--b--", b"--b--\r\n\r\n\r\n", b"--b--\r\nepilogue"])
async def test_ways_to_end(target: Target, end: bytes) -> None:
    """83, contract C7: what counts is the closing boundary."""
    answer = await send(target, "/images/convert/", b"\r\n" + PART + PICTURE + b"\r\n" + end)
    body_of(answer, answer.status_code)
    assert answer.status_code in (200, 201)


@pytest.mark.parametrize("size", [20 * 1024 * 1024, 11 * 1024 * 1024])
async def test_what_is_around_it_counts(target: Target, size: int) -> None:
    """2C 88: preamble and epilogue are part of the body's size: 413."""
    for content in (b"x" * size + b"\r\n" + PART + PICTURE + END, PART + PICTURE + END + b"x" * size):
        body_of(await send(target, "/images/convert/", content), 413)


NAMES = {
    "up": b'filename="../../../../etc/passwd"',
    "NUL": b'filename="a\x00.jpg"',
    "empty": b'filename=""',
    "RFC 5987": b"filename*=UTF-8''%e2%82%ac%00.jpg",
    "both": b"filename=\"a.jpg\"; filename*=UTF-8''b.html",
    "no UTF-8": b'filename="\xff\xfe.jpg"',
    "markup": b'filename="<script>.html"',
    "windows": b'filename="C:\\\\windows\\\\win.ini"',
}


@pytest.mark.parametrize("name", list(NAMES))
async def test_names_of_files_are_nobodys_business(target: Target, name: str) -> None:
    """2C 87: what is stored has a name of ours, whatever the sender calls it."""
    content = PART.replace(b'filename="image.jpg"', NAMES[name]) + new_picture() + END
    answer = await send(target, "/images/convert/", content)
    found: dict[str, Any] = body_of(answer, answer.status_code)
    assert answer.status_code in (200, 201), (name, answer.text)
    for word in ("passwd", "script", "html", "windows", "etc"):
        assert word not in answer.text
    shown = await target.ask(target.player, "GET", f"/images/convert/{found['id']}/download/")
    assert shown.headers["content-disposition"] == f'inline; filename="conversion_{found["id"]}.png"'


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/users/me/"), ("POST", "/dex/entries/"), ("POST", "/users/")])
@pytest.mark.parametrize("kind", ["83 no end", "86 text of 2 MB", "85 1500 fields"])
async def test_other_routes_read_them_alike(target: Target, method: str, path: str, kind: str) -> None:
    """2C 83, 85, 86: one reader for all."""
    content, type_ = BROKEN[kind]
    answer = await target.ask(target.player, method, path, content=content, headers={"Content-Type": type_})
    assert body_of(answer, 400)["detail"].startswith("Multipart form parse error - ")
