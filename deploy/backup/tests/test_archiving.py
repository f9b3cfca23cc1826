"""The archiving process: pictures before the log, nothing before the first backup, and never in the way of writes."""

from pathlib import Path
from typing import Any

import pytest

from deploy.backup.archiving import Archiving, Spool
from deploy.backup.shelf import Shelf
from deploy.backup.wal import unpack

CLUSTER = 7_573_000_000_000_000_123


def segment(cluster: int = CLUSTER, filling: bytes = b"\0") -> bytes:
    header = b"\x18\xd1\x02\x00" + (1).to_bytes(4, "little") + bytes(16) + cluster.to_bytes(8, "little")
    return header + filling * 1000


class Place:
    """A spool, a shelf, a store of pictures, and what was said."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.shelf, self.store = Shelf(folder / "shelf"), folder / "store"
        self.shelf.set_up()
        self.shelf.claim(CLUSTER)
        self.store.mkdir()
        (folder / "spool").mkdir()
        self.spool = Spool(folder / "spool")
        self.said: list[str] = []
        self.archiving = Archiving(self.spool, self.shelf, self.store, say=self._say, **more)

    def _say(self, event: str, **_: Any) -> None:
        self.said.append(event)

    def write(self, place: int, data: bytes) -> str:
        """As the server archives a segment; returns its name."""
        name = f"00000001000000000000{place:04X}"
        (self.spool.folder / name).write_bytes(data)
        return name

    @property
    def shipped(self) -> set[str]:
        return {path.name for path in self.shelf.wal.iterdir()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_is_kept_before_the_first_backup_but_the_names_of_timelines(place: Place) -> None:
    place.write(1, segment())
    (place.spool.folder / "00000002.history").write_text("1\t0/5000000\tbefore 2026-11-20\n")
    assert place.archiving.ship() == 0
    assert [path.name for path in place.spool.waiting()] == ["00000002.history"]
    place.spool.keep()
    name = place.write(2, segment())
    assert place.archiving.ship() == 2
    assert place.shipped == {"00000002.history.gz", f"{name}.gz"}
    assert place.spool.waiting() == []


def test_what_is_half_copied_is_left_alone(place: Place) -> None:
    place.spool.keep()
    unfinished = place.spool.folder / "archtemp.000000010000000000000001.12.34"
    unfinished.write_bytes(b"half")
    place.archiving.ship()
    assert unfinished.exists()
    assert place.shipped == set()


def test_the_log_never_gets_ahead_of_the_pictures(place: Place) -> None:
    """A row is committed after its file was written; so the file must be on the shelf before the row's segment is."""
    place.spool.keep()
    (place.store / "one.png").write_bytes(b"1")
    name = place.write(1, segment())
    (place.shelf.blobs / "one.png").mkdir()
    place.archiving.ship()
    assert place.shipped == set()
    assert place.said == ["archive.failing"]
    (place.shelf.blobs / "one.png").rmdir()
    place.archiving.ship()
    assert place.shipped == {f"{name}.gz"}
    assert (place.shelf.blobs / "one.png").read_bytes() == b"1"
    assert place.said == ["archive.failing", "archive.works_again"]


def test_a_shelf_that_is_away_is_waited_for_and_nothing_is_put_where_it_was(place: Place) -> None:
    place.spool.keep()
    (place.store / "one.png").write_bytes(b"1")
    name = place.write(1, segment())
    place.shelf.path.rename(place.shelf.path.with_name("unmounted"))
    place.shelf.path.mkdir()
    for _ in range(3):
        assert place.archiving.ship() == 0
    assert place.said == ["archive.failing"]
    assert list(place.shelf.path.iterdir()) == []
    place.shelf.path.rmdir()
    place.shelf.path.with_name("unmounted").rename(place.shelf.path)
    assert place.archiving.ship() == 1
    assert unpack(place.shelf.wal / f"{name}.gz") == segment()


def test_too_much_that_waits_is_given_up_until_the_next_backup(tmp_path: Path) -> None:
    place = Place(tmp_path, most_bytes=2500)
    place.spool.keep()
    (place.shelf.path / "cluster").unlink()
    for number in (1, 2, 3):
        place.write(number, segment())
        place.archiving.ship()
    assert place.said == ["archive.failing", "archive.given_up"]
    assert place.spool.given_up_at is not None
    # From here on the server is never kept waiting, and nothing is left lying about.
    place.archiving.ship()
    assert place.spool.waiting() == []
    place.spool.keep()
    assert place.spool.given_up_at is None


def test_the_same_segment_twice_is_once_and_another_of_its_name_is_refused(place: Place) -> None:
    place.spool.keep()
    place.write(1, segment())
    place.archiving.ship()
    place.write(1, segment())
    assert place.archiving.ship() == 1
    place.write(1, segment(filling=b"x"))
    assert place.archiving.ship() == 0
    assert place.said == ["archive.failing"]
    assert len(place.spool.waiting()) == 1


def test_the_log_of_another_database_is_refused(place: Place) -> None:
    place.spool.keep()
    place.write(1, segment(cluster=CLUSTER + 1))
    assert place.archiving.ship() == 0
    assert place.said == ["archive.failing"]
    assert place.shipped == set()
