"""Three NATS servers that keep every event three times, each of which may be killed and halted."""

import os
import signal
import subprocess
import sysconfig
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.local.ports import free_ports
from deploy.local.processes import launched
from tests.faults.small.bus_server import wait_for

STREAM_LEADER = "/jsz?streams=true&consumers=false"


@dataclass
class Member:
    """One server of the three."""

    number: int
    folder: Path
    port: int
    monitor_port: int
    route_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return f"n{self.number}"

    def configure(self, routes: list[int]) -> None:
        self.folder.mkdir(parents=True)
        peers = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
        self.folder.joinpath("nats.conf").write_text(
            f"""
            server_name: {self.name}
            listen: "127.0.0.1:{self.port}"
            http: "127.0.0.1:{self.monitor_port}"
            jetstream {{ store_dir: "{self.folder}", sync_interval: always }}
            cluster {{ name: three, listen: "127.0.0.1:{self.route_port}", routes: [{peers}], no_advertise: true }}
            """
        )

    def start(self) -> None:
        program = Path(sysconfig.get_path("scripts"), "nats-server")
        command = (str(program), "--config", str(self.folder / "nats.conf"))
        with self.folder.joinpath("log").open("ab") as log:
            self.process = subprocess.Popen(
                launched(command, signal.SIGKILL, None), stdout=log, stderr=log, env=dict(os.environ)
            )

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def sees(self, path: str) -> dict[str, object] | None:
        """What it says of itself; None while it says nothing."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.monitor_port}{path}", timeout=1)
        except httpx.HTTPError:
            return None
        found: dict[str, object] = answer.json() if answer.status_code == 200 else {"status": "unavailable"}
        return found


@dataclass
class Cluster:
    """The three; in the place of the small mesh's one server."""

    folder: Path
    members: list[Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        ports = free_ports(9)
        self.members = [
            Member(number, self.folder / f"n{number}", *ports[number * 3 : number * 3 + 3]) for number in range(3)
        ]
        for member in self.members:
            member.configure([other.route_port for other in self.members])

    @property
    def url(self) -> str:
        """All three, as `NATS_URL` names them."""
        return ",".join(f"nats://127.0.0.1:{member.port}" for member in self.members)

    def start(self) -> None:
        for member in self.members:
            member.start()
        wait_for(self.is_well, 30)

    def is_well(self) -> bool:
        """Whether all are there, have what they need, and agree on a leader."""
        return all((member.sees("/healthz") or {}).get("status") == "ok" for member in self.members)

    def leader(self) -> Member | None:
        """Who leads the stream at this moment."""
        for member in self.members:
            found = member.sees(STREAM_LEADER) or {}
            for account in found.get("account_details") or ():  # type: ignore[attr-defined]
                for stream in account.get("stream_detail") or ():
                    if name := (stream.get("cluster") or {}).get("leader"):
                        return next(each for each in self.members if each.name == name)
        return None

    def kill(self) -> None:
        for member in self.members:
            member.kill()
