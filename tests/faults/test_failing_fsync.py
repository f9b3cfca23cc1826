"""PostgreSQL's disk fails to sync, or takes half a second for it: nothing acknowledged is lost (H15; needs `strace`).

What the test cannot do is make the kernel drop the pages that it failed to write, as a broken disk would: the call is
answered with an error in its place.
"""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deploy.local.player import Player
from deploy.local.stack import Stack
from tests.conftest import AS_STARTED, SETTINGS
from tests.faults.newcomers import Newcomers, superuser
from tests.faults.recovery import verified
from tests.faults.told import PATIENCE_SECONDS, READS, Told, all_answer, ask, ask_all, watching
from tests.mesh import Mesh, signed_up, until, wait_for_taxonomy

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("strace") is None, reason="system calls can only be made to fail with strace"),
]
FAILS_ONCE = "error=EIO:when=1"
"""The first such call of each process that is looked at; who is started after a panic is not looked at."""
INJECTED = "EIO (Input/output error) (INJECTED)"
SLOW_SECONDS = 0.5
SLOWEST_SECONDS = 3.0
"""The sync that is under way, the own one, and what a busy machine adds; a commit has 2.5 s (libs/common/db.py)."""
WRITERS, ROUNDS = 6, 5
CHECKPOINTER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"


@dataclass(frozen=True)
class Synced(Mesh):
    """A mesh whose PostgreSQL syncs as in production; the other meshes of the tests leave that out."""

    @property
    def server(self) -> psutil.Process:
        return self.process("postgres")

    @property
    def panics(self) -> list[str]:
        return [line for line in self.log("postgres").splitlines() if "PANIC:" in line]

    @property
    def recoveries(self) -> int:
        """How often the server has read its log anew."""
        return self.log("postgres").count("automatic recovery in progress")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    with Stack(tmp_path_factory.mktemp("synced"), environment=AS_STARTED | SETTINGS, careless=False) as stack:
        wait_for_taxonomy(stack.url)
        yield Synced(stack.data_dir)


@contextmanager
def harmed(
    processes: Sequence[psutil.Process], calls: str, harm: str, folder: Path, file: Path | None = None
) -> Iterator[Path]:
    """System calls of these processes, and of those that they start meanwhile, fail or wait; gives the list of them.

    `file`: only calls that concern this one.
    """
    output = folder / "calls"
    targets = [word for each in processes for word in ("-p", str(each.pid))] + (["-P", str(file)] if file else [])
    how = ("-f", "-qq", "-e", f"trace={calls}", "-e", f"inject={calls}:{harm}", "-o", str(output), *targets)
    strace = subprocess.Popen(["strace", *how], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while not all(_is_traced(each) for each in processes):
            assert strace.poll() is None, f"strace may not look at processes of ours here: {strace.communicate()[1]}"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield output
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate()


def _is_traced(process: psutil.Process) -> bool:
    try:
        return "TracerPid:\t0\n" not in Path(f"/proc/{process.pid}/status").read_text()
    except FileNotFoundError:
        return True  # A backend whose session has just ended.


async def _survives(synced: Synced, break_it: Callable[[int], Awaitable[None]], complaint: str) -> None:
    """The server panics while players write and read, and comes back by itself: 503, and every promise kept."""
    server, panics, recoveries = synced.server, len(synced.panics), synced.recoveries

    async def has_recovered() -> bool:
        return synced.recoveries > recoveries

    async with signed_up(synced, "ada") as ada, Player(synced.url, "nobody") as nobody:
        await asyncio.gather(*(ask_all(ada) for _ in range(4)))
        newcomers = Newcomers(nobody, WRITERS)
        async with watching(ada) as watch, newcomers.at_the_door():
            await until(lambda: newcomers.are(10))
            await break_it(panics)
            began = time.monotonic()
            await until(has_recovered)
            await until(lambda: all_answer(ada), PATIENCE_SECONDS)
            more = len(newcomers.acknowledged) + 10
            await until(lambda: newcomers.are(more))
            print(f"served again {time.monotonic() - began:.1f} s after the failure")
        watch.must_be(200)
        assert watch.refusals > 0
        assert {each.path for each in watch.answers if each.status == 200} == set(READS)
        assert not newcomers.not_as_promised()
        print(f"{len(newcomers.acknowledged)} acknowledged of {len(newcomers.answers)}, {watch.refusals} reads refused")
        assert await newcomers.unknown() == []
    assert any(complaint in line for line in synced.panics[panics:])
    assert synced.server == server, "it was started again by the stack, and not by itself"
    assert not await verified(synced)


async def test_a_failing_sync_of_the_log(synced: Synced, tmp_path: Path) -> None:
    """H15: a commit whose sync fails is never acknowledged."""

    async def break_it(before: int) -> None:
        async def panicked() -> bool:
            return len(synced.panics) > before

        with harmed(synced.server.children(), "fdatasync", FAILS_ONCE, tmp_path) as calls:
            await until(panicked)
        assert INJECTED in calls.read_text()

    await _survives(synced, break_it, "could not fdatasync file")


async def test_a_failing_sync_of_a_table(synced: Synced, tmp_path: Path) -> None:
    """H15: a checkpoint that fails is not tried again, as if the pages were still there: the log is read anew."""

    async def break_it(before: int) -> None:
        async with superuser(synced) as database:
            checkpointer = psutil.Process(await database.fetchval(CHECKPOINTER))
            table = synced.data_dir / "postgres" / await database.fetchval("SELECT pg_relation_filepath('users.users')")
            with harmed([checkpointer], "fsync", FAILS_ONCE, tmp_path, table) as calls:
                await asyncio.gather(database.execute("CHECKPOINT"), return_exceptions=True)
            assert INJECTED in calls.read_text()
            assert len(synced.panics) > before, "it was content with a checkpoint that was not synced"

    await _survives(synced, break_it, 'could not fsync file "base/')


async def test_a_slow_sync(synced: Synced, tmp_path: Path) -> None:
    """H15: half a second for each sync is waited for; a write takes one or two of them, and none is refused."""
    async with AsyncExitStack() as stack:
        players = [await stack.enter_async_context(signed_up(synced, f"p{number}")) for number in range(WRITERS)]
        await asyncio.gather(*(ask_all(player) for player in players))
        server, panics = synced.server, len(synced.panics)
        usual = [answer for player in players for answer in await _tell(player, 1)]
        delay = f"delay_enter={round(SLOW_SECONDS * 1e6)}"
        async with watching(players[0]) as watch:
            with harmed([server, *server.children()], "fsync,fdatasync", delay, tmp_path) as calls:
                told = await asyncio.gather(*(_tell(player, ROUNDS) for player in players))
                assert [(await player.get("/users/me/"))["bio"] for player in players] == [f"{ROUNDS}."] * WRITERS
        answers = [answer for each in told for answer in each]
        seconds = sorted(answer.seconds for answer in answers)
        print(f"usually {max(each.seconds for each in usual):.2f} s; slow: {seconds[0]:.2f} … {seconds[-1]:.2f} s")
        print(f"{calls.read_text().count('(DELAYED)')} syncs delayed")
        assert [answer.status for answer in answers] == [200] * WRITERS * ROUNDS
        assert seconds[0] >= SLOW_SECONDS
        assert seconds[-1] < SLOWEST_SECONDS
        watch.must_be(200)
        assert watch.refusals == 0
        assert len(synced.panics) == panics
    assert not await verified(synced)


async def _tell(player: Player, rounds: int) -> list[Told]:
    """A player changes the profile again and again."""
    return [await ask(player, "/users/me/", "PATCH", json={"bio": f"{number}."}) for number in range(1, rounds + 1)]
