"""The two servers of a restored data folder, alone: the database reads its log up to the moment, nobody else writes."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from deploy.backup.unpacking import LOG_FOLDER, RESTORE_COMMAND
from deploy.local.credentials import Credentials
from deploy.local.data_folder import DataFolder
from deploy.local.guardian import Guardian
from deploy.local.nats import Nats
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.processes import MARK, Program
from deploy.local.readiness import wait_until

REPLAY_SECONDS: Final = 4 * 3600.0
"""As long as a restore may take at all."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Their addresses with the administrators' credentials; `nats_url` is empty where the log is elsewhere."""

    admin_url: str
    nats_url: str


def recovery_to(moment: float | None) -> dict[str, str]:
    """The server's settings for a restore up to a moment, or to the end of the log."""
    # Nobody is let in before the end, so that whoever gets an answer knows that it is over.
    settings = {"restore_command": RESTORE_COMMAND, "hot_standby": "off", "recovery_target_timeline": "latest"}
    if moment is not None:
        settings["recovery_target_time"] = datetime.fromtimestamp(moment, UTC).isoformat(" ")
        settings["recovery_target_action"] = "promote"
    return settings


@contextmanager
def recovered(
    folder: DataFolder, credentials: Credentials, settings: Mapping[str, str], *, with_bus: bool, careless: bool
) -> Iterator[Servers]:
    """Starts them, waits for the end of the replay, and has them ended in good order.

    Raises:
        StackFailure: the database cannot be brought to that moment; with its last words.
    """
    guardian = Guardian(folder.path, log=folder.log("guardian"))
    environment = dict(os.environ) | {MARK: str(folder.path)}
    postgres_port, nats_port, monitor_port = free_ports(3)
    postgres = Postgres(
        folder.path / "postgres",
        postgres_port,
        credentials.admin_password,
        folder.log("postgres"),
        environment,
        careless=careless,
        archives=True,
        extra=settings,
    )
    nats = Nats(
        folder.path / "nats",
        nats_port,
        monitor_port,
        credentials.nats_password,
        folder.log("nats"),
        environment,
        credentials.bus_passwords,
    )
    started: list[subprocess.Popen[bytes]] = []

    def start(program: Program) -> subprocess.Popen[bytes]:
        started.append(program.start())
        guardian.watch(program, started[-1].pid)
        return started[-1]

    try:
        postgres.make_archive_folder()
        process = start(postgres.program())
        if with_bus:
            nats.configure()
            wait_until(nats.answers, nats.program(), start(nats.program()))
        wait_until(postgres.answers, postgres.program(), process, REPLAY_SECONDS)
        yield Servers(postgres.admin_url, nats.url if with_bus else "")
    finally:
        guardian.finish()
        for each in started:
            each.wait()
        shutil.rmtree(folder.path / LOG_FOLDER, ignore_errors=True)
