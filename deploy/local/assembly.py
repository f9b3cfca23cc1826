"""Brings a topology up: servers, then preparations, then all processes; and writes down what runs where."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local.credentials import Credentials
from deploy.local.data_folder import DataFolder, write_private
from deploy.local.environment import Surroundings, without_ours
from deploy.local.failure import StackFailure
from deploy.local.nats import Nats, bus_users
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.processes import CHECKOUT, MARK, Program
from deploy.local.readiness import http_status
from deploy.local.roles import DATABASE, create_schemas
from deploy.local.stuck_bus import StuckBus
from deploy.local.supervisor import Report, Supervisor
from deploy.local.topology import Process, Topology

# The archive goes last: it takes what PostgreSQL writes when it ends.
ARCHIVE, SERVER, SERVICE, EDGE = range(-1, 3)
# Together with the servers' 4 s, everything is down within 15 s.
PATIENCE = {ARCHIVE: 2.0, SERVICE: 6.0, EDGE: 3.0}
READY_WITHIN = 120.0
LOOK_EVERY = 0.05


class Leaving(Exception):
    """The stack is to end while it is still starting."""

    def __str__(self) -> str:
        return "interrupted while starting"


class Assembly:
    """One run of a stack in a locked data folder. `port` is the edge's; `leave` interrupts every wait."""

    def __init__(
        self,
        folder: DataFolder,
        topology: Topology,
        *,
        port: int,
        given: Mapping[str, str],
        careless: bool,
        supervisor: Supervisor,
        report: Report,
        leave: threading.Event,
    ) -> None:
        self._folder, self._topology, self._supervisor = folder, topology, supervisor
        self._given, self._report, self._leave = given, report, leave
        self._credentials = Credentials.kept_in(folder.path, topology.schemas, bus_users())
        postgres_port, nats_port, monitor_port, *others = free_ports(3 + len(topology.processes))
        self._ports = {
            process.name: port if process.edge else other
            for process, other in zip(topology.processes, others, strict=True)
        }
        self._is_untold = False
        self._public_url = f"http://127.0.0.1:{port}"
        environment = without_ours(given) | {MARK: str(folder.path)}
        self._backups = _backup_folder(given, folder, careless=careless)
        self._postgres = Postgres(
            folder.path / "postgres",
            postgres_port,
            self._credentials.admin_password,
            folder.log("postgres"),
            environment,
            careless=careless,
            archives=self._backups is not None,
            extra={"archive_timeout": given["ARCHIVE_TIMEOUT"]} if given.get("ARCHIVE_TIMEOUT") else {},
        )
        self._nats = Nats(
            folder.path / "nats",
            nats_port,
            monitor_port,
            self._credentials.nats_password,
            folder.log("nats"),
            environment,
            {user: self._credentials.bus_passwords[user] for user in bus_users()},
        )
        self._stuck_bus = StuckBus(self._nats, partial(supervisor.restart, "nats"))
        self._admin_url = given.get("ADMIN_DATABASE_URL") or self._postgres.admin_url
        self._nats_url = given.get("NATS_URL") or self._nats.url

    def bring_up(self) -> None:
        """Start everything in order; return when all is ready.

        Raises:
            StackFailure: something does not start. Leaving: it was interrupted. Both leave to the caller what runs.
        """
        self._start_servers()
        databases = create_schemas(self._admin_url, self._credentials.role_passwords) if self._topology.schemas else {}
        self._surroundings = Surroundings(
            given=self._given,
            data_dir=self._folder.path,
            blobs=self._folder.blobs,
            public_url=self._public_url,
            nats_url=self._nats_url,
            addresses=self._addresses(),
            databases=databases,
            credentials=self._credentials,
            nats_urls=None if self._given.get("NATS_URL") else self._nats.urls,
        )
        self._prepare()
        self._start_processes()
        self._start_archive()
        self.describe()

    def look_after(self) -> None:
        """Have what has died or given up started again, and write down the new pids."""
        self._is_untold |= self._supervisor.look_after()
        if "nats" in self._supervisor.children:
            self._stuck_bus.look()
        if self._is_untold:
            # With a full disk it is written as soon as there is room: no reason to end what runs.
            with suppress(OSError):
                self.describe()
                self._is_untold = False

    def _start_servers(self) -> None:
        waiting: dict[str, Callable[[], bool]] = {}
        if not self._given.get("NATS_URL"):
            self._nats.configure()
            self._supervisor.start(self._nats.program())
            waiting["nats"] = self._nats.answers
        if not self._given.get("ADMIN_DATABASE_URL"):
            self._report("postgres", "preparing")
            self._postgres.end_orphan()
            self._postgres.initialize()
            if self._leave.is_set():
                raise Leaving
            self._supervisor.start(self._postgres.program())
            waiting["postgres"] = self._postgres.answers
        self._wait_for(waiting)

    def _prepare(self) -> None:
        def done(program: Program, process: subprocess.Popen[bytes]) -> bool:
            if process.poll():
                raise StackFailure(f"{program.name} has failed:\n{program.last_words()}")
            return process.returncode == 0

        waiting: dict[str, Callable[[], bool]] = {}
        for step in self._topology.preparations:
            command = (step.module, *step.arguments)
            program = self._program(step.name, command, self._surroundings.of_preparation())
            waiting[step.name] = partial(done, program, self._supervisor.launch(program))
        self._wait_for(waiting)

    def _start_processes(self) -> None:
        for process in self._topology.processes:
            port = self._ports[process.name]
            self._supervisor.start(
                self._program(
                    process.name,
                    ("libs.common.run", process.app),
                    self._surroundings.of(process, port),
                    EDGE if process.edge else SERVICE,
                    self._surroundings.signing_key if process.signs_tokens else dict,
                    process.checkout or CHECKOUT,
                )
            )
        self._wait_for({name: partial(_is_ready, port) for name, port in self._ports.items()})

    def _start_archive(self) -> None:
        if self._backups is not None:
            arguments = (str(self._postgres.archive_folder), str(self._backups), self._blob_url)
            command = ("deploy.backup.archiving", *arguments)
            environment = without_ours(self._given) | {MARK: str(self._folder.path)}
            self._supervisor.start(self._program("archive", command, environment, ARCHIVE))

    def _program(
        self,
        name: str,
        module: tuple[str, ...],
        environment: dict[str, str],
        stage: int = SERVICE,
        renewed: Callable[[], Mapping[str, str]] = dict,
        folder: Path = CHECKOUT,
    ) -> Program:
        return Program(
            name=name,
            command=(sys.executable, "-m", *module),
            environment=environment,
            log=self._folder.log(name),
            stage=stage,
            patience=PATIENCE[stage],
            first=stage == EDGE,
            renewed=renewed,
            folder=folder,
        )

    def _wait_for(self, waiting: dict[str, Callable[[], bool]]) -> None:
        """Wait until all of these are true, looking after the processes meanwhile."""
        limit = time.monotonic() + READY_WITHIN
        while waiting:
            if self._leave.wait(LOOK_EVERY):
                raise Leaving
            self._supervisor.look_after()
            if program := self._supervisor.hopeless:
                raise StackFailure(f"{program.name} ends again and again:\n{program.last_words()}")
            if time.monotonic() > limit:
                raise StackFailure(
                    f"Not ready after {READY_WITHIN:.0f} s: {', '.join(waiting)}. See the logs in {self._folder.logs}."
                )
            for name in [name for name, is_true in waiting.items() if is_true()]:
                del waiting[name]
                self._report(name, "ready")

    def _addresses(self) -> dict[str, str]:
        """By variable; processes that share one are instances of the same service."""
        found: dict[str, list[str]] = {}
        for process in self._topology.processes:
            found.setdefault(process.address, []).append(self._url(process))
        return {variable: ",".join(urls) for variable, urls in found.items()}

    @property
    def _blob_url(self) -> str:
        return self._given.get("BLOB_URL") or f"file://{self._folder.blobs}"

    def _url(self, process: Process) -> str:
        return f"http://127.0.0.1:{self._ports[process.name]}"

    def describe(self) -> None:
        """Write `topology.json`: what runs where, with pids and credentials."""
        children = self._supervisor.children
        database = urlsplit(self._admin_url)
        own = {"postgres": self._postgres.port, "nats": self._nats.port}
        ports = {name: port for name, port in own.items() if name in children} | self._ports
        write_private(
            self._folder.topology,
            {
                "url": self._public_url,
                "pid": os.getpid(),
                "guardian_pid": self._supervisor.guardian_pid,
                "processes": {
                    name: {
                        "name": name,
                        "pid": children[name].process.pid,
                        "port": port,
                        "url": None if name in own else f"http://127.0.0.1:{port}",
                        "log": str(children[name].program.log),
                    }
                    for name, port in ports.items()
                },
                "postgres": {
                    "host": database.hostname,
                    "port": database.port or 5432,
                    "database": DATABASE,
                    "user": database.username,
                    "password": database.password,
                    "admin_url": urlunsplit(database._replace(path=f"/{DATABASE}")),
                    "urls": dict(self._surroundings.databases),
                },
                "nats": {
                    "url": self._nats_url,
                    "urls": dict(self._surroundings.nats_urls or {}),
                    "monitor_url": self._nats.monitor_url if "nats" in children else None,
                },
                "blobs": self._blob_url,
                "backups": str(self._backups) if self._backups else None,
            },
        )


def _backup_folder(given: Mapping[str, str], folder: DataFolder, *, careless: bool) -> Path | None:
    """Where backups lie; None where this stack keeps no log for them: another's database, or a test's."""
    if given.get("ADMIN_DATABASE_URL") or (careless and not given.get("BACKUP_DIR")):
        return None
    return Path(given.get("BACKUP_DIR") or folder.path / "backups").resolve()


def _is_ready(port: int) -> bool:
    return http_status(port, "/ready/") == 200
