"""How the web client's files travel: compressed siblings, parts, and piece by piece (contract O8)."""

import gzip
import tracemalloc
from pathlib import Path

import httpx
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.ranges import NoSuchPart, part_of
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.export import SCRIPT, WASM
from services.gateway.tests.upstream import PNG, Upstream


async def test_compressed_siblings_go_to_those_who_accept_them(
    open_gateway: OpenGateway, upstream: Upstream, folder: Path
) -> None:
    packed = gzip.compress(SCRIPT)
    (folder / "index.js.gz").write_bytes(packed)
    (folder / "index.js.br").write_bytes(b"as if it were brotli")
    (folder / "index.wasm.gz").write_bytes(gzip.compress(WASM))
    (folder / "index.png.gz").write_bytes(b"never")
    tags = set()
    async with open_gateway(client_dir=folder) as gateway:
        for accepted, coding, content in (
            ("gzip, deflate, br", "br", b"as if it were brotli"),
            ("gzip, deflate", "gzip", packed),
            ("br;q=0, gzip;q=0.1", "gzip", packed),
            ("br;q=0, *;q=0.5", "gzip", packed),
            ("gzip;q=0, br;q=0.0", None, SCRIPT),
            ("identity", None, SCRIPT),
            ("", None, SCRIPT),
        ):
            async with gateway.stream("GET", "/index.js", headers={"Accept-Encoding": accepted}) as answer:
                body = b"".join([chunk async for chunk in answer.aiter_raw()])
            assert (answer.headers.get("content-encoding"), body) == (coding, content), accepted
            assert answer.headers["content-length"] == str(len(content))
            assert answer.headers["content-type"] == "application/javascript"
            assert "Accept-Encoding" in answer.headers["vary"]
            tags.add(answer.headers["etag"])
            again = await gateway.get(
                "/index.js", headers={"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
            )
            assert again.status_code == 304
            assert "Accept-Encoding" in again.headers["vary"]
        assert len(tags) == 3, "each of the three has its own"
        assert (await gateway.get("/index.wasm", headers={"Accept-Encoding": "gzip"})).content == WASM
        picture = await gateway.get("/index.png", headers={"Accept-Encoding": "gzip"})
        assert picture.content == PNG
        assert "content-encoding" not in picture.headers


async def test_a_part_of_a_file(open_gateway: OpenGateway, upstream: Upstream, folder: Path) -> None:
    async with open_gateway(client_dir=folder) as gateway:

        async def asked(wanted: str, **more: str) -> httpx.Response:
            return await gateway.get("/index.wasm", headers={"Range": wanted, **more})

        size = len(WASM)
        part = await asked("bytes=1000000-1000009")
        assert (part.status_code, part.content) == (206, WASM[1_000_000:1_000_010])
        assert part.headers["content-range"] == f"bytes 1000000-1000009/{size}"
        assert part.headers["content-length"] == "10"
        beyond = await asked(f"bytes={size}-")
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
        assert isinstance(beyond.json()["detail"], str)
        same = await asked("bytes=0-9", **{"If-Range": part.headers["etag"]})
        other = await asked("bytes=0-9", **{"If-Range": '"other"'})
        assert (same.status_code, other.status_code) == (206, 200)
        many = await asked("bytes=" + "0-," * 1000)
        assert (many.status_code, len(many.content)) == (200, size)


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_ranges_name_what_slices_would(size: int, first: int, last: int) -> None:
    whole = range(size)
    for wanted, part in (
        (f"bytes={first}-{last}", whole[first : last + 1]),
        (f"bytes={first}-", whole[first:]),
        (f"bytes=-{last}", whole[max(0, size - last) :]),
    ):
        try:
            found = part_of(wanted.encode(), size)
        except NoSuchPart:
            assert len(part) == 0
        else:
            assert (found is None and last < first) or (found is not None and list(found) == list(part))
    for nonsense in (b"", b"bytes=-", b"bytes=a-b", b"lines=0-1", b"bytes=0-1,3-4"):
        assert part_of(nonsense, 10) is None


async def test_a_large_file_is_never_held_whole(open_gateway: OpenGateway, upstream: Upstream, folder: Path) -> None:
    size = 36 * 1024 * 1024
    with (folder / "index.wasm").open("wb") as file:
        file.truncate(size)
    received = 0
    async with open_gateway(client_dir=folder) as gateway:
        tracemalloc.start()
        async with gateway.stream("GET", "/index.wasm") as answer:
            async for chunk in answer.aiter_raw():
                received += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert received == size
    assert peak < size / 4
