"""The one disk of the mesh is full: pictures, PostgreSQL, the bus and all logs with it (H14)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.commands.walk import PHOTOS
from tests.faults.analysis import send_job
from tests.faults.database_stack import HurtMesh, may_mount
from tests.faults.recovery import verified
from tests.faults.told import PATIENCE_SECONDS, READS, all_answer, ask, watching
from tests.mesh import signed_up, until

pytestmark = pytest.mark.skipif(not may_mount(), reason="a disk that can be full needs root, and a mount")
FULL = (503, 507)


@contextmanager
def full(hurt: HurtMesh) -> Iterator[None]:
    """Not a page is left on the mesh's disk."""
    hurt.resize_disk(to_what_is_used=True)
    try:
        yield
    finally:
        hurt.resize_disk(to_what_is_used=False)


def unfinished(hurt: HurtMesh) -> set[Path]:
    """Files in the blob store that are not whole: obstore writes beside, and renames."""
    return {path for path in hurt.blobs.rglob("*#*") if path.is_file()}


async def test_a_full_disk(hurt: HurtMesh) -> None:
    """H14: writes are refused, reads go on, no half a picture is kept, and all is well as soon as there is room."""
    picture = {"image": ("photo.jpg", (PHOTOS / "panda.webp").read_bytes(), "image/jpeg")}
    async with signed_up(hurt, "ada") as ada:
        job = await ada.finished(await send_job(ada))
        media = job["dex_compatible_url"].removeprefix(hurt.url)
        before = {path for path in hurt.blobs.rglob("*") if path.is_file()}
        async with watching(ada) as watch:
            with full(hurt):
                uploads = [await ask(ada, "/images/convert/", "POST", files=picture) for _ in range(3)]
                writes = [await ask(ada, "/users/me/", "PATCH", json={"bio": "x" * 400}) for _ in range(10)]
                # A process that dies now is started again, although nobody can write down that it was.
                pid = hurt.process("social").pid
                hurt.process("social").kill()
                await until(lambda: all_answer(ada), PATIENCE_SECONDS)
                assert (await hurt.fetched(media)) == 200
            await until(lambda: hurt.is_back("social", pid), PATIENCE_SECONDS)
            await until(lambda: _takes(ada, picture))
        watch.must_be(200)
        assert {each.status for each in uploads} <= set(FULL), uploads
        assert {each.status for each in writes} <= {200, *FULL}, writes
        assert {each.path for each in watch.answers if each.status == 200} == set(READS)
        assert not unfinished(hurt)
        assert before <= {path for path in hurt.blobs.rglob("*") if path.is_file()}
        assert (await ask(ada, "/users/me/", "PATCH", json={"bio": "room again"})).status == 200
    assert not await verified(hurt, patience=60)


async def _takes(player: object, picture: dict[str, object]) -> bool:
    return (await ask(player, "/images/convert/", "POST", files=picture)).status in (200, 201)  # type: ignore[arg-type]
