"""A compose project that really runs, from images to healthy, and is gone afterwards.

Works only inside of what `python -m tests.deploy.compose` makes (entering.py). The files are those of deploy/, in a
folder of the project's own, since an operator's `.env` and secrets lie beside them.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.check.tools import CHECKOUT
from deploy.new_secrets import new_secrets, write
from tests.deploy.compose.entering import INSIDE, PROGRAM
from tests.deploy.compose.health_rounds import HealthRounds

DEPLOY = CHECKOUT / "deploy"
FILES = ("compose.yml", ".env.example")
FOLDERS = ("compose", "nginx", "nats", "prometheus", "alertmanager", "grafana")
PROJECT = "biologidex"
URL = "http://127.0.0.1:8080"
LABEL = "com.docker.compose.service"
UP_SECONDS = 600.0
ORDINARY = re.compile(r'^(?!.*"status":5).*"level":"info"|LOG:')
"""A line that tells of no failure."""


@dataclass(frozen=True)
class Project:
    """The project in `folder`, which has the shape of deploy/."""

    folder: Path
    url: str = URL

    def compose(self, *arguments: str, seconds: float = UP_SECONDS) -> str:
        """What compose says."""
        program = shlex.split(os.environ[PROGRAM])
        command = (*program, "-p", PROJECT, "-f", str(self.folder / "compose.yml"), *arguments)
        return _said(command, self.folder, seconds)

    def podman(self, *arguments: str, seconds: float = 120.0) -> str:
        return _said(("podman", *arguments), self.folder, seconds)

    def id(self, service: str) -> str:
        """The container of a service, running or not."""
        (found,) = self.podman("ps", "-aq", "--filter", f"label={LABEL}={service}").split()
        return found

    def inspect(self, *services: str) -> dict[str, dict[str, Any]]:
        """What podman knows of the containers of services, of all without any, by the services' names."""
        ids = [self.id(name) for name in services] or self.podman("ps", "-aq").split()
        found = json.loads(self.podman("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"][LABEL]: each for each in found}

    def health(self) -> dict[str, str]:
        """Of every service that keeps running, in podman's word."""
        return {
            name: each["State"]["Health"]["Status"] or "none"
            for name, each in self.inspect().items()
            if each["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        }

    def run_inside(self, service: str, code: str) -> subprocess.CompletedProcess[str]:
        """Runs some Python in a service's container."""
        command = ("podman", "exec", self.id(service), "python", "-c", code)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def wait_until_healthy(self, *services: str, seconds: float = UP_SECONDS) -> None:
        """Of the services that are named, or all."""
        deadline = time.monotonic() + seconds
        while True:
            health = self.health()
            waited_for = {name: health.get(name, "absent") for name in services} or health
            if waited_for and set(waited_for.values()) == {"healthy"}:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(self.told(waited_for))
            time.sleep(0.5)

    def told(self, health: Mapping[str, str]) -> str:
        """Why it is not well: states, and the last words of those who are ill."""
        lines = [f"{name}: {state}" for name, state in health.items()]
        for name, each in self.inspect().items():
            if health.get(name, "") not in ("", "healthy") or each["State"]["ExitCode"]:
                lines += [f"--- {name} ({each['State']['Status']}, {each['State']['ExitCode']})", self.log(name)]
        return "\n".join(lines)

    def log(self, service: str, lines: int = 20) -> str:
        done = subprocess.run(
            ("podman", "logs", "--tail", str(lines), self.id(service)), capture_output=True, text=True, check=False
        )
        return (done.stdout + done.stderr).strip()

    def complaints(self, lines: int = 200) -> str:
        """What services and front have logged lately that is no ordinary line: everything is gone with the project."""
        told = []
        for name in self.health():
            words = [line[:300] for line in self.log(name, lines).splitlines() if not ORDINARY.search(line)]
            told += [f"--- {name}", *words] if words else []
        return "\n".join(told)

    def processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """Every process in every container, with its service."""
        for name, each in self.inspect().items():
            if pid := each["State"]["Pid"]:
                first = psutil.Process(pid)
                yield from ((name, process) for process in (first, *first.children(recursive=True)))


def is_possible() -> bool:
    return INSIDE in os.environ


@contextmanager
def laid_out(name: str = "project", **settings: str) -> Iterator[Project]:
    """The files, with secrets and a `.env` of their own; nothing runs yet. `settings` go into the `.env`."""
    folder = Path(os.environ[INSIDE]) / name
    folder.mkdir()
    for file in FILES:
        shutil.copy(DEPLOY / file, folder)
    for part in FOLDERS:
        if (DEPLOY / part).exists():
            shutil.copytree(DEPLOY / part, folder / part)
    write(new_secrets(database="postgres:5432", bus="nats:4222"), folder / "secrets")
    (folder / "client").mkdir()
    (folder / "backups").mkdir()
    told = {"PUBLIC_BASE_URL": URL, **settings}
    lines = (folder / ".env.example").read_text().splitlines()
    kept = [line for line in lines if line.partition("=")[0] not in told]
    (folder / ".env").write_text("\n".join([*kept, *(f"{key}={value}" for key, value in told.items()), ""]))
    try:
        yield Project(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(name: str = "project", **settings: str) -> Iterator[tuple[Project, float]]:
    """A project that is up and healthy, and how many seconds that took from its images."""
    with laid_out(name, **settings) as project, HealthRounds():
        began = time.monotonic()
        try:
            project.compose("up", "-d", "--no-build")
            project.wait_until_healthy()
            yield project, time.monotonic() - began
        finally:
            take_down(project)


def take_down(project: Project) -> None:
    """As an operator does; what is then still there is removed by force."""
    try:
        project.compose("down", "--volumes")
    finally:
        subprocess.run(("podman", "rm", "-af", "-t", "1"), capture_output=True, check=False)
        subprocess.run(("podman", "volume", "rm", "-af"), capture_output=True, check=False)
        subprocess.run(("podman", "network", "prune", "-f"), capture_output=True, check=False)


def _said(command: Sequence[str], folder: Path, seconds: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=seconds)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}")
    return done.stdout
