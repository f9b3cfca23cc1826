"""The primary is lost and its standby promoted: writes are back in seconds, nothing acknowledged is lost (H12)."""

import asyncio
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local.guardian import Guardian
from deploy.local.player import Player
from deploy.local.ports import free_ports
from deploy.local.postgres import ADMIN, CLOSED_FOLDER, Postgres, binaries, unprivileged_user
from deploy.local.processes import MARK, launched
from deploy.local.readiness import wait_until
from deploy.local.stack import Stack
from tests.conftest import AS_STARTED, SETTINGS
from tests.faults.newcomers import Newcomers, superuser
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.faults.told import LONGEST_SECONDS, READS, all_answer, ask_all, watching
from tests.mesh import Mesh, signed_up, until, wait_for_taxonomy

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
WRITERS = 4
NAMES = ("primary", "standby")
BACK_WITHIN = 10.0
"""Seconds from the loss to the first write; the promotion itself is at once here, where an operator has to notice."""
WITHOUT_STANDBY_SECONDS = 4.0
"""Longer than a commit is waited for (libs/common/db.py)."""
REPLICATING = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
IN_STEP = "SELECT sync_state = 'sync' FROM pg_stat_replication"
SENDER = "SELECT pid FROM pg_stat_replication"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@dataclass
class Pair:
    """Two PostgreSQL servers of which the second follows the first; a commit waits until the second has it too."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.primary, self.standby = (self._server(name, port) for name, port in zip(NAMES, free_ports(2), strict=True))
        self._guardian = Guardian(self.folder)

    @property
    def admin_url(self) -> str:
        """Both hosts in the one form that SQLAlchemy and asyncpg alike understand; whoever takes writes is meant."""
        hosts = ",".join(("127.0.0.1",) * 2)
        query = f"host={hosts}&port={self.primary.port},{self.standby.port}&target_session_attrs=read-write"
        return f"postgresql://{ADMIN}:{self.password}@/postgres?{query}"

    def start(self) -> None:
        self.primary.initialize()
        self._run(self.primary)
        self.standby.folder.mkdir(mode=0o700)
        if user := unprivileged_user():
            os.chown(self.standby.folder, user.uid, user.gid)
        # Writes down where the primary is, and that it is to be followed.
        where = ("--host=127.0.0.1", f"--port={self.primary.port}", f"--username={ADMIN}", "--checkpoint=fast")
        self._tool("pg_basebackup", "--write-recovery-conf", *where)
        self._run(self.standby)

    def promote(self) -> None:
        self._tool("pg_ctl", "promote")

    def lose_primary(self) -> None:
        """`kill -9` of all its processes, as by a host that is gone."""
        family = self.family(self.primary)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, 10)

    def family(self, server: Postgres) -> list[psutil.Process]:
        process = psutil.Process(self.started[(self.primary, self.standby).index(server)].pid)
        return [process, *process.children()]

    def end(self) -> None:
        self._guardian.finish()
        for process in self.started:
            process.wait()

    def _server(self, name: str, port: int) -> Postgres:
        log, environment = self.folder / f"{name}.log", AS_STARTED | {MARK: str(self.folder)}
        return Postgres(self.folder / name, port, self.password, log, environment, careless=True, extra=REPLICATING)

    def _run(self, server: Postgres) -> None:
        program = server.program()
        self.started.append(program.start())
        self._guardian.watch(program, self.started[-1].pid)
        wait_until(server.answers, program, self.started[-1])

    def _tool(self, name: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, on the standby's folder, as the user of the servers."""
        user = unprivileged_user()
        folder = CLOSED_FOLDER if user else str(self.standby.folder)
        command = launched((f"{binaries(user)}/{name}", *arguments, f"--pgdata={folder}"), signal.SIGTERM, user)
        environment = AS_STARTED | {"PGPASSWORD": self.password}
        subprocess.run(command, cwd=self.standby.folder, env=environment, check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True)
class PairedMesh(Mesh):
    pair: Pair

    async def lose_primary_amid_commits(self) -> float:
        """Some are on the primary's disk and not yet on the standby's: nobody may have been told. Says when it was."""
        async with superuser(self) as database:
            psutil.Process(await database.fetchval(SENDER)).suspend()

            async def waits() -> bool:
                return bool(await database.fetchval(WAITING) > 1)

            await until(waits)
            moment = time.monotonic()
            self.pair.lose_primary()
            return moment

    async def in_step(self) -> bool:
        async with superuser(self) as database:
            return await database.fetchval(IN_STEP) is True


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairedMesh]:
    pair = Pair(tmp_path_factory.mktemp("pair"))
    try:
        pair.start()
        environment = AS_STARTED | SETTINGS | {"ADMIN_DATABASE_URL": pair.admin_url}
        with Stack(tmp_path_factory.mktemp("paired"), environment=environment) as stack:
            wait_for_taxonomy(stack.url)
            yield PairedMesh(stack.data_dir, pair)
    finally:
        pair.end()


@pytest.fixture
async def synchronous(paired: PairedMesh) -> PairedMesh:
    """From here on a commit waits for the standby. The standby itself knows nothing of this when it is promoted."""
    async with superuser(paired) as database:
        await database.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await database.execute("SELECT pg_reload_conf()")
    await until(paired.in_step)
    return paired


async def test_nothing_is_acknowledged_that_the_standby_has_not(synchronous: PairedMesh) -> None:
    """A standby that is halted: writes are refused in time, reads go on, and all is well as soon as it goes on."""
    async with signed_up(synchronous, "ada") as ada, Player(synchronous.url, "nobody") as nobody:
        await ask_all(ada)
        newcomers = Newcomers(nobody, WRITERS)
        with paused(*synchronous.pair.family(synchronous.pair.standby)):
            async with watching(ada) as watch, newcomers.at_the_door():
                await asyncio.sleep(WITHOUT_STANDBY_SECONDS)
        watch.must_be(200)
        assert watch.refusals == 0
        assert newcomers.answers
        assert all(each.is_refusal and each.seconds < LONGEST_SECONDS for each in newcomers.answers), newcomers.answers[
            :5
        ]
        await until(synchronous.in_step)
        await ada.ask("PATCH", "/users/me/", json={"bio": "back in step"})
    assert not await verified(synchronous)


async def test_failover(synchronous: PairedMesh) -> None:
    """H12: `kill -9` of the primary under load, the standby promoted: refusals for a moment, every promise kept."""
    pair = synchronous.pair
    async with signed_up(synchronous, "ada") as ada, Player(synchronous.url, "nobody") as nobody:
        await asyncio.gather(*(ask_all(ada) for _ in range(4)))
        newcomers = Newcomers(nobody, WRITERS)
        async with watching(ada) as watch, newcomers.at_the_door():
            await until(lambda: newcomers.are(20))
            lost = await synchronous.lose_primary_amid_commits()
            before = len(newcomers.acknowledged)
            await asyncio.to_thread(pair.promote)
            await until(lambda: newcomers.are(before + 20))
            await until(lambda: all_answer(ada))
            back = time.monotonic() - lost
        first = min(over for began, over in newcomers.acknowledged.values() if began > lost) - lost
        print(f"first write {first:.1f} s after the loss, everything after {back:.1f} s; {before} acknowledged before")
        assert first < BACK_WITHIN
        watch.must_be(200)
        assert watch.refusals > 0
        assert {each.path for each in watch.answers if each.status == 200} == set(READS)
        assert not newcomers.not_as_promised()
        assert await newcomers.unknown() == []
        async with superuser(synchronous) as database:
            assert await database.fetchval("SELECT inet_server_port()") == pair.standby.port
    assert not await verified(synchronous)
