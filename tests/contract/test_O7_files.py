"""O7: stored pictures and the files of our own pages."""

import hashlib
import re

import httpx
import pytest

from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.mesh import NewPlayer


async def test_a_picture(ask: Ask, web: httpx.AsyncClient, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    await catch(ask, eve, await new_animal(ask, eve), visibility="private")
    (entry,) = body_of(await ask(eve, "GET", "/dex/entries/sync_entries/"))["entries"]
    answer = await web.get(entry["dex_compatible_url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    cache = answer.headers["cache-control"]
    assert "public" in cache
    assert "max-age=604800" in cache
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert hashlib.sha256(answer.content).hexdigest() == entry["image_checksum"]
    head = await web.head(entry["dex_compatible_url"])
    assert (head.status_code, head.content) == (200, b"")
    again = await web.get(entry["dex_compatible_url"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_its_name_tells_nothing(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    days = ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z")
    urls = [(await catch(ask, eve, animal, catch_date=day))["original_image"] for day in days]
    name = urls[0].rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{20,}\.png", name)
    assert eve.id not in urls[0]
    assert urls[0] != urls[1]


@pytest.mark.parametrize(
    "path",
    [
        *("/media/", "/media/none.png", "/media/../private/x", "/media/%2e%2e/private/x", "/media//etc/passwd"),
        *("/media/.hidden", "/media/a%00b.png", "/static/", "/static/none.js", "/static/../app.py", "/media"),
        *("/static/%2e%2e/%2e%2e/pyproject.toml", "/private/x", "/media/a\\b.png"),
    ],
)
async def test_what_is_not_there(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path, headers={"Accept": "text/html"})
    refused(answer, 404, {"detail": "Not found."})


async def test_pictures_are_not_changed_from_outside(web: httpx.AsyncClient) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert (await web.request(method, "/media/none.png")).status_code == 405


async def test_our_own_files(web: httpx.AsyncClient) -> None:
    page = (await web.get("/api/docs/")).text
    (script,) = re.findall(r"src=\"(/static/[^\"]+)\"", page)
    answer = await web.get(script)
    assert "javascript" in answer.headers["content-type"]
    assert "max-age=2592000" in answer.headers["cache-control"]
    assert "immutable" in answer.headers["cache-control"]
