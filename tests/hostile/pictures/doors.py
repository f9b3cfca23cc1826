"""The four doors through which a stranger's picture comes into the mesh, and what may be seen of it afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import new_animal
from tests.mesh import Mesh


@dataclass(frozen=True)
class Door:
    """`field` is the form's, and the one under which a picture is refused."""

    method: str
    path: str
    field: str


CONVERT: Final = Door("POST", "/images/convert/", "image")
JOB: Final = Door("POST", "/vision/jobs/", "image")
AVATAR: Final = Door("PATCH", "/users/me/", "avatar")
ENTRY: Final = Door("POST", "/dex/entries/", "original_image")
DOORS: Final = (CONVERT, JOB, AVATAR, ENTRY)


async def knock(ask: Ask, player: Player, door: Door, picture: bytes, **fields: Any) -> httpx.Response:
    """Sends a picture as the client does: always under this name and type (contract I1)."""
    if door is ENTRY:
        fields.setdefault("animal", (await new_animal(ask, player))["id"])
    files = {door.field: ("image.jpg", picture, "image/jpeg")}
    return await ask(player, door.method, door.path, files=files, data=fields)


async def shown(ask: Ask, player: Player, picture: bytes) -> list[bytes]:
    """A picture through all doors, and every byte of it that anybody gets to see."""
    seen = []
    conversion = await knock(ask, player, CONVERT, picture)
    assert conversion.status_code in (200, 201), conversion.text
    seen.append((await ask(player, "GET", f"/images/convert/{conversion.json()['id']}/download/")).content)
    job = await player.finished(body_of(await knock(ask, player, JOB, picture), 201)["id"])
    seen.append((await ask(player, "GET", f"/vision/jobs/{job['id']}/dex-image/")).content)
    entry = body_of(await knock(ask, player, ENTRY, picture), 201)
    profile = body_of(await knock(ask, player, AVATAR, picture))
    urls = (job["image"], job["dex_compatible_url"], entry["original_image"], profile["avatar"])
    async with httpx.AsyncClient() as web:
        for url in urls:
            answer = await web.get(url)
            assert answer.status_code == 200
            seen.append(answer.content)
    return [*seen, repr((job, entry, profile, conversion.json())).encode()]


def refusal(answer: httpx.Response, field: str) -> str:
    """The one sentence that says why; the answer has the contract's shape and no more (G3)."""
    body: Json = body_of(answer, 400)
    assert set(body) == {field, "detail"}, body
    [sentence] = body[field]
    assert body["detail"] == sentence
    return str(sentence)


def stored(mesh: Mesh, since: float, folder: str = "") -> Iterator[Path]:
    """The files of the blob store that are no older."""
    for path in (mesh.data_dir / "blobs" / folder).rglob("*"):
        if path.is_file() and path.stat().st_mtime >= since - 1:
            yield path
