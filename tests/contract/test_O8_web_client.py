"""O8: the web client is a folder of files, looked at when asked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.answers import SECURITY, refused
from tests.contract.own_processes import running
from tests.mesh import Mesh

HTML = {"Accept": "text/html,application/xhtml+xml"}
UNPACKED = {"Accept-Encoding": "identity"}
FILES = {
    "index.html": ("<html>the game</html>", "text/html"),
    "index.js": ("let game;", "javascript"),
    "index.wasm": ("\0asm", "application/wasm"),
    "index.pck": ("GDPC", "application/octet-stream"),
    "index.png": ("\x89PNG", "image/png"),
    "index.audio.worklet.js": ("audio", "javascript"),
    "index.manifest.json": ("{}", "application/manifest+json"),
    "index.service.worker.js": ("worker", "application/javascript"),
    "index.offline.html": ("offline", "text/html"),
}


@dataclass(frozen=True)
class Hosted:
    web: httpx.AsyncClient
    folder: Path


@pytest.fixture(scope="module")
async def hosted(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosted]:
    """A gateway with an empty folder at first: the files come while it runs."""
    folder = tmp_path_factory.mktemp("outside") / "client"
    folder.mkdir()
    (folder.parent / "secret.txt").write_text("secret")
    async with running(mesh, "gateway", CLIENT_DIR=str(folder)) as url, httpx.AsyncClient(base_url=url) as web:
        assert (await web.get("/index.js")).status_code == 404
        for name, (content, _) in FILES.items():
            (folder / name).write_text(content, encoding="latin-1")
        (folder / "index.js.br").write_bytes(b"brotli bytes")
        (folder / "index.js.gz").write_bytes(b"gzip bytes")
        (folder / "out").symlink_to(folder.parent)
        yield Hosted(web, folder)


async def test_without_a_client_there_is_a_small_page(web: httpx.AsyncClient) -> None:
    page = await web.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "/api/docs/" in page.text
    assert "/health/" in page.text


@pytest.mark.parametrize("name", FILES)
async def test_types_and_caches(hosted: Hosted, name: str) -> None:
    answer = await hosted.web.get(f"/{name}", headers=UNPACKED)
    content, kind = FILES[name]
    assert (answer.status_code, answer.content) == (200, content.encode("latin-1"))
    assert kind in answer.headers["content-type"]
    if name.endswith(".png"):
        assert "max-age=3600" in answer.headers["cache-control"]
    else:
        assert "no-cache" in answer.headers["cache-control"]
    assert {each: answer.headers.get(each) for each in SECURITY} == SECURITY
    again = await hosted.web.get(f"/{name}", headers=UNPACKED | {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await hosted.web.head(f"/{name}", headers=UNPACKED)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content.encode("latin-1")))


async def test_the_service_worker_may_see_all(hosted: Hosted) -> None:
    assert (await hosted.web.get("/index.service.worker.js")).headers["service-worker-allowed"] == "/"


@pytest.mark.parametrize("path", ["/", "/dex", "/friends/some/where", "/tree?mode=friends"])
async def test_its_own_addresses_lead_to_the_game(hosted: Hosted, path: str) -> None:
    answer = await hosted.web.get(path, headers=HTML)
    assert (answer.status_code, answer.text) == (200, FILES["index.html"][0])
    assert (await hosted.web.head(path, headers=HTML)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/nowhere", "/api", "/admin", "/media/x", "/static/x", "/.well-known/x", "/none.js", "/none.wasm"),
        *("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/out/secret.txt"),
        *("/index.js/", "/a/index.js", "/.hidden.html"),
    ],
)
async def test_everything_else_is_not_there(hosted: Hosted, path: str) -> None:
    answer = await hosted.web.get(path, headers=HTML)
    assert "secret" not in answer.text
    refused(answer, 404, {"detail": "Not found."})


async def test_only_browsers_that_look_for_a_page_get_the_game(hosted: Hosted) -> None:
    assert (await hosted.web.get("/dex", headers={"Accept": "application/json"})).status_code == 404
    assert (await hosted.web.post("/dex", headers=HTML)).status_code in (404, 405)


async def test_the_probes_are_not_shadowed(hosted: Hosted) -> None:
    for path in ("/health", "/ready/", "/metrics/", "/api/v1/version/"):
        answer = await hosted.web.get(path, headers=HTML)
        assert answer.status_code == 200
        assert "the game" not in answer.text


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("br;q=0, gzip;q=0", None), ("", None)],
)
async def test_packed_siblings(hosted: Hosted, accepted: str, encoding: str | None) -> None:
    request = hosted.web.build_request("GET", "/index.js", headers={"Accept-Encoding": accepted})
    answer = await hosted.web.send(request, stream=True)
    content = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    assert content == {"br": b"brotli bytes", "gzip": b"gzip bytes", None: b"let game;"}[encoding]
    assert "javascript" in answer.headers["content-type"]
    assert "accept-encoding" in answer.headers["vary"].lower()


async def test_each_form_has_its_own_tag(hosted: Hosted) -> None:
    tags = set()
    for accepted in ("br", "gzip", "identity"):
        request = hosted.web.build_request("HEAD", "/index.js", headers={"Accept-Encoding": accepted})
        tags.add((await hosted.web.send(request)).headers["etag"])
    assert len(tags) == 3


async def test_a_new_version_is_there_at_once(hosted: Hosted) -> None:
    before = await hosted.web.get("/index.manifest.json")
    (hosted.folder / "index.manifest.json").write_text('{"new": true}')
    after = await hosted.web.get("/index.manifest.json", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.text) == (200, '{"new": true}')
    (hosted.folder / "index.manifest.json").write_text("{}")
