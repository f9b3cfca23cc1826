"""Files that a killed process has left behind go by themselves; no other file does (bus notes I8, contract B4)."""

import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from sqlalchemy import update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.recovery.files import Files
from libs.common.testing import SignIn
from libs.common.tests.auditing import files_of
from libs.common.values import now
from services.vision import unnamed_files
from services.vision.audit import audit
from services.vision.darkroom import Darkroom
from services.vision.models import DiscardedFile, Picture, RefDexEntry, RefUser
from services.vision.settings import VisionSettings
from services.vision.tests.conftest import MakeJob
from services.vision.tests.samples import jpeg
from services.vision.tests.test_images import convert_one
from services.vision.transformations import Transformations

DAY = VisionSettings()


@pytest.fixture
async def blobs(tmp_path: Path) -> Blobs:
    """A store of the test's own: each test looks at all of it."""
    return Blobs(f"file://{tmp_path}", "http://testserver")


@pytest.fixture
async def darkroom(darkroom: Darkroom, blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Darkroom]:
    monkeypatch.setattr(darkroom, "blobs", blobs)
    yield darkroom


def grow_old(folder: Path, hours: float = 25, but: str | None = None) -> None:
    """Lets all files, or all but one, have been written so long ago."""
    past = time.time() - hours * 3600
    for path in folder.rglob("*"):
        if path.is_file() and path.name != but:
            os.utime(path, (past, past))


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def sweep(db: Database, blobs: Blobs, settings: VisionSettings = DAY) -> int:
    return await unnamed_files.sweep(db, blobs, settings)


async def told_by_the_checker(db: Database, blobs: Blobs) -> set[str]:
    """What `./bdx bus verify` says about the store (I8)."""
    checker = Files(blobs, timedelta(hours=1), sampled=0.0, whole=True)
    return {violation.key for violation in await checker.violations({"vision": await files_of(db, audit)})}


async def test_what_a_killed_worker_left_goes_after_a_day(db: Database, darkroom: Darkroom, tmp_path: Path) -> None:
    """As after `vision.after_files_before_row`, and after the end of an upload before its job."""
    developed = await darkroom.develop(jpeg(), Transformations())
    left = {*(await darkroom.keep(uuid4(), developed, "vision_job")).files, await darkroom.keep_original(jpeg())}
    grow_old(tmp_path, hours=23)
    assert await sweep(db, darkroom.blobs) == 0
    assert names_in(tmp_path) == left
    grow_old(tmp_path)
    assert await sweep(db, darkroom.blobs, VisionSettings(unnamed_files_hours=26)) == 0
    assert await sweep(db, darkroom.blobs, VisionSettings(unnamed_files_hours=0)) == 0
    counted = REGISTRY.get_sample_value("vision_unnamed_files_removed_total", {"kind": "whole"}) or 0
    assert await told_by_the_checker(db, darkroom.blobs) == left
    assert await sweep(db, darkroom.blobs) == 4
    assert await told_by_the_checker(db, darkroom.blobs) == names_in(tmp_path) == set()
    assert REGISTRY.get_sample_value("vision_unnamed_files_removed_total", {"kind": "whole"}) == counted + 4


async def test_no_file_goes_that_anything_names(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, darkroom: Darkroom, tmp_path: Path
) -> None:
    """Conversions, jobs with uploads of their own, avatars, pictures of entries; and what copies alone still name."""
    ada = uuid4()
    headers, files = sign_in(ada), {"image": ("image", jpeg())}
    await convert_one(client, headers)
    for path in ("/internal/pictures/", f"/internal/avatars/{ada}/", "/api/v1/vision/jobs/"):
        assert (await client.post(path, headers=headers, files=files)).status_code == 201
    blobs, shown, face, leaving = darkroom.blobs, "media/ab/shown.png", "media/cd/face.png", "private/originals/leaving"
    for key in (shown, face, leaving):
        await blobs.put(key, b"a picture")
    entry = {"owner_id": ada, "job_id": None, "visibility": "private"}
    async with db.transaction() as session:
        session.add(RefDexEntry(id=uuid4(), version=1, picture_key=shown, **entry))
        session.add(RefUser(id=ada, version=1, username="ada", avatar=f"https://elsewhere.example/{face}"))
        session.add(DiscardedFile(key=leaving))
    there = names_in(tmp_path)
    assert len(there) == 3 + 1 + 3 + 3 + 1 + 3
    grow_old(tmp_path)
    assert await sweep(db, blobs) == 0
    assert names_in(tmp_path) == there


async def test_what_was_given_up_is_named_by_nobody(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, darkroom: Darkroom, tmp_path: Path
) -> None:
    """Rows stay for what still tells of them; of a picture that was given up, no file is in use any more."""
    await convert_one(client, sign_in(uuid4()))
    entry = {"owner_id": uuid4(), "job_id": None, "visibility": "private", "deleted_at": now()}
    await darkroom.blobs.put("media/ab/shown.png", b"a picture")
    async with db.transaction() as session:
        await session.execute(update(Picture).values(removed_at=now()))
        session.add(RefDexEntry(id=uuid4(), version=1, picture_key="media/ab/shown.png", **entry))
    grow_old(tmp_path)
    assert await sweep(db, darkroom.blobs) == 5


async def test_a_row_that_comes_between_the_looks_keeps_its_file(
    db: Database, blobs: Blobs, make_job: MakeJob, tmp_path: Path
) -> None:
    await make_job(jpeg(), original_key="private/originals/first")
    late, nobodys = "private/originals/late", "private/originals/nobodys"
    for key in (late, nobodys):
        await blobs.put(key, jpeg())
    grow_old(tmp_path)
    found = await unnamed_files.look(db, blobs, now() - timedelta(hours=24))
    assert (found.named, found.unnamed, set(found.first)) == (1, 2, {late, nobodys})
    await make_job(jpeg(), original_key=late)
    assert await unnamed_files.remove(db, blobs, found.first) == 1
    assert names_in(tmp_path) == {"private/originals/first", late}


async def test_what_lies_elsewhere_is_not_ours(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put("backups/of/somebody", b"else")
    grow_old(tmp_path)
    assert await sweep(db, blobs) == 0


async def test_a_round_has_an_end_and_the_next_goes_on(
    db: Database, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages and rounds of a few, as if there were thousands."""
    for name, value in (("PAGE", 3), ("MOST", 4), ("REMOVED_AT_ONCE", 2)):
        monkeypatch.setattr(unnamed_files, name, value)
    for number in range(10):
        await blobs.put(f"media/ab/{number}.png", b"picture")
    grow_old(tmp_path, but="9.png")
    assert [await sweep(db, blobs) for _ in range(4)] == [4, 4, 1, 0]
    assert names_in(tmp_path) == {"media/ab/9.png"}


async def test_a_store_that_seems_to_be_nobodys_is_left_alone(
    db: Database, blobs: Blobs, make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker beside the wrong, an empty or a half restored database must not clear the store away."""
    monkeypatch.setattr(unnamed_files, "FEW", 2)
    for number in range(3):
        await blobs.put(f"private/originals/{number}", b"upload")
    grow_old(tmp_path)
    assert await sweep(db, blobs) == 0
    for number in range(2):
        await make_job(jpeg(), original_key=f"private/originals/{number}")
    grow_old(tmp_path)
    assert await sweep(db, blobs) == 1


async def test_half_written_files_go_with_them(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    """`name#number` is how the local store and `whole_files` write; no listing shows them."""
    old = {"media/ab/x.png#123", "private/originals/y#7"}
    kept = {"elsewhere/y#z", "elsewhere/x#1", "media/ab/young.png#5"}
    for name in old | kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    grow_old(tmp_path, but="young.png#5")
    assert [stored.key async for stored in blobs.all()] == ["elsewhere/y#z"]
    assert await blobs.remove_unfinished(now() - timedelta(hours=24), 1) == 1
    assert await sweep(db, blobs) == 1
    assert names_in(tmp_path) == kept


@pytest.mark.parametrize("hours", ["0.5", "-1", "nan", "inf"])
def test_the_age_must_be_safe(hours: str) -> None:
    with pytest.raises(ValidationError):
        VisionSettings(unnamed_files_hours=hours)  # type: ignore[arg-type]
