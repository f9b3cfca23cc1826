"""Clients come and go under a real gateway: whoever asks meanwhile gets one of them whole, never a hole between."""

import asyncio
import gzip
import os
import shutil
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import brotli
import httpx
import pytest

from deploy.web_client.installing import install, roll_back
from deploy.web_client.packing import QUICK
from deploy.web_client.releases import CURRENT, KEPT, VERSION, NotDone, Releases
from deploy.web_client.tests.export import write_export, zipped
from services.gateway.tests.test_process import gateway_process

UNPACKED: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
FILES = ("", "index.html", "index.js", "index.wasm", "index.pck", "index.png", "index.service.worker.js")
NOBODY_THERE = "http://127.0.0.1:1"


def nobody(_coding: str, _doing: str, _done: int, _total: int) -> None:
    """A report to nobody."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "clients"


@pytest.fixture(scope="module")
async def gateway_and_home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[httpx.AsyncClient, Path]]:
    """The gateway as a process of its own, which is told of a folder before anything is in it."""
    place = tmp_path_factory.mktemp("gateway")
    current = str(place / "clients" / CURRENT)
    off = {f"THROTTLE_{kind}_RATE": "off" for kind in ("ANON", "USER", "UPLOAD")}
    told = {"CLIENT_DIR": current, "CLIENT_VERSION_FILE": str(place / "clients" / VERSION), **off}
    async with gateway_process(NOBODY_THERE, place / "blobs", **told) as (client, _process):
        yield client, place / "clients"


@pytest.fixture
def gateway(gateway_and_home: tuple[httpx.AsyncClient, Path]) -> httpx.AsyncClient:
    return gateway_and_home[0]


@pytest.fixture
def served(gateway_and_home: tuple[httpx.AsyncClient, Path]) -> Iterator[Path]:
    """The folder that the gateway looks into; nothing is in it before and afterwards."""
    yield gateway_and_home[1]
    shutil.rmtree(gateway_and_home[1])


def put(tmp_path: Path, home: Path, which: str) -> str:
    """Installs a client of this name, made for it; returns the name of its release."""
    export = write_export(tmp_path / f"export-{which}", which)
    return install(export, home, nobody, quality=QUICK).release.name


async def fetched(gateway: httpx.AsyncClient, name: str, coding: str) -> bytes:
    """A file as it is after a browser has unpacked it; anything but a 200 fails."""
    async with gateway.stream("GET", f"/{name}", headers={"Accept-Encoding": coding or "identity"}) as answer:
        packed = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.status_code == 200, (name, coding, answer.status_code)
        return UNPACKED[answer.headers.get("content-encoding", "")](packed)


async def test_an_installed_client_is_served_in_every_coding(
    gateway: httpx.AsyncClient, served: Path, tmp_path: Path
) -> None:
    assert b"/api/docs/" in (await gateway.get("/")).content, "the plain page, while there is no client"
    export = write_export(tmp_path / "export", "lion")
    done = await asyncio.to_thread(install, zipped(export, tmp_path / "lion.zip"), served, nobody, quality=QUICK)
    assert (done.is_new, done.export.version) == (True, "lion")
    for name in FILES:
        content = (export / (name or "index.html")).read_bytes()
        for coding in UNPACKED:
            assert await fetched(gateway, name, coding) == content, (name, coding)
    wasm = await gateway.head("/index.wasm", headers={"Accept-Encoding": "br, gzip"})
    assert (wasm.headers["content-encoding"], wasm.headers["content-type"]) == ("br", "application/wasm")
    assert int(wasm.headers["content-length"]) < done.export.bytes / 2
    pictures = await gateway.head("/index.png", headers={"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in pictures.headers
    version = (await gateway.get("/api/v1/version/", headers={"X-Client-Version": "lion"})).json()
    assert (version["expected_version"], version["update_required"]) == ("lion", False)


async def test_players_who_load_meanwhile_get_one_client_or_the_other(
    gateway: httpx.AsyncClient, served: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(put, tmp_path, served, "lion")
    over, seen = asyncio.Event(), Counter[str]()

    async def load(coding: str) -> None:
        while not over.is_set():
            for name in FILES:
                content = await fetched(gateway, name, coding)
                seen.update(which for which in ("lion", "bear") if which.encode() in content[:200])
                assert content, name

    players = [asyncio.create_task(load(coding)) for coding in UNPACKED]

    async def loaded(which: str) -> None:
        before = seen[which]
        async with asyncio.timeout(20):
            while seen[which] < before + 3 * len(FILES):
                for each in players:
                    if each.done():
                        each.result()
                await asyncio.sleep(0.01)

    await loaded("lion")
    await asyncio.to_thread(put, tmp_path, served, "bear")
    await loaded("bear")
    for _ in range(20):
        await asyncio.to_thread(roll_back, served)
        await loaded("lion")
        newest = Releases(served).all()[0].name
        await asyncio.to_thread(roll_back, served, newest)
        await loaded("bear")
    over.set()
    await asyncio.gather(*players)


async def test_a_download_under_way_ends_with_the_client_it_began_with(
    gateway: httpx.AsyncClient, served: Path, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "export-lion", "lion", wasm_kilobytes=20_000)
    await asyncio.to_thread(install, export, served, nobody, quality=QUICK)
    async with gateway.stream("GET", "/index.wasm", headers={"Accept-Encoding": "identity"}) as answer:
        pieces = answer.aiter_raw()
        content = await anext(pieces)
        for which in ("bear", "wolf"):
            export_of = write_export(tmp_path / f"export-{which}", which)
            await asyncio.to_thread(install, export_of, served, nobody, keep=1, quality=QUICK)
            content += b"".join([piece async for piece in pieces])
    assert content == (export / "index.wasm").read_bytes()
    assert b"wolf" in (await gateway.get("/")).content


def test_rollback_goes_back_one_by_one_and_a_new_client_is_the_newest_again(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="no client is installed"):
        roll_back(home)
    lion, bear = put(tmp_path, home, "lion"), put(tmp_path, home, "bear")
    assert Releases(home).current_name == bear
    assert roll_back(home).name == lion
    with pytest.raises(NotDone, match="none before"):
        roll_back(home)
    wolf = put(tmp_path, home, "wolf")
    assert [(each.name, each.is_current) for each in Releases(home).all()] == [
        (wolf, True),
        (bear, False),
        (lion, False),
    ]
    assert roll_back(home, lion).name == lion
    with pytest.raises(NotDone, match="no client is called"):
        roll_back(home, "tiger")
    assert str((home / CURRENT).readlink()) == f"releases/{lion}", (
        "relative: it leads there from inside a container as well"
    )


def test_the_same_client_again_changes_nothing(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "export", "lion")
    first = install(export, home, nobody, quality=QUICK)
    again = install(zipped(export, tmp_path / "lion.zip"), home, nobody, quality=QUICK)
    assert (again.release, again.is_new) == (Releases(home).all()[0], False)
    assert again.release.name == first.release.name


def test_the_last_five_stay_and_the_one_that_is_served(home: Path, tmp_path: Path) -> None:
    names = [put(tmp_path, home, f"client-{n}") for n in range(KEPT + 2)]
    assert [each.name for each in Releases(home).all()] == names[:1:-1]
    roll_back(home, names[2])
    newest = install(write_export(tmp_path / "new", "new"), home, nobody, keep=2, quality=QUICK)
    assert [each.name for each in Releases(home).all()] == [newest.release.name, names[-1]]
    roll_back(home, names[-1])
    Releases(home).forget(1)
    assert [each.name for each in Releases(home).all()] == [names[-1]], "the one that is served, though not the newest"


def test_everybody_may_read_it_and_nobody_change_it(home: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        put(tmp_path, home, "lion")
    finally:
        os.umask(before)
    served = (home / CURRENT).resolve()
    assert {path.stat().st_mode & 0o777 for path in (home, home / "releases", served)} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in served.iterdir()} == {0o644}


def test_one_at_a_time_and_what_a_killed_one_left_is_swept(home: Path, tmp_path: Path) -> None:
    (home / "releases" / ".incoming-dead").mkdir(parents=True)
    (home / ".current-dead").symlink_to("releases/nowhere")
    with Releases(home).alone():
        assert not (home / "releases" / ".incoming-dead").exists()
        assert not (home / ".current-dead").is_symlink()
        failures: list[str] = []

        def another() -> None:
            with pytest.raises(NotDone) as caught:
                put(tmp_path, home, "lion")
            failures.append(str(caught.value))

        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
    assert "somebody else is installing" in failures[0]
    assert Releases(home).all() == []


def test_a_folder_that_a_person_has_put_there_is_not_touched(home: Path, tmp_path: Path) -> None:
    (home / CURRENT).mkdir(parents=True)
    (home / CURRENT / "index.html").write_text("mine")
    with pytest.raises(NotDone, match="is not a link"):
        put(tmp_path, home, "lion")
    assert (home / CURRENT / "index.html").read_text() == "mine"


def test_a_failure_while_packing_leaves_the_old_client(home: Path, tmp_path: Path) -> None:
    lion = put(tmp_path, home, "lion")
    export = write_export(tmp_path / "export-bear", "bear")

    def full(coding: str, _doing: str, done: int, _total: int) -> None:
        if coding == ".br" and done > 100_000:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        install(export, home, full, quality=QUICK)
    releases = Releases(home)
    assert ([each.name for each in releases.all()], releases.current_name) == ([lion], lion)
    assert sorted(path.name for path in releases.shelf.iterdir()) == [lion]
