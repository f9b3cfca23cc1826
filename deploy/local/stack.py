"""The whole mesh on this machine as one object: `make dev`, `make demo` and the tests start and stop this one."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.assembly import LOOK_EVERY, Assembly
from deploy.local.data_folder import DataFolder
from deploy.local.failure import StackFailure
from deploy.local.guardian import Guardian, sweep
from deploy.local.platforms import unsupported
from deploy.local.ports import free_ports, is_free
from deploy.local.supervisor import Report, Supervisor
from deploy.local.topology import MESH, Topology


def say_nothing(name: str, state: str) -> None:
    """A report to nobody."""


class Stack:
    """An embedded stack. Use it as a context, or `start` and `stop` it; once only.

    data_dir     keeps everything; one stack at a time; a later stack goes on with what it finds there
    port         where the gateway listens; 0 for a free port
    topology     what runs; tests may give a small one
    environment  settings of contract K for all processes (by default our own environment); `ADMIN_DATABASE_URL` and
                 `NATS_URL` in it are used instead of servers of our own
    careless     PostgreSQL without fsync; only for tests
    report       is called with a name and its state, from another thread

    The work is done by a thread of its own. So the stack can be used from synchronous code and, by
    `asyncio.to_thread`, from asynchronous code; and its processes have a parent thread that lives as long as they do,
    whoever called `start`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        topology: Topology = MESH,
        environment: Mapping[str, str] | None = None,
        careless: bool = False,
        report: Report = say_nothing,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self._port = port or free_ports(1)[0]
        self._topology = topology
        self._given = dict(os.environ if environment is None else environment)
        self._careless = careless
        self._report = report
        self._thread = threading.Thread(target=self._run, name="stack", daemon=True)
        self._ready, self._leave, self._over = threading.Event(), threading.Event(), threading.Event()
        self._failure: Exception | None = None

    @property
    def url(self) -> str:
        """Where people find the mesh."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def topology_file(self) -> Path:
        """What runs where, with pids and credentials; see `Assembly.describe`."""
        return self.data_dir / "topology.json"

    def description(self) -> dict[str, Any]:
        """What runs where at this moment, from the topology file."""
        found: dict[str, Any] = json.loads(self.topology_file.read_text())
        return found

    def start(self) -> Self:
        """Start everything and return when all of it is ready.

        Raises:
            StackFailure: it cannot run here or now. Nothing is left running.
        """
        if reason := unsupported():
            raise StackFailure(reason)
        self._thread.start()
        try:
            while not (self._ready.wait(LOOK_EVERY) or self._over.is_set()):
                continue
        except BaseException:
            self.stop()
            raise
        if self._failure:
            raise self._failure
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end of the stack, at most so long; True if it has come. Raises what it has ended of, if any."""
        over = self._over.wait(seconds)
        if self._failure:
            raise self._failure
        return over

    def stop(self) -> None:
        """Take everything down in reverse order, within 15 s. The data stays."""
        self._leave.set()
        if self._thread.ident:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            if not is_free(self._port):
                raise StackFailure(f"Port {self._port} is taken; choose another one, such as PORT={self._port + 1}.")
            folder = DataFolder(self.data_dir)
            lock = folder.lock()
            try:
                self._live(folder, lock)
            finally:
                os.close(lock)
        except Exception as failure:  # noqa: BLE001 - `start` and `wait` raise it in the caller's thread
            self._failure = failure
        finally:
            self._over.set()

    def _live(self, folder: DataFolder, lock: int) -> None:
        # What a stack has left behind whose guardian was killed with it.
        sweep(str(folder.path))
        guardian = Guardian(folder.path, held=(lock,), log=folder.log("guardian"))
        supervisor = Supervisor(guardian, folder.note, self._report)
        try:
            assembly = Assembly(
                folder,
                self._topology,
                port=self._port,
                given=self._given,
                careless=self._careless,
                supervisor=supervisor,
                report=self._report,
                leave=self._leave,
            )
            assembly.bring_up()
            folder.note(f"ready at {self.url}")
            self._ready.set()
            while not self._leave.wait(LOOK_EVERY):
                assembly.look_after()
        except Exception as failure:
            folder.note(f"failed: {failure}")
            raise
        finally:
            folder.note("taking everything down")
            guardian.finish()
            supervisor.reap()
            folder.note("everything is down")
