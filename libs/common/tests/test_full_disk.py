"""A full disk under a service: no half a file, a refusal instead of a failure, and logs that fail nobody (H14)."""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from libs.common.blobs import Blobs
from libs.common.errors import Unavailable
from libs.common.logs import configure_logs, log
from libs.common.whole_files import write_whole


def no_room(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "media" / "ab" / "one.png"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["one.png"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda path, target: (done.append("rename"), rename(path, target))[1])
    write_whole(tmp_path / "one.png", b"bytes")
    assert done == ["sync", "rename", "sync"]


async def test_a_full_store_is_a_refusal_and_keeps_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = Blobs(f"file://{tmp_path}", "http://testserver")
    await blobs.put("media/aa/old.png", b"old")
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(Unavailable):
        await blobs.put("media/aa/new.png", b"new")
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "media" / "aa").iterdir()] == ["old.png"]
    assert await blobs.get("media/aa/old.png") == b"old"
    await blobs.put("media/aa/new.png", b"new")
    assert await blobs.get("media/aa/new.png") == b"new"


def test_a_line_that_cannot_be_written_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        configure_logs("nobody")
        log.info("lost")
        log.info("lost as well")
        monkeypatch.setattr(sys, "stdout", said := io.StringIO())
        log.info("room again")
        with pytest.raises(OSError, match="No space"):
            full.flush()
        # Nothing is left in it that closing would try to write.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), full.fileno())
    assert "room again" in said.getvalue()
