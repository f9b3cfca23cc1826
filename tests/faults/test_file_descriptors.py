"""A service may not open any more files: refusals, and well again when it may (H25)."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.faults.database_stack import HurtMesh
from tests.faults.told import PATIENCE_SECONDS, all_answer, ask, watching
from tests.mesh import signed_up, until

PATH = {"dex": "/dex/entries/my_entries/", "gateway": "/users/me/"}


@contextmanager
def few_files(process: psutil.Process, more: int) -> Iterator[None]:
    """Only so many more than are open now, as by `prlimit --nofile`."""
    soft, hard = process.rlimit(resource.RLIMIT_NOFILE)
    process.rlimit(resource.RLIMIT_NOFILE, (process.num_fds() + more, hard))
    try:
        yield
    finally:
        process.rlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("name", ["dex", "gateway"])
async def test_no_file_is_left(hurt: HurtMesh, name: str) -> None:
    """H25: sixty requests at once at a service that may open three more files; it lives, and so do the others."""
    async with signed_up(hurt, "ada") as ada:
        await until(lambda: all_answer(ada), PATIENCE_SECONDS)
        process = hurt.process(name)
        with few_files(process, 3):
            crowd = await asyncio.gather(*(ask(ada, PATH[name]) for _ in range(60)))
        if name == "dex":
            wrong = [each for each in crowd if each.status not in (200, 502, 504) and not each.is_refusal]
            assert not wrong, wrong[:3]
        assert hurt.process(name).pid == process.pid
        await until(lambda: all_answer(ada), 10)
        async with watching(ada) as watch:
            await asyncio.sleep(0.5)
        watch.must_be(200)
        assert watch.refusals == 0
