"""The blob store is held against the names in the tables, both ways; every damage is found by its file."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from libs.common.blobs import Blobs
from libs.common.recovery.audit import Named
from libs.common.recovery.files import Files

FOX, OWL = b"a fox", b"an owl"
KEYS = ("media/ab/fox.png", "private/owl.jpg")


@pytest.fixture
async def blobs(tmp_path: Path) -> Blobs:
    """A store with two files."""
    store = Blobs(tmp_path.as_uri(), "")
    for key, data in zip(KEYS, (FOX, OWL), strict=True):
        await store.put(key, data)
    return store


def named(**more: object) -> dict[str, list[Named]]:
    fox = Named(KEYS[0], "picture 1", len(FOX), sha256(FOX).hexdigest())
    return {"vision": [fox, Named(KEYS[1], "job 1")], **more}  # type: ignore[dict-item]


def files(blobs: Blobs, *, grace: float = 0, sampled: float = 1, whole: bool = True) -> Files:
    return Files(blobs, timedelta(seconds=grace), sampled, whole)


async def keys(looking: Files, names: dict[str, list[Named]]) -> list[tuple[str, str]]:
    return [(violation.where, violation.key) for violation in await looking.violations(names)]


async def test_what_is_named_and_stored_is_in_order(blobs: Blobs) -> None:
    looking = files(blobs)
    assert await looking.violations(named()) == []
    assert looking.count == 2


async def test_a_missing_file_is_found(blobs: Blobs) -> None:
    await blobs.delete(KEYS[1])
    assert await keys(files(blobs), named()) == [("vision", KEYS[1])]


async def test_a_file_that_is_being_removed_may_be_there_or_not(blobs: Blobs) -> None:
    leaving = {"vision": [named()["vision"][0], Named(KEYS[1], "the list", must_be=False)]}
    assert await keys(files(blobs), leaving) == []
    await blobs.delete(KEYS[1])
    assert await keys(files(blobs), leaving) == []


async def test_a_file_that_nobody_names_is_found_after_its_grace(blobs: Blobs) -> None:
    await blobs.put("private/nobodys", b"")
    assert await keys(files(blobs, grace=3600), named()) == []
    assert await keys(files(blobs), named()) == [("blobs", "private/nobodys")]
    # Asked of some services only, nobody can say so.
    assert await keys(files(blobs, whole=False), named()) == []


@pytest.mark.parametrize("data", [b"a fox, cut", b""])
async def test_a_file_of_another_size_is_found(blobs: Blobs, data: bytes) -> None:
    await blobs.put(KEYS[0], data)
    (violation,) = await files(blobs, sampled=0).violations(named())
    assert f"{len(data)} bytes instead of 5" in violation.sentence


async def test_a_file_with_other_bytes_is_found_if_it_is_read(blobs: Blobs) -> None:
    await blobs.put(KEYS[0], b"A fox")
    assert await keys(files(blobs, sampled=0), named()) == []
    assert await keys(files(blobs), named()) == [("vision", KEYS[0])]


async def test_what_was_whole_is_not_read_again(blobs: Blobs) -> None:
    looking = files(blobs)
    assert await keys(looking, named()) == []
    assert looking.hashed == {KEYS[0]}
    await blobs.put(KEYS[0], b"A fox")
    assert await keys(looking, named()) == []


async def test_two_services_who_know_a_file_by_different_bytes_are_found(blobs: Blobs) -> None:
    other = {"dex": [Named(KEYS[0], "entry 1", sha256="0" * 64)]}
    (violation,) = await files(blobs).violations(named(**other))
    assert "entry 1 and picture 1 know" in violation.sentence
