"""The shelf as backups leave it, and what can become of it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.backup.shelf import Base, Shelf
from deploy.operate.checks import backups
from deploy.operate.installation import Installation
from deploy.operate.looks.backups import look_at_backups
from deploy.operate.state import State
from deploy.operate.tests.project import ids

HOUR = 3600.0
HERE = Installation("embedded", "")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """With a backup of an hour ago, and a drill of yesterday."""
    found = Shelf(tmp_path / "backups")
    found.set_up()
    put(found, hours=1)
    drilled(found, days=1)
    return found


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "wal"
    folder.mkdir()
    return folder


def put(shelf: Shelf, *, hours: float) -> None:
    at = time.time() - hours * HOUR
    base = Base("base", 1, 180_000, at, at, "0" * 24, "0/0", 1, {}, 0, has_credentials=True)
    shelf.folder_of(base).mkdir(exist_ok=True)
    replace(base).write(shelf.folder_of(base))


def drilled(shelf: Shelf, *, days: float) -> None:
    folder = shelf.path / "metrics"
    folder.mkdir(exist_ok=True)
    at = time.time() - days * 24 * HOUR
    name = "drill_last_success_timestamp_seconds"
    (folder / "drill.prom").write_text(f"# HELP {name} When.\n# TYPE {name} gauge\n{name} {at}\n")


def found(shelf: Shelf, spool: Path) -> list[str]:
    return ids(backups, HERE, State(backups=look_at_backups(shelf.path, spool)))


def test_a_young_backup_and_a_drill(shelf: Shelf, spool: Path) -> None:
    assert found(shelf, spool) == []


def test_an_installation_without_a_place_for_them() -> None:
    assert ids(backups, HERE, State(backups=look_at_backups(None, None))) == []


def test_there_is_none(shelf: Shelf, spool: Path) -> None:
    (shelf.bases / "base" / "backup.json").unlink()
    assert found(shelf, spool) == ["backup.none"]


def test_the_last_one_is_old(shelf: Shelf, spool: Path) -> None:
    put(shelf, hours=27)
    assert found(shelf, spool) == ["backup.old"]


def test_a_record_is_damaged(shelf: Shelf, spool: Path) -> None:
    (shelf.bases / "base" / "backup.json").write_text("{")
    assert found(shelf, spool) == ["backup.damaged"]


def test_the_log_was_given_up(shelf: Shelf, spool: Path) -> None:
    (spool / "given-up").touch()
    assert found(shelf, spool) == ["backup.log-given-up"]


def test_the_log_waits(shelf: Shelf, spool: Path) -> None:
    for number in range(9):
        (spool / f"{number:024X}").touch()
    assert found(shelf, spool) == ["backup.log-waits"]


@pytest.mark.parametrize("days", [9.0, None])
def test_the_last_drill_is_old(shelf: Shelf, spool: Path, days: float | None) -> None:
    if days is None:
        (shelf.path / "metrics" / "drill.prom").unlink()
    else:
        drilled(shelf, days=days)
    assert found(shelf, spool) == ["backup.drill-old"]
