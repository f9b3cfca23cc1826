"""Only the two servers, PostgreSQL and NATS, for the tests of services."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.guardian import Guardian
from deploy.local.nats import Nats
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.processes import MARK, Program
from deploy.local.readiness import wait_until


@dataclass(frozen=True)
class Servers:
    """Where the two servers are.

    admin_url  PostgreSQL's superuser, form `postgresql://user:password@host:port/db`
    nats_url   the administrator of the bus
    nats_urls  service → its own user of the bus
    """

    admin_url: str
    nats_url: str
    nats_monitor_url: str
    nats_urls: Mapping[str, str]


@contextmanager
def servers(*, careless: bool = True) -> Iterator[Servers]:
    """Start a fresh PostgreSQL and a fresh NATS in a temporary folder; both are gone afterwards, also after a kill -9.

    `careless` lets PostgreSQL run without fsync. The thread that enters must live on until the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="biologidex-")).resolve()
    guardian = Guardian(folder, temporary=True)
    environment = dict(os.environ) | {MARK: str(folder)}
    postgres_port, nats_port, monitor_port = free_ports(3)
    password = secrets.token_urlsafe(24)
    nats = Nats(folder / "nats", nats_port, monitor_port, password, folder / "nats.log", environment)
    postgres = Postgres(
        folder / "postgres", postgres_port, password, folder / "postgres.log", environment, careless=careless
    )
    started: list[subprocess.Popen[bytes]] = []

    def start(program: Program) -> subprocess.Popen[bytes]:
        started.append(program.start())
        guardian.watch(program, started[-1].pid)
        return started[-1]

    try:
        nats.configure()
        nats_process = start(nats.program())
        postgres.initialize()
        postgres_process = start(postgres.program())
        wait_until(postgres.answers, postgres.program(), postgres_process)
        wait_until(nats.answers, nats.program(), nats_process)
        yield Servers(postgres.admin_url, nats.url, nats.monitor_url, nats.urls)
    finally:
        guardian.finish()
        for process in started:
            process.wait()
