"""The web client, served from a folder that may be filled and changed at any time (contract O8)."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import hosting
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.export import PAGE
from services.gateway.tests.upstream import Upstream

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
NOT_FOUND = (404, {"detail": "Not found."})


async def as_it_is(gateway: httpx.AsyncClient, path: str, accept: bytes) -> bytes:
    """The whole answer to a path that an HTTP library would tidy up first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.base_url.port)
    writer.write(
        b"GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\nConnection: close\r\n\r\n" % (path.encode(), accept)
    )
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def exact(answer: httpx.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


async def test_files_have_their_type_and_may_not_be_mixed(
    open_gateway: OpenGateway, upstream: Upstream, folder: Path
) -> None:
    expected = {
        "index.html": ("text/html; charset=utf-8", "no-cache"),
        "index.js": ("application/javascript", "no-cache"),
        "index.wasm": ("application/wasm", "no-cache"),
        "index.pck": ("application/octet-stream", "no-cache"),
        "index.manifest.json": ("application/manifest+json", "no-cache"),
        "index.service.worker.js": ("application/javascript", "no-cache"),
        "index.offline.html": ("text/html; charset=utf-8", "no-cache"),
        "index.audio.worklet.js": ("application/javascript", "no-cache"),
        "index.png": ("image/png", "public, max-age=3600"),
        "index.icon.png": ("image/png", "public, max-age=3600"),
        "LICENSE": ("application/octet-stream", "no-cache"),
        "assets/big%20cat.bin": ("application/octet-stream", "no-cache"),
    }
    async with open_gateway(client_dir=folder) as gateway:
        for name, (content_type, caching) in expected.items():
            answer = await gateway.get(f"/{name}")
            content = (folder / name.replace("%20", " ")).read_bytes()
            assert (answer.status_code, answer.content) == (200, content), name
            assert (answer.headers["content-type"], answer.headers["cache-control"]) == (content_type, caching), name
            assert answer.headers["x-content-type-options"] == "nosniff"
            again = await gateway.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", caching), name
            assert again.headers["etag"] == answer.headers["etag"]
            head = await gateway.head(f"/{name}")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(content))
        worker = await gateway.get("/index.service.worker.js")
        assert worker.headers["service-worker-allowed"] == "/"
        assert "service-worker-allowed" not in (await gateway.get("/index.js")).headers


async def test_the_root_is_the_client_and_so_is_every_place_in_it(
    open_gateway: OpenGateway, upstream: Upstream, folder: Path
) -> None:
    async with open_gateway(client_dir=folder) as gateway:
        assert (await gateway.get("/")).content == PAGE, "whatever is accepted"
        for path in ("/dex", "/dex/42", "/dex/42/", "/friends/%C3%A4nne"):
            for method in ("GET", "HEAD"):
                answer = await gateway.request(method, path, headers=BROWSER)
                assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache"), path
                assert answer.content == (PAGE if method == "GET" else b"")
        for accept in ("*/*", "application/json", "text/html;q=0", ""):
            assert exact(await gateway.get("/dex", headers={"Accept": accept})) == NOT_FOUND, accept
        for path in ("/none.js", "/dex/none.png", "/v1.2/", "/index.html/"):
            assert exact(await gateway.get(path, headers=BROWSER)) == NOT_FOUND, path
        assert exact(await gateway.post("/dex", headers=BROWSER)) == NOT_FOUND
        for path in ("/", "/index.js"):
            refused = await gateway.post(path, headers=BROWSER)
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_the_house_keeps_its_own_paths(open_gateway: OpenGateway, upstream: Upstream, folder: Path) -> None:
    for name in ("api", "admin", "media", "static", ".well-known"):
        (folder / name).mkdir()
        (folder / name / "index.html").write_bytes(b"a trap")
    for name in ("health", "ready", "metrics"):
        (folder / name).write_bytes(b"a trap")
    async with open_gateway(client_dir=folder) as gateway:
        for path in ("/api/", "/api", "/api/v1/nothing/", "/api/index.html", "/%61pi/index.html", "/admin/", "/admin"):
            assert exact(await gateway.get(path, headers=BROWSER)) == NOT_FOUND, path
        for path in ("/media/index.html", "/static/index.html", "/.well-known/index.html", "/metrics/x", "/ready/x"):
            assert exact(await gateway.get(path, headers=BROWSER)) == NOT_FOUND, path
        assert (await gateway.get("/health", headers=BROWSER)).json() == {"status": "alive"}


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/assets/..%2f..%2fsecret.html",
        "/assets/%2e%2e/%2e%2e/secret.html",
        "/..%5csecret.html",
        "/..\\secret.html",
        "/%252e%252e/secret.html",
        "/index.html%00.js",
        "/%00",
        "/link.html",
        "/linked/secret.html",
        "/circle.html",
        "/.env",
        "/.git/config",
        "//index.html",
        "/assets//index.html",
        "/./index.html",
        "/assets",
        "/%ff.html",
        "/" + "a" * 300 + ".js",
    ],
)
async def test_nothing_leads_out_of_the_folder(
    open_gateway: OpenGateway, upstream: Upstream, folder: Path, path: str
) -> None:
    (folder / "link.html").symlink_to(folder.parent / "secret.html")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "circle.html").symlink_to(folder / "circle.html")
    async with open_gateway(client_dir=folder) as gateway:
        for accept in (b"*/*", b"text/html"):
            answer = await as_it_is(gateway, path, accept)
            assert b"secret" not in answer
            if path == "/assets" and accept == b"text/html":
                assert PAGE in answer, "a folder is a place like any other"
            else:
                assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer


async def test_a_client_dropped_in_is_there_at_once_and_gone_when_it_is_taken_away(
    open_gateway: OpenGateway, upstream: Upstream, folder: Path
) -> None:
    current = folder.parent / "current"
    async with open_gateway(client_dir=current) as gateway:
        assert "/api/docs/" in (await gateway.get("/")).text, "the plain page"
        assert exact(await gateway.get("/dex", headers=BROWSER)) == NOT_FOUND
        current.symlink_to(folder)
        first = await gateway.get("/")
        assert first.content == PAGE
        stat = (folder / "index.html").stat()
        (folder / "index.html").write_bytes(PAGE.replace(b"BiologiDex", b"BiologiDx2"))
        os.utime(folder / "index.html", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        second = await gateway.get("/", headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200, "other bytes of the same length and date are another version"
        assert b"BiologiDx2" in second.content
        current.unlink()
        assert "/api/docs/" in (await gateway.get("/")).text


@given(st.text(max_size=30))
def test_words_of_a_path_never_lead_elsewhere(path: str) -> None:
    words = hosting.words_of("/" + "".join(c for c in path if ord(c) < 256))
    for word in words or ():
        assert word not in ("", ".", "..")
        assert not {"/", "\\", "\0"} & set(word)
