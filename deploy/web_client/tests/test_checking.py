"""What is no web client is refused with all that is wrong with it, and nothing of it stays."""

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.web_client.checking import check
from deploy.web_client.installing import install
from deploy.web_client.packing import QUICK
from deploy.web_client.releases import VERSION
from deploy.web_client.tests.export import write_export, zipped
from deploy.web_client.unpacking import BadExport, Room, take


def nobody(_coding: str, _doing: str, _done: int, _total: int) -> None:
    """A report to nobody."""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "export", "lion")


def refused(source: Path, tmp_path: Path) -> str:
    """Why it is; nothing of it may be left."""
    home = tmp_path / "home"
    with pytest.raises(BadExport) as caught:
        install(source, home, nobody, quality=QUICK)
    assert [path.name for path in home.rglob("*")] in (["releases", ".lock"], [".lock", "releases"])
    return str(caught.value)


def replaced(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def edited(old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        page = (folder / "index.html").read_text()
        assert old in page
        (folder / "index.html").write_text(page.replace(old, new))

    return edit


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "index.wasm").unlink(), "index.wasm is missing"),
        (lambda folder: (folder / "index.html").unlink(), "index.html is missing"),
        (replaced("index.wasm", b"<html>404</html>"), "index.wasm is not WebAssembly"),
        (replaced("index.wasm", b"\0asm\x01\0\0\0"), "expects index.wasm with"),
        (replaced("index.pck", b"PK\3\4"), "index.pck is not a pack"),
        (replaced("index.js", b""), "index.js is empty"),
        (edited('<script src="index.js">', "<script>"), "does not name index.js"),
        (edited("GODOT_CONFIG = {", "CONFIG = {"), "has no GODOT_CONFIG"),
        (edited('"executable": "index"', '"executable": "game"'), "starts 'game'"),
        (edited("ENABLED = false", "ENABLED = true"), "without thread support"),
        (replaced("index.worker.js", b"//"), "without thread support"),
        (replaced(VERSION, b"lion"), "client_version.json cannot be read"),
        (replaced(VERSION, b"{}"), "has no git_commit"),
        (lambda folder: (folder / "api").mkdir() or (folder / "api" / "x").write_bytes(b"x"), "the gateway's own"),
        (lambda folder: (folder / "link.js").symlink_to("/etc/passwd"), "link.js is a link"),
        (lambda folder: (folder / "linked").symlink_to("/etc"), "linked is a link"),
    ],
)
def test_a_broken_export_is_refused(
    export: Path, tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    damage(export)
    assert reason in refused(export, tmp_path)


def test_all_that_is_missing_is_said_at_once(export: Path, tmp_path: Path) -> None:
    for name in ("index.pck", "index.js"):
        (export / name).unlink()
    assert refused(export, tmp_path).splitlines() == ["index.js is missing", "index.pck is missing"]


@pytest.mark.parametrize(
    "name", ["../index.js", "/etc/passwd", "a/../../b.js", "a\\b.js", "c:evil.js", "x\n.js", "y" * 300]
)
def test_nothing_in_a_zip_leads_out_of_it(export: Path, tmp_path: Path, name: str) -> None:
    path = zipped(export, tmp_path / "export.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"evil")
    assert "is no name of a file in an export" in refused(path, tmp_path)


def test_links_and_doubles_in_a_zip_are_refused(export: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.js")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(export, tmp_path / "links.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link.js is a link" in refused(path, tmp_path)
    path = zipped(export, tmp_path / "doubles.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("index.js", b"// another")
    assert "index.js is there twice" in refused(path, tmp_path)


@pytest.mark.parametrize("room", [Room(bytes=3_000_000), Room(files=3)])
def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path, room: Room) -> None:
    path, target = tmp_path / "bomb.zip", tmp_path / "unpacked"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(4):
            archive.writestr(f"{n}.js", bytes(5_000_000))
    assert path.stat().st_size < 30_000
    target.mkdir()
    with pytest.raises(BadExport, match="too"):
        take(path, target, room)
    assert sum(file.stat().st_size for file in target.iterdir()) <= 3 * 5_000_000


def test_a_damaged_or_wrong_archive_is_refused(export: Path, tmp_path: Path) -> None:
    path = zipped(export, tmp_path / "export.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be unpacked" in refused(path, tmp_path)
    path.write_bytes(whole.replace(whole[200:400], bytes(200)))
    assert refused(path, tmp_path)
    assert "neither a folder nor a zip" in refused(tmp_path / "nothing.zip", tmp_path)


def test_a_zip_of_the_folder_is_as_good_and_hidden_files_stay_behind(export: Path, tmp_path: Path) -> None:
    (export / ".DS_Store").write_bytes(b"mac")
    (export / "index.js.gz").write_bytes(b"packed from something else")
    target = tmp_path / "unpacked"
    target.mkdir()
    take(zipped(export, tmp_path / "export.zip", below="web/"), target)
    found = check(target)
    assert found.version == "lion"
    assert found.warnings == ()
    names = {path.name for path in target.iterdir()}
    assert "index.html" in names
    assert not {".DS_Store", "index.js.gz", "web"} & names


def test_what_the_shipped_client_has_besides_is_only_missed(export: Path, tmp_path: Path) -> None:
    (export / VERSION).unlink()
    (export / "index.offline.html").unlink()
    found = check(export)
    assert found.version == ""
    assert [warning.split()[0] for warning in found.warnings] == ["index.offline.html", "the"]
    assert check(export, version="abc123").version == "abc123"
    assert json.loads((export / VERSION).read_text()) == {"git_commit": "abc123"}
