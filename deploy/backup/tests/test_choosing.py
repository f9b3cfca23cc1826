"""Which backup a moment is restored from, and which gaps of the log are none of its business."""

from pathlib import Path

import pytest

from deploy.backup.choosing import NoBackup, chosen, log_since, must_be_whole
from deploy.backup.shelf import Base, Busy, Damaged, NotOurs, Shelf
from deploy.backup.taking import digest_of


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "shelf")
    shelf.set_up()
    return shelf


def add(shelf: Shelf, ended_at: float, first: int) -> Base:
    """A base that was written while the segment `first` was."""
    folder = shelf.bases / f"{ended_at:.0f}"
    folder.mkdir()
    (folder / "base.tar.gz").write_bytes(b"a database")
    base = Base(
        name=folder.name,
        cluster=1,
        server_version=18,
        begun_at=ended_at - 5,
        ended_at=ended_at,
        first_segment=f"0000000100000000000000{first:02X}",
        end_lsn=f"0/{first:X}000158",
        size=10,
        files={"base.tar.gz": digest_of(folder / "base.tar.gz")},
        pictures=0,
        has_credentials=True,
    )
    base.write(folder)
    return base


def put_log(shelf: Shelf, *places: int) -> None:
    for place in places:
        (shelf.wal / f"0000000100000000000000{place:02X}.gz").touch()


def test_the_newest_base_that_had_ended_by_then_is_taken(shelf: Shelf) -> None:
    with pytest.raises(NoBackup, match="no backup"):
        chosen(shelf, None)
    bases = [add(shelf, ended_at, first) for ended_at, first in ((100, 4), (200, 8), (300, 12))]
    (shelf.bases / ".unfinished-400").mkdir()
    assert chosen(shelf, None) == bases[2]
    assert chosen(shelf, 299) == bases[1]
    assert chosen(shelf, 100) == bases[0]
    with pytest.raises(NoBackup, match="nothing before it"):
        chosen(shelf, 99)


def test_the_log_begins_with_the_base_and_histories_are_always_there(shelf: Shelf) -> None:
    base = add(shelf, 100, 4)
    put_log(shelf, 3, 4, 5, 6)
    (shelf.wal / "00000002.history.gz").touch()
    names = [path.name for path in log_since(shelf, base)]
    assert [name[22:24] for name in names if "history" not in name] == ["04", "05", "06"]
    assert "00000002.history.gz" in names


def test_a_gap_after_the_last_base_is_damage_also_right_behind_it(shelf: Shelf) -> None:
    base = add(shelf, 100, 4)
    put_log(shelf, 6, 7)
    with pytest.raises(Damaged, match="1 files"):
        log_since(shelf, base)
    put_log(shelf, 5, 9)
    with pytest.raises(Damaged, match="1 files"):
        log_since(shelf, base)
    put_log(shelf, 8)
    assert len(log_since(shelf, base)) == 5


def test_a_gap_before_a_later_base_ends_what_the_earlier_one_can_restore(shelf: Shelf) -> None:
    base = add(shelf, 100, 4)
    later = add(shelf, 200, 9)
    put_log(shelf, 4, 5, 9, 10)
    assert [path.name[22:24] for path in log_since(shelf, base)] == ["04", "05"]
    assert [path.name[22:24] for path in log_since(shelf, later)] == ["09", "0A"]


def test_a_base_that_is_not_as_it_was_written_is_refused(shelf: Shelf) -> None:
    base = add(shelf, 100, 4)
    must_be_whole(shelf, base)
    (shelf.folder_of(base) / "base.tar.gz").write_bytes(b"A database")
    with pytest.raises(Damaged):
        must_be_whole(shelf, base)
    (shelf.folder_of(base) / "base.tar.gz").unlink()
    with pytest.raises(Damaged):
        must_be_whole(shelf, base)


def test_two_backups_are_not_taken_at_once(shelf: Shelf) -> None:
    with shelf.taking():
        with pytest.raises(Busy), shelf.taking():
            raise AssertionError
        with shelf.alone():
            pass
    with shelf.taking():
        pass


def test_a_shelf_has_one_database(shelf: Shelf) -> None:
    shelf.claim(1)
    shelf.claim(1)
    with pytest.raises(NotOurs):
        shelf.claim(2)
