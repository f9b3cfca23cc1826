"""Bad input gets the contract's 4xx object through the gateway; never a 5xx, and nothing half-written."""

import struct
import zlib
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.mesh import Mesh, NewPlayer


def jpeg() -> bytes:
    out = BytesIO()
    Image.open(PHOTOS / "koala.webp").convert("RGB").save(out, "JPEG")
    return out.getvalue()


def huge_png() -> bytes:
    """13000×13000 gray pixels in 164 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = 13_000
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (side + 1) * side, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def send_picture(player: Player, path: str, data: bytes) -> httpx.Response:
    return await player._client.post(path, files={"image": ("image.jpg", data, "image/jpeg")})


@pytest.mark.parametrize("path", ["/images/convert/", "/vision/jobs/"])
@pytest.mark.parametrize("kind", ["text", "truncated", "huge", "empty"])
async def test_a_picture_that_is_none(new_player: NewPlayer, path: str, kind: str) -> None:
    ada = await new_player("ada")
    photo = jpeg()
    data = {"text": b"this is no picture", "truncated": photo[: len(photo) // 2], "huge": huge_png(), "empty": b""}
    answer = await send_picture(ada, path, data[kind])
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["detail"] == body["image"][0]
    assert (await ada.get("/vision/jobs/"))["count"] == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", {"detail": None}),
        (b"[1]", {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."], "detail": None}),
        (
            b'{"username": "a\\u0000b", "password": "x"}',
            {"username": ["Null characters are not allowed."], "detail": None},
        ),
    ],
)
async def test_a_body_that_is_none(mesh: Mesh, content: bytes, expected: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=mesh.url) as client:
        answer = await client.post("/api/v1/auth/login/", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    body = answer.json()
    assert isinstance(body.pop("detail"), str)
    expected = {key: value for key, value in expected.items() if key != "detail"}
    assert body == expected


async def test_a_token_that_is_none(mesh: Mesh) -> None:
    async with httpx.AsyncClient(base_url=f"{mesh.url}/api/v1") as client:
        nobody = await client.get("/users/me/")
        assert nobody.status_code == 401
        assert nobody.headers["www-authenticate"] == 'Bearer realm="api"'
        for path in ("/users/me/", "/animals/"):
            broken = await client.get(path, headers={"Authorization": "Bearer aaa.bbb.ccc"})
            assert broken.status_code == 401
            assert broken.json()["code"] == "token_not_valid"


async def test_somebody_elses_job_does_not_exist(new_player: NewPlayer) -> None:
    ada, eve = await new_player("ada"), await new_player("eve")
    conversion = await ada.upload(PHOTOS / "koala.webp")
    job = await ada.identify(conversion)
    answer = await eve._client.get(f"/vision/jobs/{job['id']}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "No AnalysisJob matches the given query."})
    stolen = await eve._client.post("/vision/jobs/", json={"conversion_id": conversion})
    assert stolen.status_code == 400
    assert stolen.json()["non_field_errors"] == ["Invalid conversion_id or conversion not found"]
    entry = await eve._client.post(
        "/dex/entries/", json={"animal": job["identified_animal"], "source_vision_job": job["id"]}
    )
    assert entry.status_code == 400
    assert "source_vision_job" in entry.json()
    assert (await eve.get("/dex/entries/my_entries/"))["count"] == 0


async def test_unknown_paths_are_json(mesh: Mesh) -> None:
    async with httpx.AsyncClient(base_url=mesh.url) as client:
        for path in ("/api/v1/nowhere/", "/api/nowhere", "/media/nothing.png", "/admin/"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."}), path
