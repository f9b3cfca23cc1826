"""A place with a running project that is played: the real compose.yml, and a program on PATH that stands for docker."""

import json
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.rollout.place import HERE, Place
from deploy.rollout.plan import GATEWAYS, OPS, UNITS

OLD, NEW = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
PLAYER = Path(__file__).with_name("docker_of_the_tests.py")


@dataclass
class Stage:
    """What tests set up and look at."""

    place: Place
    folder: Path
    front: "Front"

    def image(self, unit: str, tag: str = NEW, **does: Any) -> None:
        """There is such an image on this host, and what it does."""
        known = self._read("images.json")
        self._write("images.json", {**known, f"biologidex/{unit}:{tag}": does})

    def images(self, tag: str = NEW) -> None:
        for unit in (*UNITS, OPS):
            self.image(unit, tag)

    def metrics(self, dead: int = 0, oldest: float = 0.0) -> None:
        text = f"dead_letters_waiting {float(dead)}\noutbox_oldest_age_seconds {oldest}\n"
        (self.folder / "metrics").write_text(text)

    @property
    def running(self) -> dict[str, str]:
        """The tag of every service that runs."""
        told = self._read("containers.json").values()
        return {each["service"]: each["image"].rpartition(":")[2] for each in told if each["running"]}

    @property
    def gaps(self) -> str:
        return (self.folder / "gaps").read_text()

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def done(self, *words: str) -> list[str]:
        """On what these words were used, in order: the last word of each such call."""
        return [call[-1] for call in self.calls if all(word in call for word in words)]

    def run(self, *services: str, tag: str = OLD) -> None:
        """These are running, found and ready."""
        project = self._read("project.json")
        known = self._read("containers.json")
        for service in services:
            image = f"biologidex/{'gateway' if service in GATEWAYS else service.partition('-')[0]}:{tag}"
            told = {"service": service, "image": image, "status": "running", "running": True}
            known[str(max((int(number) for number in known), default=0) + 1)] = {
                **told,
                "networks": list(project[service].get("networks", [])),
            }
        self._write("containers.json", known)

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def _write(self, name: str, value: object) -> None:
        (self.folder / name).write_text(json.dumps(value))


@contextmanager
def stage(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """All services run as OLD; images of OLD and NEW are on the host."""
    place, programs = Place(folder / "deploy"), folder / "bin"
    for each in (place.folder, programs, place.front_configuration):
        each.mkdir()
    compose = (HERE / "compose.yml").read_text()
    (place.folder / "compose.yml").write_text(compose)
    (place.front_configuration / "nginx.conf").write_text("# the front\n")
    place.settings.write_text(f"# what runs\nTAG={OLD}\n\nPUBLIC_BASE_URL=https://dex.example\n")
    program = programs / "docker"
    program.write_text(f"#!{sys.executable} -IS\n" + PLAYER.read_text().partition("\n")[2])
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    patch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    patch.setenv("STAGE", str(folder))
    for name in ("COMPOSE_PROGRAM", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "BACKUP_DIR"):
        patch.delenv(name, raising=False)
    (folder / "project.json").write_text(json.dumps(yaml.safe_load(compose)["services"]))
    front = Front(place)
    patch.setenv("FRONT_PORT", str(front.port))
    built = Stage(place, folder, front)
    built.images(OLD)
    built.images(NEW)
    built.metrics()
    built.run(*(unit for unit in UNITS if unit != "gateway"), "vision-worker", *GATEWAYS, "front", "backup")
    (folder / "gaps").touch()
    try:
        yield built
    finally:
        front.close()


class Front:
    """Answers as the front would: 503 while the sign is up, or while it is told to."""

    def __init__(self, place: Place) -> None:
        self.broken = False
        self.asked: list[tuple[str, str, int]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = 503 if outer.broken or place.maintenance_flag.exists() else 200
                outer.asked.append((self.path, self.headers["Host"], status))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
