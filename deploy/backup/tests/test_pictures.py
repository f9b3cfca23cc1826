"""The copy of the pictures: what is new is added, what is gone goes with the last backup that knew it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from deploy.backup.pictures import Checksums, Pictures, local_store, restored_copy
from deploy.backup.shelf import Damaged, Shelf

LONG_AGO = 1_000_000_000


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "shelf")
    shelf.set_up()
    return shelf


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def put(store: Path, key: str, data: bytes = b"a picture") -> None:
    (store / key).parent.mkdir(parents=True, exist_ok=True)
    (store / key).write_bytes(data)


def test_only_what_is_new_is_copied_and_its_list_is_one_for_sha256sum(shelf: Shelf, store: Path) -> None:
    put(store, "media/ab/one.png", b"1")
    put(store, "private/two", b"2")
    put(store, "media/ab/three.png#123", b"half of it")
    pictures = Pictures(store, shelf)
    assert pictures.add_new() == 2
    assert pictures.add_new() == 0
    put(store, "media/ab/four.png", b"4")
    assert pictures.add_new() == 1
    assert Pictures(store, shelf).add_new() == 0
    assert (shelf.blobs / "media/ab/four.png").read_bytes() == b"4"
    checked = subprocess.run(("sha256sum", "--check", "--strict", shelf.checksums), cwd=shelf.path, check=False)
    assert checked.returncode == 0


def test_folders_that_have_not_changed_are_not_read_again_and_new_files_are_found(shelf: Shelf, store: Path) -> None:
    put(store, "media/ab/one.png")
    put(store, "media/cd/two.png")
    for folder in (store, store / "media", store / "media/ab", store / "media/cd"):
        os.utime(folder, (LONG_AGO, LONG_AGO))
    pictures = Pictures(store, shelf)
    assert pictures.add_new() == 2
    # As if the folder's time could not tell: whoever does not look does not see it.
    put(store, "media/ab/unseen.png")
    os.utime(store / "media/ab", (LONG_AGO, LONG_AGO))
    put(store, "media/cd/seen.png")
    put(store, "media/ef/seen.png")
    assert pictures.add_new() == 2


def test_a_store_that_is_not_there_yet_is_empty(shelf: Shelf, store: Path) -> None:
    assert Pictures(store, shelf).add_new() == 0


def test_whoever_was_killed_in_the_middle_of_a_line_is_made_good(shelf: Shelf, store: Path) -> None:
    put(store, "media/one.png")
    Pictures(store, shelf).add_new()
    with shelf.checksums.open("ab") as file:
        file.write(b"0123456789  blobs/med")
    put(store, "media/two.png")
    assert Pictures(store, shelf).add_new() == 1
    assert set(Checksums(shelf.checksums).read()) == {"media/one.png", "media/two.png"}


def test_two_who_add_by_turns_know_of_each_other(shelf: Shelf, store: Path) -> None:
    first, second = Pictures(store, shelf), Pictures(store, shelf)
    for number, pictures in enumerate((first, second, first, second)):
        put(store, f"{number}.png")
        assert pictures.add_new() == 1
    assert len(Checksums(shelf.checksums).read()) == 4


def test_a_deleted_picture_stays_until_the_last_backup_that_knew_it_is_gone(shelf: Shelf, store: Path) -> None:
    put(store, "kept.png")
    put(store, "deleted.png")
    pictures = Pictures(store, shelf)
    pictures.add_new()
    (store / "deleted.png").unlink()
    before = time.time() - 1
    assert pictures.forget(before) == 0
    assert (shelf.blobs / "deleted.png").exists()
    assert pictures.forget(time.time() + 1) == 1
    assert not (shelf.blobs / "deleted.png").exists()
    assert set(Checksums(shelf.checksums).read()) == {"kept.png"}
    assert pictures.add_new() == 0


def test_a_copy_with_other_bytes_is_not_put_back(shelf: Shelf, store: Path, tmp_path: Path) -> None:
    put(store, "one.png")
    Pictures(store, shelf).add_new()
    digest = Checksums(shelf.checksums).read()["one.png"]
    restored_copy(shelf, "one.png", digest, tmp_path / "back")
    assert (tmp_path / "back" / "one.png").read_bytes() == b"a picture"
    (shelf.blobs / "one.png").write_bytes(b"A picture")
    with pytest.raises(Damaged):
        restored_copy(shelf, "one.png", digest, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_bucket_is_no_folder() -> None:
    assert local_store("s3://pictures/of-animals") is None
    assert local_store("file:///var/pictures") == Path("/var/pictures")
    assert local_store("/var/pictures") == Path("/var/pictures")
